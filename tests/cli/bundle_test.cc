// What is told of the files of a bundle, state by state.
#include "mobile-sdk/cli/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "mobile-sdk/cli/bundle_names.h"
#include "mobile-sdk/cli/bundle_words.h"
#include "mobile-sdk/cli/bundle_writer.h"
#include "sync/seal/digest.h"
#include "tests/support/process.h"

namespace sotay::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Verdict = FilesReport::Verdict;

class BundleTest : public ::testing::Test {
 protected:
  BundleTest() {
    fs::create_directories(folder_ + "/files");
    Write("dossier.sotay", "the dossier");
    for (const char* text : {"vết phanh", "biển số xe", "lời khai"}) {
      const auto hash = seal::Sha256(text);
      BundledFile file;
      file.sha256.assign(hash.begin(), hash.end());
      file.size = std::string(text).size();
      file.name = BundledName(named_.size() + 1, file.sha256, "anh.jpg");
      file.attachments = {sync::RecordId()};
      named_.push_back(file);
      Write("files/" + file.name, text);
    }
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << bytes;
  }
  std::string PathOf(size_t at) const { return folder_ + "/files/" + named_[at].name; }
  FilesReport Check() const { return CheckFiles(folder_, named_, statement_); }
  void SayAbsent(size_t at, v1::FileAbsence why) {
    v1::AbsentFile& absent = *statement_.add_absent();
    absent.set_sha256(named_[at].sha256);
    absent.set_size(named_[at].size);
    absent.set_why(why);
  }

  const tests::Workspace space_;
  const std::string folder_ = space_ / "vu-885";
  std::vector<BundledFile> named_;
  v1::BundledFiles statement_;
};

TEST_F(BundleTest, IsWholeAsItWasExported) {
  const FilesReport report = Check();
  EXPECT_EQ(report.verdict(), Verdict::kWhole);
  EXPECT_EQ(report.Count(FileState::kWhole), 3u);
  EXPECT_THAT(report.extra, IsEmpty());
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("3 of 3 are there, bit for bit. WHOLE."));
}

TEST_F(BundleTest, TellsWhatIsMissingAndWhatTheExporterSaidOfIt) {
  fs::remove(PathOf(0));
  fs::remove(PathOf(2));
  SayAbsent(2, v1::FILE_ABSENCE_NOT_ARRIVED);
  const FilesReport report = Check();
  EXPECT_EQ(report.verdict(), Verdict::kIncomplete);
  EXPECT_EQ(report.files[0].look.state, FileState::kMissing);
  EXPECT_EQ(report.files[0].why, v1::FILE_ABSENCE_UNSPECIFIED);
  EXPECT_EQ(report.files[2].why, v1::FILE_ABSENCE_NOT_ARRIVED);
  const std::string words = FilesInWords(Voice(Language::kEnglish), report);
  EXPECT_THAT(words, HasSubstr("was there when it was exported, and is not here"));
  EXPECT_THAT(words, HasSubstr("had not come to the server"));
  EXPECT_THAT(words, HasSubstr("INCOMPLETE"));
  EXPECT_EQ(FilesInShort(report), "of 3 files 2 are missing, 0 altered; 0 are extra");
}

TEST_F(BundleTest, WaitsForNoWithdrawnFileThatNeverCame) {
  fs::remove(PathOf(1));
  named_[1].withdrawn = true;
  EXPECT_EQ(Check().verdict(), Verdict::kIncomplete) << "it was there when it was exported";
  SayAbsent(1, v1::FILE_ABSENCE_NOT_ARRIVED);
  EXPECT_EQ(Check().verdict(), Verdict::kWhole);
  named_[1].withdrawn = false;
  EXPECT_EQ(Check().verdict(), Verdict::kIncomplete);
}

TEST_F(BundleTest, WhatComesLaterUnderItsNameIsProvenByItsHash) {
  SayAbsent(0, v1::FILE_ABSENCE_NOT_ARRIVED);
  EXPECT_EQ(Check().verdict(), Verdict::kWhole);
}

TEST_F(BundleTest, TellsAFileThatIsAnother) {
  Write("files/" + named_[0].name, "vết phanX");
  EXPECT_EQ(Check().files[0].look.instead, Instead::kOtherBytes);
  EXPECT_EQ(Check().verdict(), Verdict::kAltered);
  Write("files/" + named_[0].name, "vết phanh ");
  EXPECT_EQ(Check().files[0].look.found, "12");
  EXPECT_THAT(FilesInWords(Voice(Language::kVietnamese), Check()),
              HasSubstr("nay có 12 byte, trước là 11"));
  Write("files/" + named_[0].name, "");
  EXPECT_EQ(Check().files[0].look.instead, Instead::kOtherSize);
  EXPECT_EQ(Check().verdict(), Verdict::kAltered);
}

