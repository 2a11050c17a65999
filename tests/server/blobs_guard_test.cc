// What guards the files on the server's disk: from others who send the same one, from whoever would
// fill the disk, from attachments that lie, and from a disk that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/refusal.h"
#include "sync/seal/vault.h"
#include "tests/server/blobs_room.h"

namespace sotay::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::IsOk;
using tests::StatusIs;

// The files of these names cannot be read.
class BadSectors : public leveldb::EnvWrapper {
 public:
  explicit BadSectors(leveldb::Env* disk) : leveldb::EnvWrapper(disk) {}
  leveldb::Status NewRandomAccessFile(const std::string& name,
                                      leveldb::RandomAccessFile** file) override {
    if (names.count(name) != 0) {
      return passing ? leveldb::Status::IOError(name, "too many open files")
                     : leveldb::Status::Corruption(name, "a bad sector");
    }
    return target()->NewRandomAccessFile(name, file);
  }
  std::set<std::string> names;
  bool passing = false;  // what keeps them from being read may pass
};

class BlobsGuard : public BlobsTest {
 protected:
  static std::string PathOf(const Blobs::Wanted& wanted) {
    return absl::StrCat("/disk/blobs/", wanted.place.first.Hex(), "/",
                        absl::BytesToHexString(wanted.place.second));
  }
  absl::Status SendPieces(const Blobs::Wanted& wanted, absl::string_view bytes) {
    for (uint64_t at = 0; at < bytes.size(); at += kPiece) {
      const absl::Status sent = SendPiece(wanted, bytes, at);
      if (!sent.ok()) return sent;
    }
    return absl::OkStatus();
  }
};

// Wherever the one is, the other comes in between, with junk of the same size under the same hash.
TEST_F(BlobsGuard, TwoDevicesThatFinishOneFileSpoilNothing) {
  const std::string bytes = Photograph(3 * kPiece + 9);
  const std::string junk = Photograph(bytes.size(), 77);
  const Blobs::Wanted mine = Of(bytes, "k", "dam");
  Blobs::Wanted theirs = mine;
  theirs.device = tests::DeviceNamed("que");
  bool through = false;
  for (uint64_t at = 1; !through; ++at) {
    blobs_.reset();
    disk_.Restart({{}, {"/disk"}, ""});
    Open();
    ASSERT_THAT(SendPieces(mine, bytes), IsOk());
    ASSERT_THAT(SendPieces(theirs, junk), IsOk());
    uint64_t calls = 0;
    bool came = false;
    disk_.set_observer([&](const testing::FaultEnv::Call&) {
      if (++calls != at || came) return;
      came = true;
      const absl::Status finished = blobs_->Finish(theirs);
      EXPECT_TRUE(finished.ok() || absl::IsUnavailable(finished)) << finished;
    });
    ASSERT_THAT(blobs_->Finish(mine), IsOk()) << "at call " << at;
    disk_.set_observer(nullptr);
    through = !came;
    ASSERT_TRUE(blobs_->Has(mine.place));
    ASSERT_THAT(blobs_->Verify(mine.place), IsOk()) << "at call " << at;
    // The other is told that it is there, and nothing of theirs stays.
    ASSERT_THAT(blobs_->Finish(theirs), IsOk());
    ASSERT_THAT(FilesWith(junk.substr(0, 64)), IsEmpty()) << "at call " << at;
    ASSERT_LT(at, 100u);
  }
}

