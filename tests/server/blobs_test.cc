// Files on the server's disk: what is taken of them, what stays of them through a crash, and what
// becomes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "server/refusal.h"
#include "sync/seal/vault.h"
#include "tests/server/blobs_room.h"

namespace sotay::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::IsOk;
using tests::StatusIs;

TEST_F(BlobsTest, IsVisibleOnlyOnceTheWholeWasVerified) {
  const std::string bytes = Photograph(3 * kPiece + 100);
  const Blobs::Wanted wanted = Of(bytes);
  for (uint64_t at = 0; at < bytes.size(); at += kPiece) {
    EXPECT_FALSE(blobs_->Has(wanted.place));
    EXPECT_THAT(blobs_->Read(wanted.place, 0, 10).status(),
                StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_THAT(blobs_->Finish(wanted), StatusIs(absl::StatusCode::kFailedPrecondition));
    ASSERT_THAT(SendPiece(wanted, bytes, at), IsOk());
  }
  EXPECT_FALSE(blobs_->Has(wanted.place));
  ASSERT_THAT(blobs_->Finish(wanted), IsOk());
  EXPECT_TRUE(blobs_->Has(wanted.place));
  EXPECT_EQ(blobs_->Read(wanted.place, kPiece - 1, 5).value_or(""), bytes.substr(kPiece - 1, 5));
  EXPECT_EQ(blobs_->Read(wanted.place, bytes.size() - 3, 100).value_or("").size(), 3u);
  EXPECT_EQ(blobs_->Read(wanted.place, bytes.size() + 3, 100).value_or("x"), "");
  EXPECT_THAT(blobs_->Verify(wanted.place), IsOk());
  // Said again it is said once.
  EXPECT_THAT(blobs_->Finish(wanted), IsOk());
  EXPECT_TRUE(blobs_->Ask(wanted)->whole);
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)).size(), 1u) << "its pieces are gone";
}

TEST_F(BlobsTest, RefusesEveryPieceThatLies) {
  const std::string bytes = Photograph(2 * kPiece + 100);
  const Blobs::Wanted wanted = Of(bytes);
  ASSERT_THAT(SendPiece(wanted, bytes, 0), IsOk());
  const auto refused = [&](const Blobs::Piece& piece) {
    const auto sent = blobs_->Send(wanted, piece);
    EXPECT_EQ(sent.status().code(), absl::StatusCode::kInvalidArgument) << sent.status();
    EXPECT_EQ(blobs_->Ask(wanted)->bytes, kPiece);
    return std::string(sent.status().message());
  };
  const std::string second = bytes.substr(kPiece, kPiece);
  EXPECT_EQ(refused({kPiece, second, HashOf("another")}), "chunk 2: hash differs; send again");
  EXPECT_THAT(refused({2 * kPiece, second, HashOf(second)}),
              HasSubstr("expected the one at 65536"));
  EXPECT_THAT(refused({0, second, HashOf(second)}), HasSubstr("go on from there"));
  const std::string long_one = bytes.substr(kPiece) + "x";
  EXPECT_THAT(refused({kPiece, long_one, HashOf(long_one)}), HasSubstr("past the end at"));
  EXPECT_THAT(refused({kPiece, "", HashOf("")}), HasSubstr("expected 65536 to 1048576"));
  EXPECT_THAT(refused({kPiece, "short", HashOf("short")}), HasSubstr("5 bytes"));
  EXPECT_THAT(SendAll(wanted, bytes), IsOk());
}

// The size and every piece are right, and the whole is not what the attachment names.
TEST_F(BlobsTest, ForgetsAWholeWithAnotherHash) {
  const std::string bytes = Photograph(kPiece + 7);
  Blobs::Wanted wanted = Of(bytes);
  wanted.place.second = HashOf("another");
  EXPECT_THAT(SendAll(wanted, bytes), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(blobs_->Has(wanted.place));
  EXPECT_EQ(blobs_->Ask(wanted)->bytes, 0u);
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)), IsEmpty());
}

