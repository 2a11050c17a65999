// Writing a bundle: from a server that has not everything, onto a disk that is full, and again.
#include "mobile-sdk/cli/bundle_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/core/link.h"
#include "sync/seal/digest.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using tests::IsOk;

absl::Status NotYet() {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_CHANGED_MEANWHILE);
  return sdk::WithDetail(absl::FailedPreconditionError("the file has not come whole yet"), detail);
}

class BundleWriterTest : public ::testing::Test {
 protected:
  BundleWriterTest() {
    for (const size_t size : {300'000, 7, 70'000}) {
      const std::string bytes(size, static_cast<char>('a' + named_.size()));
      const auto hash = seal::Sha256(bytes);
      BundledFile file;
      file.sha256.assign(hash.begin(), hash.end());
      file.size = size;
      file.name = BundledName(named_.size() + 1, file.sha256, "anh.jpg");
      file.attachments = {sync::RecordId()};
      served_[file.sha256] = bytes;
      named_.push_back(file);
    }
  }
  // A server that gives 64 KiB at a time, or what `failures` has of a file.
  absl::StatusOr<v1::ReadChunkResponse> Read(const v1::ReadChunkRequest& request) {
    ++reads_;
    const std::string& sha256 = request.blob().sha256();
    if (failures_.count(sha256) != 0 && request.offset() >= fails_at_) return failures_[sha256];
    v1::ReadChunkResponse response;
    const size_t bytes = request.bytes_max() == 0 ? 65'536 : request.bytes_max();
    response.set_data(served_[sha256].substr(request.offset(), bytes));
    return response;
  }
  absl::StatusOr<std::unique_ptr<BundleWriter>> Begin() { return BundleWriter::Begin(folder_); }
  absl::StatusOr<FetchedFiles> Fetch(BundleWriter* writer) {
    return FetchInto(
        writer, named_, [this](const v1::ReadChunkRequest& request) { return Read(request); },
        [](const BundledFile&, size_t, size_t, uint64_t) {});
  }
  bool IsThere(const std::string& path) const { return fs::exists(fs::symlink_status(path)); }

  const tests::Workspace space_;
  const std::string folder_ = space_ / "vu-885";
  const std::string part_ = folder_ + ".part";
  std::vector<BundledFile> named_;
  std::map<std::string, std::string> served_;
  std::map<std::string, absl::Status> failures_;
  uint64_t fails_at_ = 0;
  int reads_ = 0;
};

TEST_F(BundleWriterTest, AppearsWhenItIsWhole) {
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto fetched = Fetch(writer->get());
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->count, 3u);
  EXPECT_EQ(fetched->bytes, 370'007u);
  EXPECT_EQ(fetched->statement.absent_size(), 0);
  ASSERT_THAT((*writer)->PutDossier("the dossier"), IsOk());
  EXPECT_FALSE(IsThere(folder_));
  ASSERT_THAT((*writer)->Keep(), IsOk());
  EXPECT_FALSE(IsThere(part_));
  const FilesReport report = CheckFiles(folder_, named_, fetched->statement);
  EXPECT_EQ(report.verdict(), FilesReport::Verdict::kWhole);
  EXPECT_EQ(fs::status(folder_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(folder_ + "/files/" + named_[0].name).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(BundleWriterTest, LeavesOutWhatTheServerHasNotAndSaysWhy) {
  failures_[named_[1].sha256] = NotYet();
  served_[named_[2].sha256][100] = 'x';
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto fetched = Fetch(writer->get());
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->count, 1u);
  ASSERT_EQ(fetched->statement.absent_size(), 2);
  EXPECT_EQ(fetched->statement.absent(0).why(), v1::FILE_ABSENCE_NOT_ON_SERVER);
  EXPECT_EQ(fetched->statement.absent(1).why(), v1::FILE_ABSENCE_DAMAGED);
  EXPECT_FALSE(IsThere(part_ + "/files/" + named_[2].name)) << "what is wrong is not kept";
  // One that is shorter than its attachment says, as well.
  served_[named_[2].sha256].resize(100);
  const auto again = Fetch(writer->get());
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->statement.absent(1).why(), v1::FILE_ABSENCE_DAMAGED);
}

TEST_F(BundleWriterTest, GoesOnWhereItBrokeOff) {
  fails_at_ = 65'536;
  failures_[named_[2].sha256] = absl::UnavailableError("no network");
  {
    auto writer = Begin();
    ASSERT_THAT(writer, IsOk());
    const auto cut = Fetch(writer->get());
    EXPECT_TRUE(absl::IsUnavailable(cut.status()));
    EXPECT_FALSE(ForbidsKeeping(cut.status()));
  }
  EXPECT_TRUE(IsThere(part_ + "/files/" + named_[0].name));
  // A crash may have left more, and the disk may have rotted since.
  std::ofstream(part_ + "/files/" + named_[2].name + ".part") << "half";
  std::ofstream(part_ + "/files/" + named_[1].name) << "rotten!";
  std::ofstream(part_ + "/files/0009_000000000000_other.jpg") << "of another attempt";
  failures_.clear();
  reads_ = 0;
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto fetched = Fetch(writer->get());
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->kept, 1u);
  EXPECT_EQ(fetched->count, 3u);
  EXPECT_EQ(reads_, 4) << "of the first it asks for one byte, to hear whether it still may";
  ASSERT_THAT((*writer)->PutDossier("the dossier"), IsOk());
  ASSERT_THAT((*writer)->Keep(), IsOk());
  EXPECT_EQ(CheckFiles(folder_, named_, fetched->statement).verdict(),
            FilesReport::Verdict::kWhole);
}

