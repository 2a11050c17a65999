// Rows of the log and of the feed that stand for several things: what a commit writes of them, and
// that whoever reads the feed is told what a row for each would have told.
#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/birth_run.h"
#include "sync/merged_record.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using tests::IsOk;
using tests::NewCase;
using tests::Note;
using tests::RecordNamed;
using tests::SealedPhone;
using tests::ServerRoom;

constexpr uint64_t kEnd = std::numeric_limits<uint64_t>::max();

using Said = std::vector<std::pair<FeedPlace, std::string>>;  // with rows, serialised

class RunsTest : public ::testing::Test {
 protected:
  RunsTest() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&dam_);
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&dam_);
  }

  void Notes(int count) {
    for (int i = 0; i < count; ++i) nguyet_.Write("k", {Note(NoteAt(++notes_)).Says("x")});
  }
  static std::string NoteAt(int number) { return "n" + std::to_string(number); }

  // Positions in the keys of a table of the unit.
  std::vector<uint64_t> KeysOf(Table table) {
    std::vector<uint64_t> positions;
    EXPECT_THAT(room_.store->VisitAll([&](absl::string_view key, absl::string_view) {
      const auto parts = ParseKey(key);
      if (parts->table == table && parts->name == "kv1") positions.push_back(parts->number);
      return true;
    }),
                IsOk());
    return positions;
  }
  std::string Row(const std::string& key) { return room_.store->Get(key)->value_or("(none)"); }

  Said Forwards(uint64_t after = 0, uint64_t up_to = kEnd, size_t most = kEnd) {
    Said said;
    EXPECT_THAT(room_.store->VisitFeed("kv1", after, up_to,
                                       [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                                         said.emplace_back(place, row.SerializeAsString());
                                         return said.size() < most;
                                       }),
                IsOk());
    return said;
  }
  Said Backwards(const FeedPlace& before, size_t most = kEnd) {
    Said said;
    EXPECT_THAT(room_.store->VisitFeedBackwards(
                    "kv1", before,
                    [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                      said.emplace_back(place, row.SerializeAsString());
                      return said.size() < most;
                    }),
                IsOk());
    return said;
  }
  static std::vector<uint64_t> Positions(const Said& said) {
    std::vector<uint64_t> positions;
    for (const auto& [place, row] : said) positions.push_back(place.position);
    return positions;
  }

  // A row for each record, out of the records themselves.
  Said Naive() {
    Said said;
    std::vector<sync::RecordId> ids;
    EXPECT_THAT(room_.store->VisitRecords("",
                                          [&](const RecordPlace& place) {
                                            if (place.unit == "kv1") ids.push_back(place.record);
                                            return true;
                                          }),
                IsOk());
    for (const sync::RecordId& id : ids) {
      const StoredRecord stored = *room_.store->LoadRecord(id).value();
      const auto record = sync::MergedRecord::Parse(room_.store->schema(), stored.bytes).value();
      stored::v1::FeedRow row;
      FillFeedRow(sync::WrittenRecord(&record, stored.position), &row);
      row.set_newborn(stored.newborn);
      said.emplace_back(FeedPlace{stored.position, id}, row.SerializeAsString());
    }
    std::sort(said.begin(), said.end());
    return said;
  }

  // From every place, either way, and as pages that begin and end anywhere.
  void ExpectAsNaive() {
    const Said all = Naive();
    ASSERT_EQ(Forwards(), all);
    const Said backwards(all.rbegin(), all.rend());
    ASSERT_EQ(Backwards({kEnd, sync::RecordId()}), backwards);
    const uint64_t head = room_.directory->Head("kv1")->position();
    for (uint64_t after = 0; after <= head; ++after) {
      for (const uint64_t up_to : {after + 1, after + 7, head, kEnd}) {
        Said wanted;
        std::copy_if(all.begin(), all.end(), std::back_inserter(wanted), [&](const auto& one) {
          return one.first.position > after && one.first.position <= up_to;
        });
        ASSERT_EQ(Forwards(after, up_to), wanted) << "after " << after << " up to " << up_to;
        wanted.resize(std::min<size_t>(wanted.size(), 2));
        ASSERT_EQ(Forwards(after, up_to, 2), wanted) << "after " << after << " up to " << up_to;
      }
    }
    for (size_t i = 0; i < backwards.size(); ++i) {
      const FeedPlace& place = backwards[i].first;
      ASSERT_EQ(Backwards(place), Said(backwards.begin() + i + 1, backwards.end()));
      const auto row = room_.store->LoadFeedRow("kv1", place);
      ASSERT_TRUE(row.ok() && row->has_value()) << place.position;
      ASSERT_EQ((*row)->SerializeAsString(), backwards[i].second) << place.position;
    }
  }

  // What a check says after the row was made so; it is put back.
  std::vector<std::string> FaultsWith(const std::string& key,
                                      const absl::optional<std::string>& value) {
    const auto before = room_.store->Get(key).value();
    room_.Tamper(key, value);
    EXPECT_THAT(room_.Open(), IsOk());
    std::vector<std::string> faults = room_.Faults();
    room_.Tamper(key, before);
    EXPECT_THAT(room_.Open(), IsOk());
    EXPECT_THAT(room_.Faults(), IsEmpty());
    return faults;
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone dam_{"dam"};
  int notes_ = 0;
};

