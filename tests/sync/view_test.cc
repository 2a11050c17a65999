#include "sync/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "casework/v1/inspection.pb.h"
#include "sync/fragment.h"
#include "sync/history.h"
#include "sync/text_written.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using tests::CaseworkSchema;
using tests::ChangeNamed;
using tests::DeviceNamed;
using tests::Note;
using tests::RecordNamed;
using tests::Wish;
using N = casework::v1::Note;
using I = casework::v1::Inspection;

// A record to which devices "a", "b" … write, each having seen nothing of the others.
class ViewTest : public ::testing::Test {
 protected:
  static MergedRecord Empty(const char* type) {
    const RecordType* found = CaseworkSchema()->Find(type);
    return MergedRecord(found, RecordNamed("n"), found != nullptr ? found->name : type, "vkskv1",
                        RecordNamed("k"));
  }
  static void Write(MergedRecord* record, const std::string& device, const Wish& wish,
                    uint32_t authority = 10, bool has_seen_all = false) {
    v1::RecordEdit edit;
    std::vector<std::string> texts;
    for (const FieldEdit& field : wish.wish().fields) {
      *edit.add_ops() = field.op;
      if (!field.whole_text.has_value()) continue;
      edit.mutable_ops()->rbegin()->mutable_text();
      texts.push_back(*field.whole_text);
    }
    Author author;
    author.change = ChangeNamed(device + std::to_string(record->newest_stamp()));
    author.device = DeviceNamed(device);
    author.sequence = record->newest_stamp() + 1;
    author.stamp = record->newest_stamp() + 1;
    author.user_id = device;
    author.authority = authority;
    record->Apply(edit, author, has_seen_all ? record->seen() : VersionVector(), texts);
  }
  static casework::v1::Note ContentOf(const MergedRecord& record) {
    casework::v1::Note note;
    EXPECT_TRUE(note.ParseFromString(ContentBytes(record)));
    return note;
  }
};

// --- content --------------------------------------------------------------------------------

TEST_F(ViewTest, ShowsEachFieldByItsRule) {
  MergedRecord record = Empty("inspection");
  Write(&record, "a",
        Wish("n", "casework.v1.Inspection")
            .SetNumber(I::kKindFieldNumber, casework::v1::INSPECTION_KIND_COURT_SESSION)
            .Set(I::kPlaceFieldNumber, "Tân Mây")
            .Add(I::kTeamFieldNumber, "que")
            .Add(I::kTeamFieldNumber, "dam")
            .Count(I::kTalliesFieldNumber, 14, "người")
            .Text(I::kConclusionFieldNumber, "Dự thảo"));
  Write(&record, "b",
        Wish("n", "casework.v1.Inspection")
            .Add(I::kTeamFieldNumber, "que")
            .Count(I::kTalliesFieldNumber, 9, "người")
            .Count(I::kTalliesFieldNumber, 2, "hồ sơ")
            .SetNumber(I::kStateFieldNumber, casework::v1::INSPECTION_STATE_IN_PROGRESS));
  I shown;
  ASSERT_TRUE(shown.ParseFromString(ContentBytes(record)));
  EXPECT_EQ(shown.kind(), casework::v1::INSPECTION_KIND_COURT_SESSION);
  EXPECT_EQ(shown.place(), "Tân Mây");
  EXPECT_THAT(shown.team(), UnorderedElementsAre("que", "dam")) << "an element once";
  EXPECT_EQ(shown.tallies().at("người"), 23) << "not 14, not 9";
  EXPECT_EQ(shown.tallies().at("hồ sơ"), 2);
  EXPECT_EQ(shown.conclusion(), "Dự thảo");
  EXPECT_EQ(shown.state(), casework::v1::INSPECTION_STATE_IN_PROGRESS);
}

TEST_F(ViewTest, ShowsEntriesOfALogInOrderOfStamp) {
  MergedRecord record = Empty("inspection");
  for (const char* points : {"8,5", "7", "9"}) {
    casework::v1::SessionScore score;
    score.set_points(points);
    Write(&record, "a",
          Wish("n", "casework.v1.Inspection")
              .Append(I::kScoresFieldNumber, score.SerializeAsString()));
  }
  I shown;
  ASSERT_TRUE(shown.ParseFromString(ContentBytes(record)));
  ASSERT_EQ(shown.scores_size(), 3);
  EXPECT_EQ(shown.scores(0).points(), "8,5");
  EXPECT_EQ(shown.scores(2).points(), "9");
}

TEST_F(ViewTest, ShowsTheNewestOfConcurrentReadings) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 1));
  Write(&record, "b", Note("n").SetNumber(3, 2));
  EXPECT_EQ(ContentOf(record).kind(), 2);
}

// What a history says of a text on which a and b disagree.
WrittenText Disputed(const MergedRecord& record) {
  WrittenText text;
  text.text = "dài \uFFFC m. Mưa nhẹ.";
  text.newest = record.author(1);
  text.spans = {{{"4,5", record.author(0)}, {"4,7", record.author(1)}}};
  text.again = {{9, 8, {record.author(0), record.author(1)}}};
  return text;
}

