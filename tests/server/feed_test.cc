#include "server/feed.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/refusal.h"
#include "sync/limits.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;
using tests::StatusIs;

v1::Cursor CursorOf(const std::string& unit, const std::string& epoch, uint64_t position) {
  v1::Cursor cursor;
  cursor.set_unit_id(unit);
  cursor.set_epoch(epoch);
  cursor.set_position(position);
  return cursor;
}

const std::string kEpoch(16, 'e');

absl::StatusOr<FeedPage> Read(ServerRoom* room, const FeedPlan& plan, size_t bytes_max) {
  DossierRecords records(room->store.get());
  return ReadFeed({room->directory.get(), room->store.get(), &records},
                  *room->directory->FindPerson("nguyet"), plan, bytes_max);
}

TEST(Feed, GivesEachRecordOnceAtItsLatestPlace) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("n").Says("một")});
  nguyet.Write("k", {Note("m").Says("hai")});
  nguyet.Write("k", {Note("n").Says("ba")});
  room.Exchange(&nguyet);
  FeedPlan plan;
  plan.cursors.push_back(CursorOf("kv1", kEpoch, 0));
  SOTAY_ASSERT_OK_AND_ASSIGN(const FeedPage page, Read(&room, plan, 1 << 20));
  v1::RecordBatch batch;
  ASSERT_TRUE(batch.ParseFromString(page.batch));
  std::vector<uint64_t> positions;
  for (const v1::FeedRecord& record : batch.records()) positions.push_back(record.position());
  EXPECT_THAT(positions, ElementsAre(1, 2, 3));  // the case, m, n
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.cursors[0].position(), 3u);
}

TEST(Feed, ASmallAnswerStillMovesOnAndKeepsAChangeTogether) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k"), Note("a").Says("một"), Note("b").Says("hai")});
  for (int i = 0; i < 5; ++i) nguyet.Write("k", {Note("n" + std::to_string(i)).Says("ba")});
  room.Exchange(&nguyet);
  FeedPlan plan;
  plan.cursors.push_back(CursorOf("kv1", kEpoch, 0));
  std::vector<size_t> sizes;
  for (bool more = true; more;) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const FeedPage page, Read(&room, plan, 1));
    sizes.push_back(page.records);
    plan.cursors = page.cursors;
    more = page.more;
  }
  EXPECT_THAT(sizes, ElementsAre(3, 1, 1, 1, 1, 1));
}

TEST(Feed, RefusesCursorsThatAreNotOfThisStore) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room.Exchange(&nguyet);
  const auto check = [&](const v1::Cursor& cursor) { return CheckCursor(*room.directory, cursor); };
  EXPECT_THAT(check(CursorOf("kv1", kEpoch, 1)), IsOk());
  EXPECT_THAT(check(CursorOf("kv1", "", 0)), IsOk());
  for (const v1::Cursor& cursor :
       {CursorOf("kv1", kEpoch, 2), CursorOf("kv1", std::string(16, 'x'), 0),
        CursorOf("kv1", "", 1), CursorOf("kv1", kEpoch, ~0ull)}) {
    const absl::Status refused = check(cursor);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_EQ(DetailOf(refused).reason(), v1::REASON_CURSOR_INVALID);
    EXPECT_EQ(DetailOf(refused).epoch(), kEpoch);
    EXPECT_EQ(DetailOf(refused).unit_id(), "kv1");
  }
  EXPECT_THAT(check(CursorOf("kv1", "short", 0)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(check(CursorOf("../kv1", kEpoch, 0)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Feed, RemovesUnitsTheUserLostAndBeginsThoseTheyGained) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.Write("k", {NewCase("k")});
  room.Exchange(&nguyet);
  SealedPhone other("dam", "kv2");
  room.Enrol(&other, "kv2");
  other.Write("l", {NewCase("l")});
  room.Exchange(&other);

  room.AddUser("nguyet", {{"kv2", options::v1::ROLE_PROSECUTOR}});
  room.Exchange(&nguyet);
  EXPECT_THAT(nguyet.removed_units, ElementsAre("kv1"));
  ASSERT_EQ(nguyet.cursors.size(), 1u);
  EXPECT_EQ(nguyet.cursors[0].unit_id(), "kv2");
  EXPECT_NE(nguyet.Shown("l"), nullptr);
  // A unit that never was is answered like one that is not theirs.
  nguyet.cursors.push_back(CursorOf("never", kEpoch, 3));
  room.Exchange(&nguyet);
  EXPECT_THAT(nguyet.removed_units, ElementsAre("never"));
}

TEST(Feed, TwoCursorsOfOneUnitAreMalformed) {
  ServerRoom room;
  SealedPhone nguyet("nguyet");
  room.Enrol(&nguyet);
  nguyet.cursors = {CursorOf("kv1", kEpoch, 0), CursorOf("kv1", kEpoch, 0)};
  EXPECT_THAT(room.Sync(nguyet, nguyet.Pull()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// Two units, a writer in each, a reader of both with tiny answers in between: in the end the
// reader has every record as it stands, and never more than what changed was sent.
TEST(Feed, AReaderInSmallStepsEndsWithEverythingWhateverIsWrittenMeanwhile) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 chance(seed);
    ServerRoom room;
    SealedPhone one("one");
    SealedPhone two("two", "kv2");
    room.Enrol(&one);
    room.Enrol(&two, "kv2");
    room.AddUser("reader",
                 {{"kv1", options::v1::ROLE_PROSECUTOR}, {"kv2", options::v1::ROLE_SUPERVISOR}});
    SealedPhone reader("reader");
    room.Enrol(&reader);
    one.Write("k1", {NewCase("k1")});
    two.Write("k2", {NewCase("k2")});
    std::set<std::string> names[2];
    uint64_t delivered = 0;
    const auto step = [&](size_t bytes_max) {
      v1::SyncRequest request = reader.Pull();
      request.set_records_bytes_max(static_cast<uint32_t>(bytes_max));
      const auto response = room.Sync(reader, request);
      ASSERT_THAT(response.status(), IsOk());
      std::map<std::string, uint64_t> last;
      const v1::RecordBatch batch = tests::RecordsOf(*response);
      for (const v1::FeedRecord& fed : batch.records()) {
        const auto record = sync::MergedRecord::Parse(*tests::CaseworkSchema(), fed.record());
        ASSERT_TRUE(record.ok());
        ASSERT_GE(fed.position(), last[record->unit_id()]) << "order within a unit";
        last[record->unit_id()] = fed.position();
        ++delivered;
      }
      reader.Take(*response);
    };
    for (int i = 0; i < 40; ++i) {
      const size_t which = chance() % 2;
      SealedPhone& writer = which == 0 ? one : two;
      const std::string dossier = which == 0 ? "k1" : "k2";
      const std::string name = dossier + "/" + std::to_string(chance() % 8);
      names[which].insert(name);
      writer.Write(dossier, {Note(name).Says("lần " + std::to_string(i))});
      room.Exchange(&writer);
      if (chance() % 2 == 0) step(1 + chance() % 3000);
    }
    for (int i = 0; i < 200; ++i) step(1);
    for (size_t which : {0, 1}) {
      const SealedPhone& writer = which == 0 ? one : two;
      for (const std::string& name : names[which]) {
        ASSERT_NE(reader.Shown(name), nullptr) << name << " seed " << seed;
        EXPECT_EQ(reader.Shown(name)->Serialize(), writer.Shown(name)->Serialize());
      }
    }
    EXPECT_LE(delivered, 42u) << "each change is sent at most once";
  }
}

}  // namespace
}  // namespace sotay::server