TEST_F(BundleTest, TellsFilesThatWereExchanged) {
  fs::rename(PathOf(0), PathOf(0) + ".x");
  fs::rename(PathOf(1), PathOf(0));
  fs::rename(PathOf(0) + ".x", PathOf(1));
  const FilesReport report = Check();
  EXPECT_EQ(report.files[0].look.instead, Instead::kAnotherOne);
  EXPECT_EQ(report.files[0].look.found, named_[1].name);
  EXPECT_EQ(report.files[1].look.found, named_[0].name);
  EXPECT_EQ(report.verdict(), Verdict::kAltered);
}

TEST_F(BundleTest, FindsAFileUnderAnotherName) {
  fs::rename(PathOf(1), folder_ + "/files/suspect.jpg");
  FilesReport report = Check();
  EXPECT_EQ(report.files[1].look.state, FileState::kElsewhere);
  EXPECT_EQ(report.files[1].look.found, "files/suspect.jpg");
  EXPECT_EQ(report.verdict(), Verdict::kAltered);
  EXPECT_THAT(report.extra, IsEmpty());
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("RENAMED, it is now files/suspect.jpg"));
  fs::rename(folder_ + "/files/suspect.jpg", folder_ + "/" + named_[1].name);
  report = Check();
  EXPECT_EQ(report.files[1].look.found, named_[1].name) << "beside the dossier";
}

TEST_F(BundleTest, TellsWhereTheBytesAreOfOneThatWasReplaced) {
  fs::rename(PathOf(1), folder_ + "/files/cu.jpg");
  Write("files/" + named_[1].name, "another");
  const FilesReport report = Check();
  EXPECT_EQ(report.files[1].look.state, FileState::kAltered);
  EXPECT_THAT(report.extra, ElementsAre("files/cu.jpg"));
  // One twice is one, and a copy.
  Write("files/" + named_[0].name + "x", "vết phanh");
  EXPECT_EQ(Check().files[0].look.state, FileState::kWhole);
  EXPECT_EQ(Check().extra_count, 2u);
}

TEST_F(BundleTest, TellsWhatNoChangeNames) {
  Write("files/0004_000000000000_them.jpg", "planted");
  Write("ghi-chu.txt", "planted");
  fs::create_directories(folder_ + "/files/thu-muc");
  Write("files/thu-muc/x.jpg", "planted");
  const FilesReport report = Check();
  EXPECT_THAT(report.extra,
              ElementsAre("files/0004_000000000000_them.jpg", "files/thu-muc", "ghi-chu.txt"));
  EXPECT_EQ(report.verdict(), Verdict::kAltered);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("ghi-chu.txt: EXTRA: no change names it"));
}

TEST_F(BundleTest, NamesAHundredOfTenThousandExtraOnesAndCountsThem) {
  for (int i = 0; i < 300; ++i) Write("files/x" + std::to_string(i), "");
  const FilesReport report = Check();
  EXPECT_EQ(report.extra.size(), 100u);
  EXPECT_EQ(report.extra_count, 300u);
}

TEST_F(BundleTest, FollowsNoLinkAndWaitsForNoPipe) {
  // Whole bytes, and yet no file of the folder.
  fs::rename(PathOf(0), space_ / "elsewhere.jpg");
  fs::create_symlink(space_ / "elsewhere.jpg", PathOf(0));
  fs::remove(PathOf(1));
  ASSERT_EQ(::mkfifo(PathOf(1).c_str(), 0600), 0);
  fs::remove(PathOf(2));
  fs::create_directory(PathOf(2));
  FilesReport report = Check();
  EXPECT_EQ(report.files[0].look.instead, Instead::kLink);
  EXPECT_EQ(report.files[1].look.instead, Instead::kNoFile);
  EXPECT_EQ(report.files[2].look.instead, Instead::kNoFile);
  EXPECT_EQ(report.verdict(), Verdict::kAltered);

  fs::rename(folder_ + "/files", space_ / "outside");
  fs::create_directory_symlink(space_ / "outside", folder_ + "/files");
  report = Check();
  EXPECT_THAT(report.extra, ElementsAre("files"));
  EXPECT_EQ(report.Count(FileState::kMissing), 3u);
}

TEST_F(BundleTest, IsFoundByFolderAndByTheDossierInIt) {
  EXPECT_EQ(PlaceOf(folder_).dossier, folder_ + "/dossier.sotay");
  EXPECT_EQ(PlaceOf(folder_).folder, folder_);
  EXPECT_EQ(PlaceOf(folder_ + "/dossier.sotay").folder, folder_);
  EXPECT_EQ(PlaceOf(space_ / "vu.sotay").folder, "");
  EXPECT_EQ(ReadDossierAt(folder_).value_or(""), "the dossier");
  fs::remove(folder_ + "/dossier.sotay");
  EXPECT_TRUE(absl::IsNotFound(ReadDossierAt(folder_).status()));
  ASSERT_EQ(::mkfifo((folder_ + "/dossier.sotay").c_str(), 0600), 0);
  EXPECT_TRUE(absl::IsInvalidArgument(ReadDossierAt(folder_).status())) << "waits for nobody";
  fs::remove_all(folder_ + "/files");
  EXPECT_EQ(PlaceOf(folder_ + "/dossier.sotay").folder, "") << "it stands alone";
}

}  // namespace
}  // namespace sotay::cli
