// What two colleagues see of each other's work once their phones have exchanged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/store.h"
#include "sync/view.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::kOffice;
using tests::NoteIn;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;
using tests::TwoPhones;

TEST_F(TwoPhones, SeeWhatTheOtherWrote) {
  const RecordId note = Note(nguyet_, "Vết phanh dài 4,2 m.");
  EXPECT_EQ(State(nguyet_, note), SyncState::kWaiting);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(State(nguyet_, note), SyncState::kSynced);
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_EQ(Body(binh_, note), "Vết phanh dài 4,2 m.");
  EXPECT_EQ(State(binh_, note), SyncState::kSynced);
  ExpectAllAgree();
  EXPECT_EQ(binh_->directory().units(0).name(), "Viện KSND khu vực 1");
}

TEST_F(TwoPhones, KeepBothReadingsUntilSomebodyPicks) {
  const RecordId note = Note(nguyet_, "Vết phanh dài 4,2 m.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Vết phanh dài 4,5 m.")}), IsOk());
  ASSERT_THAT(binh_->Change(note, {Text("body", "Vết phanh dài 4,8 m.")}), IsOk());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ExpectAllAgree();
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, nguyet_->Read(note));
  ASSERT_THAT(view.conflicts, SizeIs(1));
  ASSERT_THAT(view.conflicts[0].readings, SizeIs(2));
  ListFilter conflicts;
  conflicts.conflicts_only = true;
  EXPECT_THAT(nguyet_->List(conflicts).value(), SizeIs(1));
  EXPECT_EQ(nguyet_->GetStatus().value().conflicts, 1u);

  EXPECT_THAT(nguyet_->Resolve(note, "no.such", 0, ""), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(nguyet_->Resolve(note, view.conflicts[0].id, 2, ""),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(nguyet_->Resolve(note, view.conflicts[0].id, 1, "", "đo lại"), IsOk());
  EXPECT_THAT(nguyet_->Read(note).value().conflicts, IsEmpty());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
  EXPECT_EQ(Body(binh_, note), Body(nguyet_, note));
  EXPECT_THAT(binh_->List(conflicts).value(), IsEmpty());
}

TEST_F(TwoPhones, AConflictMayBeSettledWithWordsOfOnesOwn) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  for (Phone* phone : {&nguyet_, &binh_}) {
    ASSERT_THAT((*phone)->Change(note, {Set("kind", phone == &nguyet_ ? "scene" : "file"),
                                        Text("body", phone == &nguyet_ ? "Hai." : "Ba.")}),
                IsOk());
    ASSERT_THAT((*phone)->Sync(), IsOk());
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, binh_->Read(note));
  ASSERT_THAT(view.conflicts, SizeIs(2));
  ASSERT_THAT(binh_->Resolve(note, view.conflicts[0].id, absl::nullopt, "other"), IsOk());
  ASSERT_THAT(binh_->Resolve(note, view.conflicts[1].id, absl::nullopt, "Hai, ba"), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView settled, binh_->Read(note));
  EXPECT_THAT(settled.conflicts, IsEmpty());
  EXPECT_EQ(NoteIn(settled).body(), "Hai, ba.");
  EXPECT_EQ(NoteIn(settled).kind(), casework::v1::NOTE_KIND_OTHER);
}

TEST_F(TwoPhones, ARefusedChangeIsShownWithItsReason) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  // Moved to another desk meanwhile, which the phone does not know yet.
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
  office_.hub.SetRoles("nguyet", kOffice, tests::kSupervisor);
  std::vector<Event> events;
  const auto end = nguyet_->Listen([&](const Event& event) { events.push_back(event); });
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto refused, nguyet_->Refused());
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].sequence, 3u);
  EXPECT_EQ(refused[0].outcome.reason(), v1::REASON_WRITER_MAY_NOT);
  EXPECT_EQ(refused[0].change.edits(0).record_id(), note.view());
  EXPECT_EQ(State(nguyet_, note), SyncState::kRefused);
  // What is shown is what the server has; the words themselves are in the refused change.
  EXPECT_EQ(Body(nguyet_, note), "Một.");
  EXPECT_EQ(nguyet_->GetStatus().value().refused, 1u);
  bool told = false;
  for (const Event& event : events) {
    told = told || (event.kind == Event::Kind::kChangeRefused && event.sequence == 3);
  }
  EXPECT_TRUE(told);
  // Later changes of other records go on.
  office_.hub.SetRoles("nguyet", kOffice, tests::kProsecutor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  const RecordId other = Note(nguyet_, "Hai.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(State(nguyet_, other), SyncState::kSynced);
}

TEST_F(TwoPhones, LosingAUnitSendsWhatIsUnsentAndForgetsTheRest) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->History(note, /*fetch=*/true), IsOk());
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Viết trước khi chuyển.")}), IsOk());
  office_.hub.SetRoles("nguyet", kOffice, {});
  std::set<RecordId> removed;
  const auto end = nguyet_->Listen([&](const Event& event) {
    if (event.kind == Event::Kind::kRecordRemoved) removed.insert(event.record);
  });
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(removed, (std::set<RecordId>{root_, note}));
  EXPECT_THAT(nguyet_->List().value(), IsEmpty());
  EXPECT_THAT(nguyet_->Read(note), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(nguyet_->GetStatus().value().cursors, IsEmpty());
  EXPECT_EQ(nguyet_->GetStatus().value().outbox, 0u);
  EXPECT_EQ(office_.hub.Row(nguyet_.device()).accepted_through(), 3u);
  EXPECT_THAT(nguyet_->Change(note, {Text("body", "x")}), StatusIs(absl::StatusCode::kNotFound));
  // Given back, everything is there again.
  office_.hub.SetRoles("nguyet", kOffice, tests::kProsecutor);
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
}