TEST_F(BlobsTest, NamesTheQuotaThatIsFull) {
  limits_.unfinished_max = 2;
  limits_.file_bytes_max = 4 * kPiece;
  Open();
  const auto begin = [&](uint32_t seed, absl::string_view device) {
    const std::string bytes = Photograph(2 * kPiece, seed);
    return SendPiece(Of(bytes, "k", device), bytes, 0);
  };
  ASSERT_THAT(begin(1, "dam"), IsOk());
  ASSERT_THAT(begin(2, "dam"), IsOk());
  const absl::Status third = begin(3, "dam");
  EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(DetailOf(third).reason(), v1::REASON_QUOTA);
  EXPECT_THAT(std::string(third.message()),
              HasSubstr("unfinished files of this device: 2, limit 2"));
  EXPECT_THAT(begin(3, "que"), IsOk()) << "another's is another's";
  const std::string finished = Photograph(2 * kPiece, 1);
  ASSERT_THAT(SendAll(Of(finished), finished), IsOk());
  EXPECT_THAT(begin(3, "dam"), IsOk());

  const std::string large = Photograph(5 * kPiece);
  const absl::Status over = SendPiece(Of(large, "k", "an"), large, 0);
  EXPECT_EQ(DetailOf(over).reason(), v1::REASON_QUOTA);
  EXPECT_THAT(std::string(over.message()), HasSubstr("limit of this server 262144"));
}

TEST_F(BlobsTest, IsOfOneDossierAndOneDevice) {
  const std::string bytes = Photograph(2 * kPiece);
  ASSERT_THAT(SendAll(Of(bytes, "k"), bytes), IsOk());
  EXPECT_FALSE(blobs_->Has(Of(bytes, "e").place)) << "who knows a hash has no file by that";
  ASSERT_THAT(SendPiece(Of(bytes, "e", "dam"), bytes, 0), IsOk());
  EXPECT_EQ(blobs_->Ask(Of(bytes, "e", "que"))->bytes, 0u)
      << "nobody spoils what another has begun";
}

TEST_F(BlobsTest, ForgetsWhatNobodyGoesOnWith) {
  const std::string bytes = Photograph(2 * kPiece);
  ASSERT_THAT(SendPiece(Of(bytes), bytes, 0), IsOk());
  now_ms_ += limits_.unfinished_ms_max;
  blobs_->Sweep();
  EXPECT_EQ(blobs_->Ask(Of(bytes))->bytes, kPiece);
  now_ms_ += 1;
  blobs_->Sweep();
  EXPECT_EQ(blobs_->Ask(Of(bytes))->bytes, 0u);
  EXPECT_THAT(FilesWith(bytes.substr(0, 64)), IsEmpty());
}

// At every call that changes the disk power may go, in every way it may go: what was told stays,
// nothing unfinished is shown, and it can be gone on with.
TEST_F(BlobsTest, ACrashAnywhereLosesNothingToldAndShowsNothingUnfinished) {
  const std::string bytes = Photograph(2 * kPiece + 100);
  const Blobs::Wanted wanted = Of(bytes);
  ASSERT_THAT(SendAll(wanted, bytes), IsOk());
  const uint64_t calls = disk_.calls();
  for (const testing::PowerCut kind : testing::kPowerCuts) {
    if (kind == testing::PowerCut::kFlipBit) continue;  // what was durable is damaged: Verify
    for (uint64_t at = 1; at <= calls; ++at) {
      blobs_.reset();
      disk_.Restart({{}, {"/disk"}, ""});
      Open();
      disk_.StopAtCall(at);
      uint64_t told = 0;
      bool told_whole = false;
      for (uint64_t offset = 0; offset < bytes.size(); offset += kPiece) {
        const absl::string_view piece = absl::string_view(bytes).substr(offset, kPiece);
        const auto sent = blobs_->Send(wanted, {offset, piece, HashOf(piece)});
        if (!sent.ok()) break;
        told = *sent;
      }
      if (told == bytes.size()) told_whole = blobs_->Finish(wanted).ok();
      blobs_.reset();
      disk_.Cut(kind, at);
      Open();
      ASSERT_GE(blobs_->Ask(wanted)->bytes, told) << Name(kind) << " at call " << at;
      ASSERT_TRUE(blobs_->Has(wanted.place) || !told_whole) << Name(kind) << " at call " << at;
      if (blobs_->Has(wanted.place)) {
        ASSERT_THAT(blobs_->Verify(wanted.place), IsOk()) << Name(kind) << " at call " << at;
      }
      ASSERT_THAT(SendAll(wanted, bytes), IsOk()) << Name(kind) << " at call " << at;
      ASSERT_THAT(blobs_->Verify(wanted.place), IsOk());
    }
  }
}

