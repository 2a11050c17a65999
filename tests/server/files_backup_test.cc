// The files of attachments in a backup, out of it again, and in `sotayd check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "server/backup.h"
#include "server/blobs_backup.h"
#include "server/blobs_check.h"
#include "server/quarantine.h"
#include "server/restore.h"
#include "server/secrecy.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"
#include "tests/server/room_phone.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

namespace fs = std::filesystem;

std::string Photograph(size_t size, uint32_t seed = 1) {
  std::string bytes(size, '\0');
  uint32_t state = seed;
  for (char& byte : bytes) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string RawHashOf(absl::string_view bytes) {
  const auto hash = seal::Sha256(bytes);
  return std::string(hash.begin(), hash.end());
}

std::string HexOf(absl::string_view bytes) { return absl::BytesToHexString(RawHashOf(bytes)); }

class FilesBackup : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(backup_);
    fs::create_directories(elsewhere_);
    room_.AddUser("dam", {{"kv1", options::v1::ROLE_PROSECUTOR}});
    room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
    dam_ = std::make_unique<RoomPhone>(&room_, "dam");
    ngu_ = std::make_unique<RoomPhone>(&room_, "ngu");
    ASSERT_THAT((*dam_)->Sync(), IsOk());
    visit_ = Visit("scene_examination");
    other_ = Visit("search");
    first_ = Attach(visit_, first_bytes_);
    second_ = Attach(other_, second_bytes_);
    ASSERT_THAT((*dam_)->Sync(), IsOk());
    ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  }
  sync::RecordId Visit(const std::string& kind) {
    return *(*dam_)->Create("inspection", "", absl::nullopt, {{Kind::kSet, "kind", "", kind}});
  }
  sync::RecordId Attach(const sync::RecordId& to, const std::string& bytes) {
    return *(*dam_)->Attach(to,
                            [bytes, at = size_t{0}](size_t max) mutable {
                              std::string some = bytes.substr(at, max);
                              at += some.size();
                              return absl::StatusOr<std::string>(std::move(some));
                            },
                            "attachment", {});
  }
  // The dossier of the first; said again, how it stands.
  v1::SealedDossierView Seal() {
    v1::SealDossierRequest request;
    request.set_record_id(visit_.str());
    request.set_alias("Hồ sơ 17");
    request.set_holder("Tủ số 3");
    request.set_reason("9/CV-VKS");
    v1::SealedDossierView view;
    room_.WithPen([&](server::Pen* pen) {
      const auto sealed = server::SealDossier(pen, *room_.directory->FindPerson("ngu"), request);
      ASSERT_THAT(sealed, IsOk());
      view = sealed->sealed();
    });
    return view;
  }
  absl::Status BackUp() {
    server::BackupOptions options;
    options.directory = backup_;
    options.now_ms = [this] { return ++room_.now_ms; };
    return server::Backup(room_.store.get(), &watermark_, room_.log_key, options, files_).RunOnce();
  }
  absl::StatusOr<server::Restored> Restore() {
    return server::Restore(
        {backup_, elsewhere_ + "/store", elsewhere_ + "/store.part", room_.log_key.verifying_key(),
         CaseworkSchema().get(), ++room_.now_ms, nullptr, elsewhere_ + "/blobs"},
        files_);
  }
  // Where below a directory these bytes lie.
  static std::vector<std::string> FilesWith(const std::string& bytes, const std::string& below) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(below)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string content((std::istreambuf_iterator<char>(in)), {});
      if (content.find(bytes.substr(100, 64)) != std::string::npos) names.push_back(entry.path());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  static void FlipABit(const std::string& path) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(1'000);
    const char was = static_cast<char>(file.get());
    file.seekp(1'000);
    file.put(static_cast<char>(was ^ 1));
  }
  std::string Life() const {
    return backup_ + "/" + absl::BytesToHexString(room_.directory->meta().epoch());
  }
  server::BlobsReport Check() {
    const auto report = server::CheckBlobs(room_.store.get(), *CaseworkSchema(), room_.blobs.get());
    EXPECT_THAT(report, IsOk());
    return report.value_or(server::BlobsReport());
  }
  // As somebody at the disk would.
  void OnDisk(const std::function<void(testing::DiskImage*)>& change) {
    testing::DiskImage image = room_.disk.Visible();
    room_.Close();
    change(&image);
    room_.disk.Restart(image);
    ASSERT_THAT(room_.Open(), IsOk());
  }

  ServerRoom room_;
  const Workspace space_;
  const std::string backup_ = space_ / "backup";
  const std::string elsewhere_ = space_ / "restored";
  const durable::StoreOptions files_ = {};  // the machine's
  server::Watermark watermark_;
  std::unique_ptr<RoomPhone> dam_, ngu_;
  const std::string first_bytes_ = Photograph(300'000);
  const std::string second_bytes_ = Photograph(200'000, 2);
  sync::RecordId visit_, other_, first_, second_;
};

TEST_F(FilesBackup, AreCopiedOnceVerifiedAndBroughtBack) {
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_THAT(FilesWith(first_bytes_, backup_),
              ElementsAre(Life() + "/files/" + visit_.Hex() + "/" + HexOf(first_bytes_)));
  // One that comes without a note is in the next round.
  const sync::RecordId third = Attach(visit_, Photograph(100'000, 3));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  ASSERT_THAT(BackUp(), IsOk());
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_THAT(FilesWith(Photograph(100'000, 3), backup_), SizeIs(1));
  EXPECT_NE(third, first_);

  ASSERT_THAT(Restore(), IsOk());
  const auto blobs =
      server::Blobs::Open(elsewhere_ + "/blobs", files_, {}, [this] { return room_.now_ms; });
  ASSERT_THAT(blobs, IsOk());
  EXPECT_THAT((*blobs)->All(), SizeIs(3));
  for (const sync::FilePlace& place : (*blobs)->All()) EXPECT_THAT((*blobs)->Verify(place), IsOk());
}

TEST_F(FilesBackup, DoNotCopyAndDoNotBringBackWhatIsDamaged) {
  const std::string path = "/disk/blobs/" + visit_.Hex() + "/" + HexOf(first_bytes_);
  OnDisk([&](testing::DiskImage* image) { image->files.at(path)[1'000] ^= 1; });
  EXPECT_THAT(Check().faults, ElementsAre(HasSubstr(first_.Hex())));
  EXPECT_THAT(Check().faults, IsEmpty()) << "once it is said, it is wanted again";
  EXPECT_THAT(Check().waiting, ElementsAre(HasSubstr(first_.Hex())));
  OnDisk([&](testing::DiskImage* image) {
    image->files[path] = image->files.at(path + ".aside");
    image->files.erase(path + ".aside");
  });
  ASSERT_THAT(BackUp(), IsOk()) << "one file fails no backup";
  EXPECT_THAT(FilesWith(second_bytes_, backup_), SizeIs(1)) << "the others are there";
  EXPECT_THAT(FilesWith(first_bytes_, backup_), IsEmpty());
  EXPECT_FALSE(room_.blobs->Has({visit_, RawHashOf(first_bytes_)})) << "and it is wanted again";
  OnDisk([&](testing::DiskImage* image) { image->files[path] = first_bytes_; });
  ASSERT_THAT(BackUp(), IsOk());
  // One that is damaged in the backup is no reason to do without the others, or the notes.
  FlipABit(Life() + "/files/" + visit_.Hex() + "/" + HexOf(first_bytes_));
  const auto restored = Restore();
  ASSERT_THAT(restored, IsOk());
  EXPECT_THAT(restored->damaged_files, ElementsAre(HasSubstr(HexOf(first_bytes_))));
  EXPECT_THAT(FilesWith(first_bytes_, elsewhere_), IsEmpty());
  EXPECT_THAT(FilesWith(second_bytes_, elsewhere_), SizeIs(1));
}

// A file of a sealed dossier that no disk has room to seal yet: the notes are backed up all the
// same, a server starts, nothing of it is in a backup, and nobody is told that it has left.
TEST_F(FilesBackup, AFileThatWaitsToBeSealedHoldsUpNoBackup) {
  bool broken = true;
  const std::string sealed_path = visit_.Hex() + ".sealed/";
  room_.disk.set_observer([&](const testing::FaultEnv::Call& call) {
    if (broken && call.name.find(sealed_path) != std::string::npos) room_.disk.FailCall(0);
  });
  const auto told = Seal();
  EXPECT_FALSE(told.swept()) << "it lies open";
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_THAT(FilesWith(first_bytes_, backup_), IsEmpty());
  EXPECT_THAT(FilesWith(second_bytes_, backup_), SizeIs(1));
  EXPECT_THAT(Check().faults, ElementsAre(HasSubstr(visit_.Hex())));
  broken = false;
  room_.WithPen([&](server::Pen* pen) { EXPECT_THAT(server::GoOnWithPurges(pen), IsOk()); });
  EXPECT_TRUE(Seal().swept());
  EXPECT_THAT(Check().faults, IsEmpty());
  room_.disk.set_observer(nullptr);
}

// A copy was under way when the dossier was sealed, or a crash came between two steps.
TEST_F(FilesBackup, WhatASealedDossierLeftInTheChainGoesInTheNextRound) {
  ASSERT_THAT(BackUp(), IsOk());
  Seal();
  ASSERT_THAT(BackUp(), IsOk());
  const auto aside = FilesWith(first_bytes_, backup_);
  ASSERT_THAT(aside, SizeIs(1));
  fs::create_directories(Life() + "/files/" + visit_.Hex());
  fs::copy_file(aside[0], Life() + "/files/" + visit_.Hex() + "/" + HexOf(first_bytes_));
  // The chain was put aside, and then the server fell over: the other file is left there.
  const std::string kept = "/files/" + other_.Hex() + "/" + HexOf(second_bytes_);
  const std::string chain = aside[0].substr(0, aside[0].find("/files/"));
  fs::create_directories(chain + "/files/" + other_.Hex());
  fs::rename(Life() + kept, chain + kept);
  OnDisk([&](testing::DiskImage* image) {
    image->files.erase("/disk/blobs/" + other_.Hex() + "/" + HexOf(second_bytes_));
  });
  ASSERT_THAT(BackUp(), IsOk());
  EXPECT_EQ(FilesWith(first_bytes_, backup_), aside);
  EXPECT_THAT(FilesWith(second_bytes_, backup_), ElementsAre(Life() + kept));
}

TEST_F(FilesBackup, WhatWasTakenInAfterTheSignatureWasSignedByNobody) {
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  const auto view = (*ngu_)->Read(visit_);
  ASSERT_THAT(view, IsOk());
  ASSERT_THAT(
      (*ngu_)->Sign(*view, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", "sign"}}),
      IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  const sync::RecordId late = Attach(visit_, Photograph(1'000, 6));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  const auto aside = room_.Quarantine("kv1");
  ASSERT_THAT(aside, SizeIs(1));
  v1::TakeInRequest request;
  request.mutable_change()->set_device_id(aside[0].device_id());
  request.mutable_change()->set_sequence(aside[0].sequence());
  request.mutable_change()->set_change_id(aside[0].change_id());
  request.set_reason("Bổ sung theo biên bản");
  room_.WithPen([&](server::Pen* pen) {
    EXPECT_THAT(server::TakeIn(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  EXPECT_THAT(Check().faults, IsEmpty());
  EXPECT_THAT(Check().waiting, ElementsAre(HasSubstr(late.Hex())));
}

TEST_F(FilesBackup, OfASecretDossierAreInNoNewChainAndComeBackFromNone) {
  ASSERT_THAT(BackUp(), IsOk());
  Seal();
  ASSERT_THAT(BackUp(), IsOk());
  const auto left = FilesWith(first_bytes_, backup_);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_THAT(left[0], HasSubstr(".before-kv1-1/files/")) << "with the chain that was put aside";
  EXPECT_THAT(FilesWith(second_bytes_, backup_),
              ElementsAre(Life() + "/files/" + other_.Hex() + "/" + HexOf(second_bytes_)));
  ASSERT_THAT(Restore(), IsOk());
  EXPECT_THAT(FilesWith(first_bytes_, elsewhere_), IsEmpty());
  EXPECT_THAT(FilesWith(second_bytes_, elsewhere_), SizeIs(1));
}

TEST_F(FilesBackup, CheckNamesWhatIsMissing) {
  EXPECT_EQ(Check().files, 2u);
  EXPECT_EQ(Check().bytes, 500'000u);
  EXPECT_THAT(Check().faults, IsEmpty());
  const sync::RecordId unsent = Attach(visit_, Photograph(1'000, 4));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_THAT(Check().waiting, ElementsAre(HasSubstr(unsent.Hex())));
  EXPECT_THAT(Check().faults, IsEmpty());
  // What was signed over has to be there.
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  const auto view = (*ngu_)->Read(other_);
  ASSERT_THAT(view, IsOk());
  ASSERT_THAT(
      (*ngu_)->Sign(*view, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", "sign"}}),
      IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  OnDisk([&](testing::DiskImage* image) {
    image->files.erase("/disk/blobs/" + other_.Hex() + "/" + HexOf(second_bytes_));
  });
  EXPECT_THAT(Check().faults, ElementsAre(HasSubstr(second_.Hex())));
}

}  // namespace
}  // namespace sotay::tests
