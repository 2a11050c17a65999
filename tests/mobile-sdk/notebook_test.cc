#include "sotay/notebook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/core/enrolment.h"
#include "sync/view.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Add;
using tests::IsOk;
using tests::kNow;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

// A phone that knows its office and has had no network since.
class NotebookOffline : public ::testing::Test {
 protected:
  NotebookOffline() : phone_(&office_, "nguyet") {
    EXPECT_THAT(phone_->Sync(), IsOk());
    phone_.weather->before = [](const v1::SyncRequest&) {
      return absl::UnavailableError("no network");
    };
  }

  RecordId Inspect(const std::string& body = "Nhà tạm giữ Công an khu vực 3") {
    auto id = phone_->Create("inspection", "", absl::nullopt,
                             {Set("kind", "custody_place"), Set("target_body", body)});
    EXPECT_THAT(id, IsOk());
    return id.value_or(RecordId());
  }

  Office office_;
  Phone phone_;
};

TEST(Notebook, CannotWriteBeforeItKnowsItsUnits) {
  Office office;
  Phone phone(&office, "nguyet");
  EXPECT_THAT(phone->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("run sync once")));
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status status, phone->GetStatus());
  EXPECT_EQ(status.last_sequence, 0u);
}

TEST_F(NotebookOffline, WritesReadsAndLists) {
  const RecordId root = Inspect();
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId note,
      phone_->Create("note", "", root, {Text("body", "Buồng 4 giam 9 người.\nThiếu chăn.")}));
  EXPECT_THAT(phone_->Change(note, {Text("body", "Buồng 4 giam 11 người.\nThiếu chăn."),
                                    Add("next_steps", "Hỏi trưởng nhà tạm giữ")}),
              IsOk());

  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, phone_->Read(note));
  EXPECT_EQ(NoteIn(view).body(), "Buồng 4 giam 11 người.\nThiếu chăn.");
  EXPECT_EQ(NoteIn(view).inspection_id(), root.view());
  EXPECT_THAT(NoteIn(view).next_steps(), ElementsAre("Hỏi trưởng nhà tạm giữ"));
  EXPECT_EQ(view.state, SyncState::kWaiting);

  SOTAY_ASSERT_OK_AND_ASSIGN(const auto lines, phone_->List());
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0].id, note);  // newest change first
  EXPECT_EQ(lines[0].title, "Buồng 4 giam 11 người.");
  EXPECT_EQ(lines[0].type, "casework.v1.Note");
  EXPECT_EQ(lines[0].state, "NOTE_STATE_UNSPECIFIED");
  EXPECT_EQ(lines[0].dossier, root);
  EXPECT_EQ(lines[1].title, "Nhà tạm giữ Công an khu vực 3");

  SOTAY_ASSERT_OK_AND_ASSIGN(const Status status, phone_->GetStatus());
  EXPECT_EQ(status.outbox, 3u);
  EXPECT_EQ(status.records, 2u);
  EXPECT_EQ(status.user_id, "nguyet");
  EXPECT_GE(status.oldest_outbox_ms, kNow);
  EXPECT_LT(status.oldest_outbox_ms, phone_.clock_ms);
}

TEST_F(NotebookOffline, ListsByTypeUnitDossierAndConflict) {
  const RecordId one = Inspect("Trại giam A");
  const RecordId two = Inspect("Trại giam B");
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note, phone_->Create("note", "", two, {}));
  ListFilter notes;
  notes.type = "note";
  ListFilter dossier;
  dossier.dossier = two;
  ListFilter conflicts;
  conflicts.conflicts_only = true;
  ListFilter elsewhere;
  elsewhere.unit_id = "vkskv9";
  const auto ids = [&](const ListFilter& filter) {
    std::set<RecordId> found;
    const auto lines = phone_->List(filter);
    EXPECT_THAT(lines, IsOk());
    for (const RecordLine& line : *lines) found.insert(line.id);
    return found;
  };
  EXPECT_EQ(ids({}), (std::set<RecordId>{one, two, note}));
  EXPECT_EQ(ids(notes), std::set<RecordId>{note});
  EXPECT_EQ(ids(dossier), (std::set<RecordId>{two, note}));
  EXPECT_THAT(ids(conflicts), IsEmpty());
  EXPECT_THAT(ids(elsewhere), IsEmpty());
}