TEST_F(ViewTest, WritesOutWhatPeopleDisagreeOnInAText) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 1));
  Write(&record, "b", Note("n").SetNumber(3, 1));
  record.SetText({4, ""}, Disputed(record));
  const FieldSlot* slot = record.Slot(4);
  EXPECT_EQ(WrittenOut(slot), "dài ⟦4,5 | 4,7⟧ m. Mưa nhẹ.");
  const std::vector<ReadAgain> again = SentencesAgain(slot);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].text, "Mưa nhẹ.");
  EXPECT_EQ(TakenBack("rộng ⟦4,5 | 4,7⟧ m.", slot), "rộng \uFFFC m.");
  EXPECT_EQ(TakenBack("dài 4,5 m.", slot), "dài 4,5 m.") << "who writes it anew settles it";
  EXPECT_EQ(TakenBack("dài ⟦4,5⟧ m.", slot), "dài ⟦4,5⟧ m.");
  SOTAY_ASSERT_OK_AND_ASSIGN(const MergedRecord back,
                             MergedRecord::Parse(*CaseworkSchema(), record.Serialize()));
  EXPECT_EQ(back.Serialize(), record.Serialize());
  EXPECT_EQ(WrittenOut(back.Slot(4)), WrittenOut(slot));
}

// Somebody who has seen everything types into the sentence to be read again, and in the same edit
// may take it away.
MergedRecord TypedInto(MergedRecord record, bool taken_away) {
  v1::RecordEdit edit;
  const auto splice = [&](uint32_t length, uint32_t deleted, const std::string& inserted) {
    v1::FieldOp* op = edit.add_ops();
    op->set_field(4);
    op->mutable_text()->set_length_before(length);
    v1::TextSplice* one = op->mutable_text()->add_splices();
    one->set_position(12);
    one->set_deleted(deleted);
    one->set_inserted(inserted);
  };
  splice(17, 0, "x");
  if (taken_away) splice(18, 1, "");
  Author author = record.author(1);
  author.change = ChangeNamed("c");
  author.device = DeviceNamed("c");
  author.sequence = 1;
  ++author.stamp;
  record.Apply(edit, author, record.seen(), TextsAfter(edit, record).value());
  return record;
}

TEST_F(ViewTest, TakesASentenceAsReadWhereAnEditTouchedItAndNotWhereNothingIsLeftOfIt) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 1));
  Write(&record, "b", Note("n").SetNumber(3, 1));
  record.SetText({4, ""}, Disputed(record));
  EXPECT_THAT(SentencesAgain(TypedInto(record, false).Slot(4)), IsEmpty());
  EXPECT_EQ(SentencesAgain(TypedInto(record, true).Slot(4)).size(), 1u);
}

TEST_F(ViewTest, NamesASpanByWhoReadsWhat) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 1));
  Write(&record, "b", Note("n").SetNumber(3, 1));
  WrittenText text = Disputed(record);
  record.SetText({4, ""}, text);
  const std::vector<Conflict> conflicts = Conflicts(record);
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].span, 0u);
  EXPECT_EQ(conflicts[0].id.substr(0, 14), absl::StrCat(RecordNamed("n").Short(), ".body#"));
  EXPECT_EQ(ConflictCount(record), 1u);
  text.spans[0][1].text = "4,8";
  record.SetText({4, ""}, text);
  EXPECT_NE(Conflicts(record)[0].id, conflicts[0].id) << "nobody picks in what has changed";
}

TEST_F(ViewTest, ShowsNothingOfWhatWasCleared) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 2).Measured("vết phanh", "4,2", "m").Says("x"));
  Write(&record, "a", Note("n").Clear(3).Clear(5, "vết phanh").Says(""), 10, true);
  EXPECT_EQ(ContentBytes(record), "");
}

TEST_F(ViewTest, CarriesAFieldItDoesNotKnow) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").Says("x").Set(900, "y"));
  EXPECT_EQ(ContentOf(record).GetReflection()->GetUnknownFields(ContentOf(record)).field_count(),
            1);
}

TEST_F(ViewTest, ReadsContentByReflection) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").Says("Có mặt tại Km 12+300."));
  const auto content = Content(*CaseworkSchema(), record);
  ASSERT_NE(content, nullptr);
  const auto* field = content->GetDescriptor()->FindFieldByName("body");
  EXPECT_EQ(content->GetReflection()->GetString(*content, field), "Có mặt tại Km 12+300.");
}

TEST_F(ViewTest, HasNoContentOfATypeNobodyKnows) {
  MergedRecord record = Empty("casework.v9.Dream");
  Write(&record, "a", Note("n").Set(1, "x"));
  EXPECT_EQ(Content(*CaseworkSchema(), record), nullptr);
  EXPECT_EQ(ContentBytes(record), StringFragment(1, "x")) << "its bytes are carried all the same";
}