TEST_F(BlobsGuard, TheDiskIsLeftToTheNotes) {
  const std::string bytes = Photograph(2 * kPiece);
  ASSERT_THAT(SendPiece(Of(bytes), bytes, 0), IsOk());
  free_bytes_ = limits_.free_bytes_min + kPiece - 1;
  const absl::Status full = SendPiece(Of(bytes), bytes, kPiece);
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(DetailOf(full).reason(), v1::REASON_STORAGE);
  EXPECT_GT(DetailOf(full).retry_after_ms(), 0u);
  EXPECT_THAT(std::string(full.message()), HasSubstr(absl::StrCat(limits_.free_bytes_min)));
  ++free_bytes_;
  ASSERT_THAT(SendPiece(Of(bytes), bytes, kPiece), IsOk());
  // To put it together takes as much again.
  EXPECT_THAT(blobs_->Finish(Of(bytes)), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(blobs_->Ask(Of(bytes))->bytes, bytes.size()) << "nothing was lost by that";
  free_bytes_ += kPiece;
  EXPECT_THAT(blobs_->Finish(Of(bytes)), IsOk());
}

TEST_F(BlobsGuard, OneUserHasADaysQuotaWhateverTheirDevices) {
  limits_.day_bytes_max = 3 * kPiece;
  Open();
  const auto send = [&](uint32_t seed, const std::string& device, const std::string& user) {
    const std::string bytes = Photograph(2 * kPiece, seed);
    Blobs::Wanted wanted = Of(bytes, "k", device);
    wanted.user = user;
    const absl::Status sent = SendPieces(wanted, bytes);
    return sent.ok() ? blobs_->Finish(wanted) : sent;
  };
  ASSERT_THAT(send(1, "dam", "dam"), IsOk());
  const absl::Status over = send(2, "dam-2", "dam");
  EXPECT_THAT(over, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(DetailOf(over).reason(), v1::REASON_QUOTA);
  EXPECT_THAT(std::string(over.message()), HasSubstr("limit 196608"));
  EXPECT_THAT(send(3, "que", "que"), IsOk()) << "another's is another's";
  now_ms_ += int64_t{24} * 60 * 60 * 1000;
  const std::string second = Photograph(2 * kPiece, 2);
  Blobs::Wanted wanted = Of(second, "k", "dam-2");
  wanted.user = "dam";
  EXPECT_EQ(blobs_->Ask(wanted)->bytes, kPiece);
  EXPECT_THAT(SendAll(wanted, second), IsOk()) << "the next day it goes on";
}

// Two attachments of one hash, of which one lies about its size.
TEST_F(BlobsGuard, AnAttachmentThatLiesAboutTheSizeIsOfNoFile) {
  const std::string bytes = Photograph(3 * kPiece);
  Blobs::Wanted lie = Of(bytes);
  lie.size = kPiece + 1;
  ASSERT_THAT(SendPiece(Of(bytes), bytes, 0), IsOk());
  ASSERT_THAT(SendPiece(Of(bytes), bytes, kPiece), IsOk());
  const absl::Status past = SendPiece(lie, bytes, 2 * kPiece);
  EXPECT_THAT(past, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(blobs_->Ask(lie)->bytes, 0u) << "it is counted by itself";
  ASSERT_THAT(SendAll(Of(bytes), bytes), IsOk());
  EXPECT_EQ(blobs_->SizeOf(lie.place), bytes.size()) << "nobody signs over what is not so";
  for (const absl::Status& said :
       {blobs_->Ask(lie).status(), SendPiece(lie, bytes, 0), blobs_->Finish(lie)}) {
    EXPECT_THAT(said, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(said.message()), HasSubstr("196608 bytes"));
  }
  Open();
  EXPECT_EQ(blobs_->SizeOf(lie.place), bytes.size()) << "and after a start";
}

TEST_F(BlobsGuard, WhatIsDamagedOrGoneIsWantedAgain) {
  const std::string bytes = Photograph(2 * kPiece);
  const std::string other = Photograph(2 * kPiece, 5);
  ASSERT_THAT(SendAll(Of(bytes), bytes), IsOk());
  ASSERT_THAT(SendAll(Of(other), other), IsOk());
  testing::DiskImage image = disk_.Visible();
  blobs_.reset();
  image.files.at(PathOf(Of(bytes)))[9] ^= 1;
  disk_.Restart(image);
  Open();
  ASSERT_TRUE(disk_.RemoveFile(PathOf(Of(other))).ok());
  EXPECT_THAT(blobs_->Recheck(Of(bytes).place), IsOk());
  EXPECT_EQ(disk_.Visible().files.count(PathOf(Of(bytes)) + ".aside"), 1u) << "it is evidence";
  EXPECT_THAT(blobs_->Read(Of(other).place, 0, 10).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition))
      << "whoever reads it is the first to notice";
  for (const std::string& lost : {bytes, other}) {
    EXPECT_FALSE(blobs_->Has(Of(lost).place));
    EXPECT_FALSE(blobs_->Ask(Of(lost))->whole);
    ASSERT_THAT(SendAll(Of(lost, "k", "que"), lost), IsOk());
    EXPECT_THAT(blobs_->Verify(Of(lost).place), IsOk());
    EXPECT_THAT(blobs_->Recheck(Of(lost).place), IsOk());
    EXPECT_TRUE(blobs_->Has(Of(lost).place)) << "what is right stays";
  }
}

TEST_F(BlobsGuard, AFileThatCannotBeReadHoldsUpNoSealing) {
  BadSectors bad(&disk_);
  base_ = &bad;
  Open();
  const std::string bytes = Photograph(2 * kPiece);
  const std::string other = Photograph(2 * kPiece, 5);
  ASSERT_THAT(SendAll(Of(bytes), bytes), IsOk());
  ASSERT_THAT(SendAll(Of(other), other), IsOk());
  bad.names.insert(PathOf(Of(bytes)));
  const std::string key = seal::NewVaultKey();
  EXPECT_TRUE(blobs_->LiesOpen(tests::RecordNamed("k")));
  bad.passing = true;
  EXPECT_THAT(blobs_->Seal(tests::RecordNamed("k"), key), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(blobs_->LiesOpen(tests::RecordNamed("k"))) << "what may be read again is not lost";
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)), SizeIs(1));
  bad.passing = false;
  ASSERT_THAT(blobs_->Seal(tests::RecordNamed("k"), key), IsOk());
  EXPECT_FALSE(blobs_->LiesOpen(tests::RecordNamed("k")));
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)), IsEmpty());
  EXPECT_THAT(FilesWith(other.substr(0, 64)), IsEmpty());
  EXPECT_THAT(disk_.Visible().files, SizeIs(1)) << "the other is sealed";
  blobs_.reset();
}

TEST_F(BlobsGuard, AFullDiskMakesSealingWaitAndLosesNothing) {
  const std::string bytes = Photograph(2 * kPiece);
  ASSERT_THAT(SendAll(Of(bytes), bytes), IsOk());
  const std::string key = seal::NewVaultKey();
  disk_.FillDisk(100, 1);
  EXPECT_THAT(blobs_->Seal(tests::RecordNamed("k"), key),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(blobs_->LiesOpen(tests::RecordNamed("k")));
  ASSERT_THAT(blobs_->Seal(tests::RecordNamed("k"), key), IsOk());
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)), IsEmpty());
}

}  // namespace
}  // namespace sotay::server
