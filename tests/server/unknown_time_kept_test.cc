// A time nobody knows (docs/decisions/0033) is still unknown when the server was restored, of what
// was applied, waits, or was refused; and in the dossier that is given to a court, which holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "casework/v1/deadline.pb.h"
#include "server/quarantine.h"
#include "server/restore.h"
#include "sync/moved_clock.h"
#include "sync/seal/dossier_check.h"
#include "sync/unknown_time.h"
#include "tests/server/backup_room.h"
#include "tests/server/exported_dossier.h"

namespace sotay::tests {
namespace {

using casework::v1::Deadline;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UnknownTimeKept : public BackupRoom {
 protected:
  UnknownTimeKept() {
    room_.Enrol(&que_);
    room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
    room_.Exchange(&que_);
  }
  // Everything it has not sent, of a time nobody knows.
  v1::SyncResponse PushUnknown(SealedPhone* phone) {
    v1::SyncRequest request = phone->Request();
    sync::SayClock({room_.now_ms, true}, {"boot", 0, room_.now_ms}, &request);
    const auto response = room_.Sync(*phone, request);
    EXPECT_THAT(response, IsOk());
    phone->Take(*response);
    return *response;
  }
  void BackUp() {
    std::filesystem::create_directory(space_ / "backup");
    ASSERT_THAT(NewBackup(space_ / "backup")->RunOnce(), IsOk());
  }
  // The server is lost, and made of its backup again, in another life.
  void LoseAndRestore() {
    room_.Close();
    const auto schema = CaseworkSchema();
    const auto restored =
        server::Restore({space_ / "backup", space_ / "store", space_ / "store.part", Keys(),
                         schema.get(), ++room_.now_ms, nullptr},
                        durable::StoreOptions());
    ASSERT_TRUE(restored.ok()) << restored.status();
    // Onto the disk that the room has.
    testing::DiskImage image = room_.disk.Visible();
    image.files.clear();
    for (const auto& file : std::filesystem::directory_iterator(space_ / "store")) {
      std::ifstream in(file.path(), std::ios::binary);
      image.files[std::string("/disk/store/") + file.path().filename().string()] =
          std::string((std::istreambuf_iterator<char>(in)), {});
    }
    room_.disk.Restart(image);
    ASSERT_THAT(room_.Open(), IsOk());
  }
  bool Unknown(const SealedPhone& phone, uint64_t sequence) {
    const auto row = room_.store->LoadKnown(phone.device(), sequence, sequence);
    EXPECT_THAT(row, IsOk());
    EXPECT_EQ(row->at(sequence).verdict(), v1::VERDICT_APPLIED);
    return sync::IsTimeUnknown(
        room_.store->LoadAdmission("kv1", row->at(sequence).position())->stamp());
  }
  sync::MergedRecord Stored(const std::string& name) {
    return *sync::MergedRecord::Parse(*CaseworkSchema(),
                                      (*room_.store->LoadRecord(RecordNamed(name)))->bytes);
  }
  std::string Export() {
    const auto dossier = ExportOf(room_, "nguyet", {"k", "n", "term", "later", "refused"});
    EXPECT_THAT(dossier, IsOk());
    return SealedBy(nguyet_.key(), dossier.value_or(v1::Dossier()));
  }

  const Workspace space_;
  SealedPhone que_{"que"};
};

TEST_F(UnknownTimeKept, InARestoredServerAndInAnExportThatHolds) {
  nguyet_.Write("k", {Note("n").Says("Vết phanh dài 4,2 m."),
                      Wish("term", "casework.v1.Deadline")
                          .Set(Deadline::kCaseIdFieldNumber, RecordNamed("k").view())
                          .Set(Deadline::kRuleIdFieldNumber, "report.resolve")});
  room_.Exchange(&nguyet_);
  room_.Exchange(&dam_);
  // Applied: words, and a value of which the newest would count, were it known.
  nguyet_.Write(
      "k", {Wish("term", "casework.v1.Deadline").SetNumber(Deadline::kWarnDaysFieldNumber, 5)});
  dam_.Write("k",
             {Note("n").Says("Vết phanh dài 4,3 m."),
              Wish("term", "casework.v1.Deadline").SetNumber(Deadline::kWarnDaysFieldNumber, 7)});
  const uint64_t applied = dam_.last_sequence();
  PushUnknown(&dam_);
  room_.Exchange(&nguyet_);
  // Held, until a note has come.
  nguyet_.Write("k", {Note("later").Says("Lời khai.")});
  v1::Change change;
  change.set_claimed_ms(room_.now_ms);
  change.set_dossier_id(RecordNamed("k").str());
  v1::RecordEdit* const edit = change.add_edits();
  edit->set_record_id(RecordNamed("later").str());
  edit->set_type("casework.v1.Note");
  edit->add_parents(nguyet_.id(nguyet_.last_sequence()).str());
  const uint64_t held = dam_.Forge(change);
  ASSERT_EQ(PushUnknown(&dam_).outcomes(0).verdict(), v1::VERDICT_HELD);
  // Refused.
  const uint64_t refused = que_.Write("k", {Note("refused").Says("Hai nhân chứng.")});
  room_.AddUser("que", {});
  ASSERT_EQ(PushUnknown(&que_).outcomes(0).reason(), v1::REASON_NOT_MEMBER);
  const std::string term = Stored("term").Serialize();
  BackUp();

  LoseAndRestore();
  EXPECT_THAT(room_.Faults(), IsEmpty());
  EXPECT_TRUE(Unknown(dam_, applied));
  EXPECT_EQ(Stored("term").Serialize(), term) << "bit for bit";
  EXPECT_THAT(Stored("term").Slot(Deadline::kWarnDaysFieldNumber)->readings, SizeIs(2));
  room_.now_ms += 86'400'000;
  nguyet_.cursors.clear();  // of the life before
  room_.Exchange(&nguyet_);
  EXPECT_TRUE(Unknown(dam_, held)) << "it was held with that";
  v1::TakeInRequest request;
  for (const v1::QuarantinedChange& row : room_.Quarantine("kv1")) {
    if (row.device_id() != que_.device().view()) continue;
    request.mutable_change()->set_device_id(row.device_id());
    request.mutable_change()->set_sequence(row.sequence());
    request.mutable_change()->set_change_id(row.change_id());
  }
  request.set_reason("đã đối chiếu");
  room_.AddUser("que", {{"kv1", options::v1::ROLE_PROSECUTOR}});
  room_.WithPen([&](server::Pen* pen) {
    EXPECT_THAT(server::TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  EXPECT_TRUE(Unknown(que_, refused)) << "it was set aside with that";
  EXPECT_THAT(room_.Faults(), IsEmpty());

  // What a court is given says so as well, and its checker finds nothing wrong.
  room_.now_ms += 10'000;  // for a head of the log that has it all
  const std::string file = Export();
  const auto checked = seal::CheckDossier(*CaseworkSchema(), file, room_.log_key.PublicKey());
  EXPECT_THAT(checked.faults, IsEmpty());
  const std::string path = space_ / "dossier.sotay";
  std::ofstream(path, std::ios::binary) << file;
  const Ended verified = tests::Run({SOTAY_VERIFY, "--lang", "en", path});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("when is unknown: its clock was moved"));
}

}  // namespace
}  // namespace sotay::tests