// --- conflicts ------------------------------------------------------------------------------

TEST_F(ViewTest, ListsWhatPeopleDisagreeOn) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(2, 1).Measured("vết phanh", "4,2", "m").SetNumber(3, 1));
  Write(&record, "b", Note("n").SetNumber(2, 2).Measured("vết phanh", "4,3", "m").SetNumber(3, 1));
  const std::vector<Conflict> conflicts = Conflicts(record);
  ASSERT_EQ(conflicts.size(), 2u) << "of one value written twice nobody need choose";
  EXPECT_EQ(ConflictCount(record), 2u);
  EXPECT_EQ(conflicts[0].id, absl::StrCat(RecordNamed("n").Short(), ".", conflicts[0].type->name));
  ASSERT_EQ(conflicts[0].readings.size(), 2u);
  EXPECT_FALSE(conflicts[0].span.has_value());
  EXPECT_EQ(record.author(conflicts[1].readings[0].author).user_id, "b") << "the newest first";
  EXPECT_EQ(conflicts[1].id, absl::StrCat(RecordNamed("n").Short(), ".measurements.vết phanh"));
  EXPECT_EQ(conflicts[1].key, "vết phanh");
}

TEST_F(ViewTest, SeesAConflictBetweenAValueAndItsClearing) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").SetNumber(3, 1));
  Write(&record, "b", Note("n").Clear(3));
  EXPECT_EQ(ConflictCount(record), 1u);
}

TEST_F(ViewTest, SeesNoneInSetsLogsCountersAndCosmetics) {
  MergedRecord record = Empty("inspection");
  for (const char* device : {"a", "b"}) {
    Write(&record, device,
          Wish("n", "casework.v1.Inspection")
              .Add(I::kTeamFieldNumber, device)
              .Append(I::kScoresFieldNumber, "")
              .Count(I::kTalliesFieldNumber, 1, "người"));
  }
  EXPECT_THAT(Conflicts(record), IsEmpty());
}

TEST_F(ViewTest, SeesAConflictOfStatesOnlyBetweenEquals) {
  MergedRecord equal = Empty("note");
  Write(&equal, "a", Note("n").Moves(casework::v1::NOTE_STATE_SIGNED), 40);
  Write(&equal, "b", Note("n").Moves(casework::v1::NOTE_STATE_RETURNED), 40);
  EXPECT_EQ(ConflictCount(equal), 1u);
  EXPECT_EQ(ContentOf(equal).state(), casework::v1::NOTE_STATE_RETURNED) << "the more cautious";

  MergedRecord unequal = Empty("note");
  Write(&unequal, "a", Note("n").Moves(casework::v1::NOTE_STATE_SIGNED), 40);
  Write(&unequal, "b", Note("n").Moves(casework::v1::NOTE_STATE_WITHDRAWN), 10);
  EXPECT_EQ(ConflictCount(unequal), 0u) << "the higher authority simply holds";
  EXPECT_EQ(ContentOf(unequal).state(), casework::v1::NOTE_STATE_SIGNED);
}

TEST_F(ViewTest, SeesAConflictOfTwoFirstWritings) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").Set(1, "k"));
  Write(&record, "b", Note("n").Set(1, "l"));
  EXPECT_EQ(ConflictCount(record), 1u);
  EXPECT_EQ(ContentOf(record).case_id(), "k") << "the oldest holds";
}

// --- fingerprints ---------------------------------------------------------------------------

TEST_F(ViewTest, GivesTheSameBytesForTheSameSight) {
  MergedRecord record = Empty("note");
  Write(&record, "a", Note("n").Says("một"));
  Write(&record, "b", Note("n").Says("hai"));
  const auto again = MergedRecord::Parse(*CaseworkSchema(), record.Serialize());
  EXPECT_EQ(VisibleBytes(*again), VisibleBytes(record));
}

TEST_F(ViewTest, TellsEverySightApart) {
  std::vector<MergedRecord> records;
  const Wish wishes[] = {
      Note("n"),
      Note("n").Says("a"),
      Note("n").Says("a|1"),
      Note("n").Set(900, "a"),
      Note("n").Clear(900),
      Note("n").Count(901, 1),
      Note("n").Count(901, -1),
      // Values and keys that look like the separators.
      Note("n").Clear(5, "1:").Clear(5, "="),
      Note("n").Clear(5, "1:=").Clear(5, "x"),
      Note("n").Clear(5, "\n5/1:x=0"),
      Note("n").Add(6, "a").Add(6, "b"),
      Note("n").Add(6, "a|b"),
  };
  std::set<std::string> sights;
  for (const Wish& wish : wishes) {
    for (const char* device : {"a", "b"}) {
      MergedRecord record = Empty("note");
      Write(&record, device, wish);
      sights.insert(VisibleBytes(record));
    }
  }
  // Who wrote nothing to a field cannot be told by what is seen.
  EXPECT_EQ(sights.size(), 2 * std::size(wishes) - 3);
}

}  // namespace
}  // namespace sotay::sync