TEST_F(BundleWriterTest, KeepsNothingThatIsNoLongerTheirs) {
  fails_at_ = 65'536;
  failures_[named_[0].sha256] = absl::NotFoundError("the file");
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto fetched = Fetch(writer->get());
  ASSERT_TRUE(ForbidsKeeping(fetched.status()));
  ASSERT_THAT((*writer)->Discard(), IsOk());
  EXPECT_FALSE(IsThere(part_));
  EXPECT_FALSE(IsThere(folder_));
}

// What an earlier attempt brought was theirs then.
TEST_F(BundleWriterTest, CountsNoKeptFileThatTheServerNoLongerGives) {
  {
    auto writer = Begin();
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(Fetch(writer->get()), IsOk());
  }
  failures_[named_[1].sha256] = NotYet();
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto lost = Fetch(writer->get());
  ASSERT_THAT(lost, IsOk());
  EXPECT_EQ(lost->kept, 3u) << "the server lost it, and it is here";
  failures_[named_[1].sha256] = absl::PermissionDeniedError("the dossier is closed to you");
  EXPECT_TRUE(ForbidsKeeping(Fetch(writer->get()).status()));
}

TEST_F(BundleWriterTest, KnowsWhoseItIs) {
  const std::string record = "\x7f\x3a\x91\xc2";
  const std::string dossier(16, 'd');
  {
    auto writer = Begin();
    ASSERT_THAT(writer, IsOk());
    EXPECT_TRUE((*writer)->IsOf("\x01\x02\x03\x04")) << "nothing is there";
    ASSERT_THAT((*writer)->Claim(record, dossier), IsOk());
    ASSERT_THAT(Fetch(writer->get()), IsOk());
    EXPECT_TRUE((*writer)->Leave());
  }
  {
    auto writer = Begin();
    ASSERT_THAT(writer, IsOk());
    EXPECT_FALSE((*writer)->IsOf("\x7f\x3a\x91\xc3")) << "a slip of the pen";
    EXPECT_TRUE((*writer)->IsOf(record));
    EXPECT_TRUE((*writer)->IsOf(record + "\x55"));
    EXPECT_TRUE((*writer)->IsOf(dossier.substr(0, 4)));
    const absl::Status other = (*writer)->Claim("\x01\x02\x03\x04", std::string(16, 'e'));
    EXPECT_TRUE(absl::IsFailedPrecondition(other)) << other;
    EXPECT_THAT(std::string(other.message()), HasSubstr("7f3a91c2"));
    EXPECT_TRUE(IsThere(part_ + "/files/" + named_[0].name));
    ASSERT_THAT((*writer)->Claim(record, dossier), IsOk());
    const auto fetched = Fetch(writer->get());
    ASSERT_THAT(fetched, IsOk());
    EXPECT_EQ(fetched->kept, 3u);
    ASSERT_THAT((*writer)->PutDossier("the dossier"), IsOk());
    EXPECT_EQ((*writer)->ReadThrough(named_, fetched->statement, nullptr).verdict(),
              FilesReport::Verdict::kWhole);
    ASSERT_THAT((*writer)->Keep(), IsOk());
  }
  EXPECT_EQ(CheckFiles(folder_, named_, {}).verdict(), FilesReport::Verdict::kWhole)
      << "nothing of it is in the folder";
}

TEST_F(BundleWriterTest, LeavesNoEmptyFolder) {
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  EXPECT_FALSE((*writer)->Leave());
  EXPECT_FALSE(IsThere(part_));
}

