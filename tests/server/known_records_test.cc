// What is told of records from memory: a new one is not looked for, and one that is there is never
// taken for new.
#include "server/known_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/keys.h"
#include "tests/server/sealed_phone.h"
#include "tests/server/server_room.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

// A phone that makes a note another one has made, as none of ours would.
v1::Reason MakesItAgain(ServerRoom* room, SealedPhone* phone) {
  v1::Change change;
  change.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* const edit = change.add_edits();
  edit->set_record_id(RecordNamed("n").str());
  edit->set_type("casework.v1.Note");
  phone->Forge(change);
  const auto response = room->Push(phone);
  EXPECT_THAT(response, IsOk());
  return response.ok() ? response->outcomes(0).reason() : v1::REASON_UNSPECIFIED;
}

struct Office {
  Office() : author("nguyet"), other("dam") {
    room.Enrol(&author);
    room.Enrol(&other);
    author.Write("k", {NewCase("k"), Note("n").Says("một")});
    EXPECT_THAT(room.Push(&author), IsOk());
  }
  ServerRoom room;
  SealedPhone author;
  SealedPhone other;
};

TEST(KnownRecords, AreThoseThatCameAndThoseThatWereThere) {
  Office office;
  EXPECT_EQ(MakesItAgain(&office.room, &office.other), v1::REASON_TYPE_MISMATCH);
  ASSERT_THAT(office.room.Open(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const KnownRecords known,
                             KnownRecords::Of(office.room.store.get(), *office.room.directory));
  EXPECT_TRUE(known.MayHave(RecordNamed("k")));
  EXPECT_TRUE(known.MayHave(RecordNamed("n")));
  EXPECT_FALSE(known.MayHave(RecordNamed("m")));
  EXPECT_EQ(MakesItAgain(&office.room, &office.other), v1::REASON_TYPE_MISMATCH);
  EXPECT_THAT(office.room.Faults(), IsEmpty());
}

TEST(KnownRecords, AFeedThatLacksOneIsNotBelieved) {
  Office office;
  ASSERT_THAT(office.room.store->FileAll(), IsOk());
  office.room.Tamper(BirthsKey("kv1", 1), absl::nullopt);
  ASSERT_THAT(office.room.Open(), IsOk());
  EXPECT_THAT(KnownRecords::Of(office.room.store.get(), *office.room.directory),
              tests::StatusIs(absl::StatusCode::kDataLoss, ::testing::_));
  // So every record is looked for.
  EXPECT_EQ(MakesItAgain(&office.room, &office.other), v1::REASON_TYPE_MISMATCH);
}

}  // namespace
}  // namespace sotay::server