TEST_F(NotebookOffline, FindsARecordByTheBeginningOfItsId) {
  const RecordId one = Inspect();
  for (size_t digits = 8; digits <= 32; ++digits) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId found, phone_->Find(one.Hex().substr(0, digits)));
    EXPECT_EQ(found, one);
  }
  EXPECT_THAT(phone_->Find(one.Hex().substr(0, 3)), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(phone_->Find(one.Hex() + "00"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(phone_->Find("sổtay"), StatusIs(absl::StatusCode::kInvalidArgument));
  const char other = one.Hex()[4] == 'f' ? '0' : 'f';
  EXPECT_THAT(phone_->Find(one.Hex().substr(0, 4) + other), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(NotebookOffline, TextThatComesInPiecesIsStoredWhole) {
  const RecordId root = Inspect();
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId note,
      phone_->Create("note", "", root, {Text("body", "Phu\u031bo\u031b\u0300ng 5\r\nhẻm 2")}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, phone_->Read(note));
  EXPECT_EQ(NoteIn(view).body(), "Ph\u01b0\u1eddng 5\nhẻm 2");
}

TEST_F(NotebookOffline, ARefusedEditChangesNothing) {
  const RecordId root = Inspect();
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note,
                             phone_->Create("note", "", root, {Text("body", "Có mặt 3 người.")}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string digest, phone_->Digest());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status before, phone_->GetStatus());
  int events = 0;
  const auto end = phone_->Listen([&](const Event&) { ++events; });

  // A good half and a bad one: neither happens.
  EXPECT_THAT(phone_->Change(note, {Text("body", "Có mặt 4 người."), Set("kind", "no such")}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  // Only a leader signs, and only what was submitted.
  EXPECT_THAT(phone_->Change(note, {Set("state", "signed")}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(phone_->Change(note, {Set("received_ms", "1")}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(phone_->Change(note, {Set("inspection_id", root.Hex())}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(phone_->Change(note, {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(phone_->Change(note, {Text("body", std::string(300'000, 'x'))}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(phone_->Change(RecordId(), {Text("body", "x")}),
              StatusIs(absl::StatusCode::kNotFound));

  SOTAY_ASSERT_OK_AND_ASSIGN(const Status after, phone_->GetStatus());
  EXPECT_EQ(after.last_sequence, before.last_sequence);
  EXPECT_EQ(phone_->Digest().value(), digest);
  EXPECT_EQ(events, 0);
}

TEST_F(NotebookOffline, ANoteBelongsSomewhere) {
  EXPECT_THAT(phone_->Create("note", "", absl::nullopt, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("dossier")));
  EXPECT_THAT(phone_->Create("note", "", RecordId(), {}), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(phone_->Create("novel", "", absl::nullopt, {}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("inspection")));
  EXPECT_THAT(phone_->Create("inspection", "vkskv9", absl::nullopt, {Set("kind", "prison")}),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("vkskv9")));
  const RecordId root = Inspect();
  EXPECT_THAT(phone_->Create("note", "vkskv9", root, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(NotebookOffline, ACommentOnANoteHangsInTheNotesDossier) {
  const RecordId root = Inspect();
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note, phone_->Create("note", "", root, {}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId comment,
                             phone_->Create("comment", "", note, {Set("body", "Đã xem.")}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, phone_->Read(comment));
  EXPECT_EQ(view.record.dossier(), root);
  const auto content = sync::Content(phone_->schema(), view.record);
  const auto& parent = *content->GetDescriptor()->FindFieldByName("parent");
  EXPECT_EQ(content->GetReflection()->GetString(*content, &parent), note.view());
}

TEST_F(NotebookOffline, TheSameTextAgainIsNoChange) {
  const RecordId root = Inspect();
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note,
                             phone_->Create("note", "", root, {Text("body", "Một câu.")}));
  EXPECT_THAT(phone_->Change(note, {Text("body", "Một câu.")}), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status status, phone_->GetStatus());
  EXPECT_EQ(status.last_sequence, 2u);
}

TEST_F(NotebookOffline, IsTheSameAfterItWasClosed) {
  const RecordId root = Inspect();
  std::vector<RecordId> notes;
  for (int i = 0; i < 20; ++i) {
    SOTAY_ASSERT_OK_AND_ASSIGN(
        const RecordId note,
        phone_->Create("note", "", root, {Text("body", absl::StrCat("Ghi chép số ", i))}));
    notes.push_back(note);
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string digest, phone_->Digest());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto before, phone_->List());
  phone_.Close();
  ASSERT_THAT(phone_.Open(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string again, phone_->Digest());
  EXPECT_EQ(again, digest);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto after, phone_->List());
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(after[i].id, before[i].id);
    EXPECT_EQ(after[i].title, before[i].title);
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(const Status status, phone_->GetStatus());
  EXPECT_EQ(status.last_sequence, 21u);
  EXPECT_THAT(phone_->Change(notes[3], {Text("body", "Thêm.")}), IsOk());
}

TEST_F(NotebookOffline, StampsNeverGoBackWhateverTheClockDoes) {
  const RecordId root = Inspect();
  phone_.clock_ms = -1'000'000'000;  // before 1970
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note,
                             phone_->Create("note", "", root, {Text("body", "Một.")}));
  phone_.clock_ms = int64_t{1} << 52;  // a hundred thousand years on
  EXPECT_THAT(phone_->Change(note, {Text("body", "Hai.")}), IsOk());
  phone_.clock_ms = kNow;
  EXPECT_THAT(phone_->Change(note, {Text("body", "Ba.")}), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto history, phone_->History(note, /*fetch=*/false));
  ASSERT_THAT(history, SizeIs(3));
  EXPECT_LT(history[0].change.stamp(), history[1].change.stamp());
  EXPECT_LT(history[1].change.stamp(), history[2].change.stamp());
  EXPECT_EQ(history[2].change.previous(), history[1].id.view());
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, phone_->Read(note));
  EXPECT_EQ(NoteIn(view).body(), "Ba.");
}

TEST_F(NotebookOffline, TellsOfEveryChangeAndTakesCallsFromTheListener) {
  const RecordId root = Inspect();
  std::vector<RecordId> told;
  const auto end = phone_->Listen([&](const Event& event) {
    if (event.kind != Event::Kind::kRecordChanged) return;
    told.push_back(event.record);
    // What was told is on disk, and the notebook answers.
    EXPECT_THAT(phone_->Read(event.record), IsOk());
    if (told.size() == 1) {
      EXPECT_THAT(phone_->Create("note", "", root, {}), IsOk());
    }
  });
  SOTAY_ASSERT_OK_AND_ASSIGN(const RecordId note, phone_->Create("note", "", root, {}));
  EXPECT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0], note);
  end();
  ASSERT_THAT(phone_->Create("note", "", root, {}), IsOk());
  EXPECT_THAT(told, SizeIs(2));
}

TEST_F(NotebookOffline, IsOpenOnlyOnce) {
  auto second = Notebook::Open(
      phone_.dir(), nullptr, phone_.surroundings(),
      std::make_unique<tests::MemoryLink>(&office_.hub, phone_.device(), phone_.weather));
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("open in another process")));
}

TEST_F(NotebookOffline, SaysSoWhenTheDiskIsFull) {
  const RecordId root = Inspect();
  phone_.disk().FillDisk(100, 1);
  EXPECT_THAT(phone_->Create("note", "", root, {Text("body", "Không vào được.")}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  // From here on nothing is taken, though there is space again: nobody knows what is on disk.
  EXPECT_THAT(phone_->Create("note", "", root, {}), StatusIs(absl::StatusCode::kResourceExhausted));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto lines, phone_->List());
  EXPECT_THAT(lines, SizeIs(1));
  phone_.Close();
  ASSERT_THAT(phone_.Open(), IsOk());
  ASSERT_THAT(phone_->Create("note", "", root, {}), IsOk());
}

TEST(Notebook, IsNotThereBeforeEnrolment) {
  const tests::Workspace dir;
  EXPECT_THAT(Notebook::Open(dir.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("enrol first")));
  EXPECT_THAT(Notebook::Enroll(dir / "so", "sotay1:not-an-invitation", "Máy 1"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Notebook::Open(dir / "so"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(Notebook, ItsKeyMustBeTheOneItWasMadeWith) {
  const tests::Workspace dir;
  stored::v1::NotebookMeta meta;
  meta.set_device_id(std::string(16, 'd'));
  meta.set_organisation_id(std::string(16, 'o'));
  ASSERT_THAT(Found(dir / "so", meta, {}), IsOk());
  EXPECT_THAT(Found(dir / "so", meta, {}), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Notebook::Open(dir / "so"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("enrol anew")));
  Surroundings around;
  SOTAY_ASSERT_OK_AND_ASSIGN(seal::SigningKey key, seal::SigningKey::Generate());
  around.vault = std::make_shared<const Vault>(std::move(key), "", "");
  EXPECT_THAT(Notebook::Open(dir / "so", nullptr, around),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("not the one")));
}

}  // namespace
}  // namespace sotay::sdk