TEST_F(BundleWriterTest, WritesThroughNoLink) {
  const std::string outside = space_ / "outside.jpg";
  const std::string name = named_[0].name;
  fs::create_directories(part_ + "/files");
  for (const std::string& link :
       {part_ + "/files/" + name, part_ + "/files/" + name + ".part", part_ + "/dossier.sotay",
        part_ + "/dossier.sotay.new", part_ + "/export.of"}) {
    fs::create_symlink(outside, link);
    EXPECT_TRUE(absl::IsFailedPrecondition(Begin().status())) << link;
    fs::remove(link);
    fs::create_directory(link);
    EXPECT_TRUE(absl::IsFailedPrecondition(Begin().status())) << link;
    fs::remove(link);
  }
  // Another name of somebody's file is no file of an export's, and is not written over.
  std::ofstream(outside) << "somebody's";
  fs::create_hard_link(outside, part_ + "/dossier.sotay.new");
  fs::create_hard_link(outside, part_ + "/files/" + name + ".part");
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT(Fetch(writer->get()), IsOk());
  ASSERT_THAT((*writer)->PutDossier("the dossier"), IsOk());
  EXPECT_EQ(fs::file_size(outside), 10u);
  // Put there meanwhile, the link itself goes.
  fs::remove(part_ + "/files/" + name);
  fs::create_symlink(space_ / "nowhere", part_ + "/files/" + name + ".part");
  ASSERT_THAT(Fetch(writer->get()), IsOk());
  EXPECT_FALSE(IsThere(space_ / "nowhere"));
}

TEST_F(BundleWriterTest, WritesNothingWhereItDoesNotFit) {
  auto writer = BundleWriter::Begin(folder_, [] { return uint64_t{100'000}; });
  ASSERT_THAT(writer, IsOk());
  const auto fetched = Fetch(writer->get());
  EXPECT_TRUE(absl::IsResourceExhausted(fetched.status()));
  EXPECT_THAT(std::string(fetched.status().message()), HasSubstr("100 kB are free"));
  EXPECT_EQ(reads_, 0);
}

TEST_F(BundleWriterTest, ReplacesNothing) {
  fs::create_directory(folder_);
  EXPECT_TRUE(absl::IsAlreadyExists(Begin().status()));
  fs::remove(folder_);
  fs::create_symlink(space_ / "nowhere", folder_);
  EXPECT_TRUE(absl::IsAlreadyExists(Begin().status()));
  fs::remove(folder_);
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  fs::create_directory(folder_);
  EXPECT_TRUE(absl::IsAlreadyExists((*writer)->Keep())) << "an empty one, either";
}

TEST_F(BundleWriterTest, TouchesNothingThatNoExportWrote) {
  fs::create_directories(part_);
  std::ofstream(part_ + "/don-thu.docx") << "somebody's";
  EXPECT_TRUE(absl::IsFailedPrecondition(Begin().status()));
  fs::remove(part_ + "/don-thu.docx");
  fs::create_directories(part_ + "/files");
  std::ofstream(part_ + "/files/don-thu.docx") << "somebody's";
  EXPECT_TRUE(absl::IsFailedPrecondition(Begin().status()));
  EXPECT_TRUE(IsThere(part_ + "/files/don-thu.docx"));
  fs::rename(part_, space_ / "outside");
  fs::create_directory_symlink(space_ / "outside", part_);
  EXPECT_FALSE(Begin().ok()) << "through a link";
}

TEST_F(BundleWriterTest, IsWrittenByOneProcessAtATime) {
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  EXPECT_TRUE(absl::IsAborted(Begin().status()));
  writer->reset();
  EXPECT_THAT(Begin(), IsOk());
}

TEST_F(BundleWriterTest, WaitsForAServerThatIsBusy) {
  int busy = 2;
  v1::ErrorDetail detail;
  detail.set_retry_after_ms(1);
  auto writer = Begin();
  ASSERT_THAT(writer, IsOk());
  const auto fetched = FetchInto(
      writer->get(), named_,
      [&](const v1::ReadChunkRequest& request) -> absl::StatusOr<v1::ReadChunkResponse> {
        if (busy-- > 0) return sdk::WithDetail(absl::UnavailableError("busy"), detail);
        return Read(request);
      },
      [](const BundledFile&, size_t, size_t, uint64_t) {});
  ASSERT_THAT(fetched, IsOk());
  EXPECT_EQ(fetched->count, 3u);
}

}  // namespace
}  // namespace sotay::cli