TEST_F(RunsTest, ALongPushIsARowForEvery64) {
  Notes(130);
  room_.Exchange(&nguyet_);
  EXPECT_THAT(KeysOf(Table::kLog), ElementsAre(1, 65, 129, 131));
  EXPECT_THAT(KeysOf(Table::kBirths), ElementsAre(1, 65, 129, 131));
  EXPECT_THAT(KeysOf(Table::kFeed), IsEmpty());
  for (uint64_t position = 1; position <= 131; ++position) {
    EXPECT_EQ(room_.store->LoadAdmission("kv1", position)->position(), position);
    EXPECT_EQ(room_.store->LoadStoredEntry("kv1", position)->change_id, nguyet_.id(position).str());
  }
  EXPECT_THAT(room_.store->LoadAdmission("kv1", 132).status().message(),
              HasSubstr("log kv1 position 132 is missing"));
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RunsTest, ARefusedChangeInTheMiddleMakesTwo) {
  Notes(2);
  nguyet_.ForgeBytes("\xff not a change");
  Notes(2);
  room_.Exchange(&nguyet_);
  EXPECT_THAT(KeysOf(Table::kLog), ElementsAre(1, 3, 5));
  EXPECT_THAT(KeysOf(Table::kBirths), ElementsAre(1, 5));
  EXPECT_EQ(room_.store->LoadStoredEntry("kv1", 4)->sequence, 5u);
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RunsTest, TwoPushesInOneCommitShareTheirBirths) {
  Notes(2);
  dam_.Write("k", {Note("d1").Says("một")});
  dam_.Write("k", {Note("d2").Says("hai")});
  size_t told = 0;
  for (SealedPhone* phone : {&nguyet_, &dam_}) {
    auto call = room_.exchange->Prepare(room_.CallerOf(*phone), phone->Request(), room_.now_ms);
    ASSERT_THAT(call, IsOk());
    room_.hub->Submit(*std::move(call->push), [&](absl::StatusOr<PushAnswer> answer) {
      EXPECT_THAT(answer, IsOk());
      ++told;
    });
  }
  while (room_.hub->RunOnce()) {
  }
  ASSERT_EQ(told, 2u);
  EXPECT_THAT(KeysOf(Table::kLog), ElementsAre(1, 3, 5));
  EXPECT_THAT(KeysOf(Table::kBirths), ElementsAre(1, 5));
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// However many: a change is in the feed whole, and a row of it has one key.
TEST_F(RunsTest, WhatOneChangeBearsStandsInOneRow) {
  Notes(60);
  std::vector<sync::RecordWish> wishes;
  for (int i = 0; i < 10; ++i) wishes.push_back(Note("w" + std::to_string(i)).Says("x"));
  nguyet_.Write("k", wishes);
  Notes(1);
  room_.Exchange(&nguyet_);
  EXPECT_THAT(KeysOf(Table::kLog), ElementsAre(1, 63));
  EXPECT_THAT(KeysOf(Table::kBirths), ElementsAre(1, 62, 63));
  EXPECT_EQ(Forwards(61, 62).size(), 10u);
  // An old one among new ones.
  nguyet_.Write("k", {Note("w3").Says("y"), Note("v").Says("x")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(Positions(Forwards(61)), ElementsAre(62, 62, 62, 62, 62, 62, 62, 62, 62, 63, 64, 64));
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RunsTest, ARecordGoesOnFromTheMiddleOfItsRun) {
  Notes(5);
  room_.Exchange(&nguyet_);
  const std::string run = Row(BirthsKey("kv1", 6));
  const sync::RecordId record = RecordNamed("n3");
  nguyet_.Write("k", {Note("n3").Says("y")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(Row(BirthsKey("kv1", 6)), run);
  EXPECT_EQ(Row(FeedKey("kv1", 4, record)), "");
  EXPECT_THAT(Positions(Forwards()), ElementsAre(1, 2, 3, 5, 6, 7));
  EXPECT_FALSE(room_.store->LoadFeedRow("kv1", {4, record})->has_value());
  EXPECT_TRUE(room_.store->LoadBirth("kv1", {4, record})->has_value());
  EXPECT_TRUE(room_.store->LoadFeedRow("kv1", {7, record})->has_value());
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
  // And on: its own row goes, that it was born there stays.
  nguyet_.Write("k", {Note(NoteAt(3)).Says("z")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(Row(FeedKey("kv1", 4, record)), "");
  EXPECT_EQ(Row(FeedKey("kv1", 7, record)), "(none)");
  EXPECT_THAT(Positions(Forwards()), ElementsAre(1, 2, 3, 5, 6, 8));
  ExpectAsNaive();
  ASSERT_THAT(room_.Open(), IsOk());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// One that was born and changed in one push never stood among births.
TEST_F(RunsTest, WhatIsChangedAtOnceIsNoNewborn) {
  Notes(2);
  nguyet_.Write("k", {Note(NoteAt(1)).Says("y")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(Row(FeedKey("kv1", 2, RecordNamed(NoteAt(1)))), "(none)");
  nguyet_.Write("k", {Note(NoteAt(1)).Says("z")});
  room_.Exchange(&nguyet_);
  EXPECT_EQ(Row(FeedKey("kv1", 4, RecordNamed(NoteAt(1)))), "(none)");
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

// Held ones are released one by one, each with its bytes.
TEST_F(RunsTest, AReleasedChangeIsARunOfOne) {
  for (const char* note : {"h1", "h2"}) {
    v1::Change change;
    change.set_dossier_id(RecordNamed("late").str());
    change.add_edits()->set_record_id(RecordNamed(note).str());
    change.mutable_edits(0)->set_type("casework.v1.Note");
    dam_.Forge(change);
  }
  room_.Exchange(&dam_);
  nguyet_.Write("late", {NewCase("late")});
  room_.Exchange(&nguyet_);
  EXPECT_THAT(KeysOf(Table::kLog), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(KeysOf(Table::kBirths), ElementsAre(1, 2, 4));
  EXPECT_EQ(room_.store->LoadStoredEntry("kv1", 4)->change, dam_.change(2));
  dam_.accepted_through = 2;
  room_.Exchange(&dam_);
  dam_.Write("late", {Note("h2").Says("y")});
  room_.Exchange(&dam_);
  EXPECT_EQ(Row(FeedKey("kv1", 4, RecordNamed("h2"))), "");
  ExpectAsNaive();
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(RunsTest, ACheckFindsARunThatOverlapsOrLeavesAGap) {
  Notes(5);
  room_.Exchange(&nguyet_);
  const std::string key = LogKey("kv1", 6);
  stored::v1::LogRunRow row;
  ASSERT_TRUE(row.ParseFromString(Row(key)));
  ASSERT_EQ(row.admissions_size(), 5);
  EXPECT_THAT(FaultsWith(LogKey("kv1", 4), Row(LogKey("kv1", 1))), Not(IsEmpty()));
  const auto parts_of = [&](int from, int count) {
    stored::v1::LogRunRow part = row;
    part.set_first_sequence(row.first_sequence() + static_cast<uint64_t>(from));
    part.set_change_ids(
        row.change_ids().substr(static_cast<size_t>(from) * 32, static_cast<size_t>(count) * 32));
    part.clear_admissions();
    for (int i = from; i < from + count; ++i) part.add_admissions(row.admissions(i));
    return part.SerializeAsString();
  };
  EXPECT_THAT(FaultsWith(LogKey("kv1", 4), parts_of(0, 3)),
              Contains(HasSubstr("begins at position 2, expected 5")));
  EXPECT_THAT(FaultsWith(key, parts_of(1, 4)),
              Contains(HasSubstr("begins at position 3, expected 2")));
  EXPECT_THAT(FaultsWith(key, parts_of(0, 4)), Not(IsEmpty()));
}

TEST_F(RunsTest, ACheckFindsABirthThatIsNotAsItSays) {
  Notes(5);
  room_.Exchange(&nguyet_);
  nguyet_.Write("k", {Note(NoteAt(3)).Says("y")});
  room_.Exchange(&nguyet_);
  const auto place = [](int note) {
    return FeedKey("kv1", static_cast<uint64_t>(note) + 1, RecordNamed(NoteAt(note)));
  };
  // It went on, and no row says so.
  EXPECT_THAT(FaultsWith(place(3), absl::nullopt),
              Contains(HasSubstr("no row says that it is gone")));
  // A row says so of one that stands there.
  EXPECT_THAT(FaultsWith(place(2), ""),
              Contains(HasSubstr("says that a record is gone which is not")));
  // Of one that was never born there.
  EXPECT_THAT(FaultsWith(FeedKey("kv1", 5, RecordNamed(NoteAt(3))), ""),
              ElementsAre(HasSubstr("was not born there")));
  // It stands in both.
  stored::v1::FeedRow row = **room_.store->LoadFeedRow("kv1", {3, RecordNamed(NoteAt(2))});
  row.clear_newborn();
  EXPECT_THAT(FaultsWith(place(2), row.SerializeAsString()),
              Contains(HasSubstr("belongs among births")));
  // A run lacks one, says another state, or stands in two rows.
  const std::string key = BirthsKey("kv1", 6);
  const auto run = BirthRun::Read(6, Row(key));
  ASSERT_TRUE(run.has_value());
  const auto made = [&](const std::function<bool(size_t, stored::v1::FeedRow*)>& each) {
    BirthRun other;
    for (size_t i = 0; i < run->places().size(); ++i) {
      run->FillRow(i, &row);
      if (each(i, &row)) other.Add(run->places()[i], row);
    }
    std::string bytes;
    other.AppendTo(6, &bytes);
    return bytes;
  };
  EXPECT_THAT(FaultsWith(key, made([](size_t i, auto*) { return i != 1; })),
              Contains(HasSubstr("the feed lacks it")));
  EXPECT_THAT(FaultsWith(key, made([](size_t i, auto*) { return i != 2; })),
              ElementsAre(HasSubstr("was not born there")));
  // One of those that stand there, one of the record that went on.
  for (const size_t which : {size_t{0}, size_t{2}}) {
    EXPECT_THAT(FaultsWith(key, made([which](size_t i, auto* of) {
                             if (i == which) of->set_state(7);
                             return true;
                           })),
                ElementsAre(HasSubstr("says something else of its records")));
  }
  EXPECT_THAT(FaultsWith(BirthsKey("kv1", 7), made([](size_t, auto*) { return true; })),
              Not(IsEmpty()));
}

// Whatever is pushed, in whatever company: the feed is what the records say.
TEST_F(RunsTest, TheFeedIsAsItWouldBeWithARowForEach) {
  for (const unsigned seed : {1u, 2u, 3u, 4u}) {
    std::mt19937 chance(seed);
    const auto pick = [&chance](int below) { return static_cast<int>(chance() % below); };
    for (int round = 0; round < 6; ++round) {
      for (SealedPhone* phone : {&nguyet_, &dam_}) {
        for (int changes = pick(6); changes > 0; --changes) {
          std::map<std::string, sync::RecordWish> wishes;
          for (int edits = 1 + pick(3); edits > 0; --edits) {
            const int of = notes_ > 0 && pick(3) == 0 ? 1 + pick(notes_) : ++notes_;
            // Only what the phone has, or makes.
            if (of != notes_ && phone->Shown(NoteAt(of)) == nullptr) continue;
            wishes.emplace(NoteAt(of), Note(NoteAt(of)).Says("v" + std::to_string(pick(1000))));
          }
          std::vector<sync::RecordWish> some;
          for (auto& [name, wish] : wishes) some.push_back(std::move(wish));
          if (!some.empty()) phone->Write("k", some);
          if (pick(8) == 0) phone->ForgeBytes("\xff not a change");
        }
        room_.Exchange(phone);
      }
      room_.Exchange(&nguyet_);
    }
    ExpectAsNaive();
    ASSERT_THAT(room_.Faults(), IsEmpty()) << "seed " << seed;
  }
  ASSERT_THAT(room_.Open(), IsOk());
  ExpectAsNaive();
}

}  // namespace
}  // namespace sotay::server