TEST_F(TwoPhones, HistoryHasEverybodysChangesInOrder) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  for (int i = 0; i < 4; ++i) {
    Phone& phone = i % 2 == 0 ? binh_ : nguyet_;
    ASSERT_THAT(phone->Change(note, {Set("occurred_ms", absl::StrCat(i + 1))}), IsOk());
    ASSERT_THAT(phone->Sync(), IsOk());
    ASSERT_THAT((i % 2 == 0 ? nguyet_ : binh_)->Sync(), IsOk());
  }
  ASSERT_THAT(nguyet_->Change(note, {Text("body", "Một, chưa gửi.")}), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto own, nguyet_->History(note, false));
  EXPECT_THAT(own, SizeIs(4));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto all, nguyet_->History(note, true));
  ASSERT_THAT(all, SizeIs(6));
  const char* authors[] = {"nguyet", "binh", "nguyet", "binh", "nguyet", "nguyet"};
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].user_id, authors[i]) << i;
    EXPECT_EQ(all[i].admission.has_value(), i < 5) << i;
  }
  nguyet_.weather->before = [](const v1::SyncRequest&) { return absl::UnavailableError("no net"); };
  EXPECT_THAT(nguyet_->History(note, true), StatusIs(absl::StatusCode::kUnavailable));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto kept, nguyet_->History(note, false));
  EXPECT_THAT(kept, SizeIs(6));
  EXPECT_THAT(nguyet_->History(RecordId(), false), StatusIs(absl::StatusCode::kNotFound));
}

// As one of an earlier version cannot.
TEST_F(TwoPhones, AHistoryThatCannotBeReadIsFetchedAnew) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  v1::Packed earlier;
  earlier.set_codec(v1::CODEC_PLAIN);
  earlier.set_data("\x01");
  earlier.set_size(1);
  for (const v1::Packed& odd : {v1::Packed(), earlier}) {
    ASSERT_THAT(binh_->History(note, /*fetch=*/true), IsOk());
    ASSERT_THAT(binh_->Blame(note, "body"), IsOk());
    binh_.Close();
    {
      auto store = Store::Open(binh_.dir(), binh_.surroundings(), false);
      ASSERT_THAT(store, IsOk());
      StoreBatch batch;
      batch.PutFetched(note, 1, odd);
      ASSERT_THAT((*store)->Commit(batch), IsOk());
    }
    ASSERT_THAT(binh_.Open(), IsOk());
    EXPECT_THAT(binh_->Blame(note, "body"), StatusIs(absl::StatusCode::kFailedPrecondition));
    ASSERT_THAT(binh_->History(note, /*fetch=*/true), IsOk());
    EXPECT_THAT(binh_->Blame(note, "body"), IsOk());
  }
}

// A server that does not pack histories sends entries.
TEST_F(TwoPhones, HistoryIsTheSameFromAServerThatPacksNone) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(binh_->Change(note, {Text("body", absl::StrCat("Một, hai ", i, "."))}), IsOk());
  }
  ASSERT_THAT(binh_->Sync(), IsOk());
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  const auto told = [&] {
    std::string all;
    const std::vector<HistoryLine> lines = nguyet_->History(note, /*fetch=*/true).value();
    for (const HistoryLine& line : lines) {
      EXPECT_EQ(line.change.unit_id(), kOffice);
      EXPECT_EQ(line.change.dossier_id(), root_.view());
      absl::StrAppend(&all, line.id.Hex(), line.user_id, line.change.SerializeAsString(),
                      line.admission.value().SerializeAsString());
    }
    const std::vector<sync::BlameRun> runs = nguyet_->Blame(note, "body").value();
    for (const sync::BlameRun& run : runs) {
      absl::StrAppend(&all, run.text, run.author.user_id);
    }
    return all;
  };
  const std::string packed = told();
  office_.hub.packs = false;
  EXPECT_EQ(told(), packed);
}

}  // namespace
}  // namespace sotay::sdk
