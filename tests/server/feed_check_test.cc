// Rows of the feed under keys that are not theirs, each by itself what it should be.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/birth_run.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

class FeedCheckTest : public ::testing::Test {
 protected:
  FeedCheckTest() {
    room_.Enrol(&nguyet_);
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
  }

  // Three notes that are pushed together.
  void Push() {
    for (int i = 0; i < 3; ++i) {
      nguyet_.Write("k", {Note("n" + std::to_string(++notes_)).Says("x")});
    }
    room_.Exchange(&nguyet_);
  }

  // What a check says when the run that ends at `from` has another key, and the same places.
  std::vector<std::string> FaultsWithRunMoved(uint64_t from, uint64_t to) {
    const std::string value = room_.store->Get(BirthsKey("kv1", from)).value().value();
    const auto run = BirthRun::Read(from, value);
    BirthRun moved;
    stored::v1::FeedRow row;
    for (size_t i = 0; i < run->places().size(); ++i) {
      run->FillRow(i, &row);
      moved.Add(run->places()[i], row);
    }
    std::string bytes;
    moved.AppendTo(to, &bytes);
    room_.Tamper(BirthsKey("kv1", from), absl::nullopt);
    room_.Tamper(BirthsKey("kv1", to), bytes);
    EXPECT_THAT(room_.Open(), IsOk());
    std::vector<std::string> faults = room_.Faults();
    room_.Tamper(BirthsKey("kv1", to), absl::nullopt);
    room_.Tamper(BirthsKey("kv1", from), value);
    EXPECT_THAT(room_.Open(), IsOk());
    EXPECT_THAT(room_.Faults(), IsEmpty());
    return faults;
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  int notes_ = 0;
};

TEST_F(FeedCheckTest, ARunIsUnderThePlaceWhereItEnds) {
  Push();  // 2 to 4
  Push();  // 5 to 7
  // Read backwards from 6, nothing would stand between.
  EXPECT_THAT(FaultsWithRunMoved(4, 6), Contains(HasSubstr("behind a later one")));
  // What comes next would stand before it.
  EXPECT_THAT(FaultsWithRunMoved(7, 1'000), Contains(HasSubstr("ends where no change is")));
}

TEST_F(FeedCheckTest, ARowIsOfTheUnitOfItsRecord) {
  Push();
  nguyet_.Write("k", {Note("n1").Says("y")});
  room_.Exchange(&nguyet_);
  const auto row = room_.store->Get(FeedKey("kv1", 5, RecordNamed("n1"))).value();
  ASSERT_TRUE(row.has_value());
  room_.Tamper(FeedKey("kv2", 5, RecordNamed("n1")), *row);
  EXPECT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), Contains(HasSubstr("of another unit")));
}

}  // namespace
}  // namespace sotay::server