TEST_F(BlobsTest, AFullDiskIsToldAndGoneOnWithOnceThereIsRoom) {
  const std::string bytes = Photograph(3 * kPiece);
  ASSERT_THAT(SendPiece(Of(bytes), bytes, 0), IsOk());
  disk_.FillDisk(100, 1);
  const absl::Status full = SendPiece(Of(bytes), bytes, kPiece);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(DetailOf(full).reason(), v1::REASON_STORAGE);
  EXPECT_EQ(blobs_->Ask(Of(bytes))->bytes, kPiece);
  EXPECT_THAT(SendAll(Of(bytes), bytes), IsOk());
  EXPECT_THAT(blobs_->Verify(Of(bytes).place), IsOk());
}

TEST_F(BlobsTest, NoticesAFileThatIsNotWhatItWas) {
  const std::string bytes = Photograph(2 * kPiece);
  const Blobs::Wanted wanted = Of(bytes);
  ASSERT_THAT(SendAll(wanted, bytes), IsOk());
  testing::DiskImage image = disk_.Visible();
  for (auto& [name, content] : image.files) content[kPiece] ^= 1;
  blobs_.reset();
  disk_.Restart(image);
  Open();
  EXPECT_THAT(blobs_->Verify(wanted.place), StatusIs(absl::StatusCode::kDataLoss));
}

// Of a dossier that proved to be secret nothing lies open, wherever the power goes; what is sealed
// opens with its key; the same file of another dossier stays.
TEST_F(BlobsTest, SealsTheFilesOfOneDossier) {
  const std::string bytes = Photograph(2 * kPiece);
  const std::string begun = Photograph(2 * kPiece, 7);
  const std::string needle = bytes.substr(1'000, 64);
  const sync::RecordId secret = tests::RecordNamed("k");
  const std::string key = seal::NewVaultKey();
  const auto fill = [&] {
    blobs_.reset();
    disk_.Restart({{}, {"/disk"}, ""});
    Open();
    EXPECT_THAT(SendAll(Of(bytes, "k"), bytes), IsOk());
    EXPECT_THAT(SendAll(Of(bytes, "e"), bytes), IsOk());
    EXPECT_THAT(SendPiece(Of(begun, "k"), begun, 0), IsOk());
  };
  fill();
  const uint64_t before = disk_.calls();
  ASSERT_THAT(blobs_->Seal(secret, key), IsOk());
  const uint64_t calls = disk_.calls() - before;
  const std::string other = absl::StrCat("/disk/blobs/", tests::RecordNamed("e").Hex(), "/",
                                         absl::BytesToHexString(HashOf(bytes)));
  const auto check = [&] {
    EXPECT_THAT(FilesWith(needle), ElementsAre(other));
    EXPECT_THAT(FilesWith(begun.substr(0, 64)), IsEmpty());
    EXPECT_FALSE(blobs_->Has(Of(bytes, "k").place));
    EXPECT_TRUE(blobs_->Has(Of(bytes, "e").place));
    const std::string sealed = absl::StrCat("/disk/blobs/", secret.Hex(), ".sealed/",
                                            absl::BytesToHexString(HashOf(bytes)));
    const auto image = disk_.Visible();
    ASSERT_EQ(image.files.count(sealed), 1u);
    const std::string place = absl::StrCat("file/", absl::BytesToHexString(HashOf(bytes)), "/", 0);
    EXPECT_EQ(seal::OpenFromVault(key, place, image.files.at(sealed)).value_or(""), bytes);
  };
  check();
  EXPECT_THAT(blobs_->Ask(Of(bytes, "k")).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(SendPiece(Of(begun, "k"), begun, kPiece), StatusIs(absl::StatusCode::kNotFound));
  for (uint64_t at = 1; at <= calls; ++at) {
    fill();
    disk_.StopAtCall(at);
    EXPECT_FALSE(blobs_->Seal(secret, key).ok());
    blobs_.reset();
    disk_.Cut(testing::PowerCut::kLoseNames, at);
    Open();
    ASSERT_THAT(blobs_->Seal(secret, key), IsOk()) << "stopped at call " << at;
    check();
  }
  ASSERT_THAT(blobs_->Destroy(secret), IsOk());
  for (const auto& [name, content] : disk_.Visible().files) EXPECT_EQ(name, other);
}

}  // namespace
}  // namespace sotay::server
