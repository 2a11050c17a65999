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
#include "mobile-sdk/core/builtin_schema.h"
#include "sotay/v1/record.pb.h"
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
  static std::vector<std::string> Paths(const FilesReport& report) {
    std::vector<std::string> paths;
    for (const ExtraFile& extra : report.extra) paths.push_back(extra.path);
    return paths;
  }
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
  EXPECT_THAT(Paths(report), IsEmpty());
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("3 of 3 are there, bit for bit. WHOLE."));
}

TEST_F(BundleTest, TellsWhatIsMissingAndWhatTheExporterSaidOfIt) {
  fs::remove(PathOf(0));
  fs::remove(PathOf(2));
  SayAbsent(2, v1::FILE_ABSENCE_NOT_ON_SERVER);
  const FilesReport report = Check();
  EXPECT_EQ(report.verdict(), Verdict::kIncomplete);
  EXPECT_EQ(report.files[0].look.state, FileState::kMissing);
  EXPECT_EQ(report.files[0].why, v1::FILE_ABSENCE_UNSPECIFIED);
  EXPECT_EQ(report.files[2].why, v1::FILE_ABSENCE_NOT_ON_SERVER);
  const std::string words = FilesInWords(Voice(Language::kEnglish), report);
  EXPECT_THAT(words, HasSubstr("was there when it was exported, and is not here"));
  EXPECT_THAT(words, HasSubstr("the server had not got it when it was exported"));
  EXPECT_THAT(words, HasSubstr("INCOMPLETE"));
  EXPECT_EQ(FilesInShort(report), "of 3 files 2 are missing, 0 altered; 0 are extra");
}

TEST_F(BundleTest, IsNotWholeWithoutAWithdrawnFileEither) {
  // The server may have lost it, and its word cannot be told from that it never had it.
  fs::remove(PathOf(1));
  named_[1].withdrawn = true;
  EXPECT_EQ(Check().verdict(), Verdict::kIncomplete);
  SayAbsent(1, v1::FILE_ABSENCE_NOT_ON_SERVER);
  EXPECT_EQ(Check().verdict(), Verdict::kIncomplete);
  EXPECT_EQ(FilesInShort(Check()), "of 3 files 1 are missing, 0 altered; 0 are extra");
}

// Which files they name nobody can say here; so nothing is whole, and nothing is planted.
TEST_F(BundleTest, JudgesNoFilesOfTypesThatAreNotKnownHere) {
  FilesReport report = Check();
  report.unknown_types = {"sotay.fixtures.TreeCensus"};
  EXPECT_EQ(report.verdict(), Verdict::kUnknown);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report), HasSubstr("UNKNOWN"));
  EXPECT_THAT(FilesInShort(report), HasSubstr("sotay.fixtures.TreeCensus"));
  Write("files/0004_000000000000_cay.jpg", "of a census");
  report = Check();
  EXPECT_EQ(report.verdict(), Verdict::kAltered);
  report.unknown_types = {"sotay.fixtures.TreeCensus"};
  EXPECT_EQ(report.verdict(), Verdict::kUnknown);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("EXTRA: no change that can be read here names it"));
  Write("files/" + named_[0].name, "another");
  report = Check();
  report.unknown_types = {"sotay.fixtures.TreeCensus"};
  EXPECT_EQ(report.verdict(), Verdict::kAltered) << "of a file that is known it can be said";
}

// What this machine cannot read it neither finds altered nor extra.
TEST_F(BundleTest, SaysOfWhatItCannotReadThatItCouldNotBeChecked) {
  named_[1].name = std::string(300, 'a');  // no disk opens such a name, whoever asks
  fs::remove(folder_ + "/files/" + BundledName(2, named_[1].sha256, "anh.jpg"));
  FilesReport report = Check();
  EXPECT_EQ(report.files[1].look.state, FileState::kUnread);
  EXPECT_EQ(report.verdict(), Verdict::kUnchecked);
  EXPECT_EQ(report.extra_count, 0u);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report), HasSubstr("COULD NOT BE CHECKED"));
  EXPECT_THAT(FilesInShort(report), HasSubstr("0 altered; 0 are extra; 1 could not be read"));
  Write("ghi-chu.txt", "planted");
  EXPECT_EQ(Check().verdict(), Verdict::kAltered);
}

TEST_F(BundleTest, TakesAFileUnderANameThatTheRuleGivesItElsewhere) {
  const std::string other = BundledName(7, named_[1].sha256, "bien so.jpg");
  fs::rename(PathOf(1), folder_ + "/files/" + other);
  const FilesReport report = Check();
  EXPECT_EQ(report.files[1].look.state, FileState::kNamedOtherwise);
  EXPECT_EQ(report.verdict(), Verdict::kWhole);
  const std::string words = FilesInWords(Voice(Language::kEnglish), report);
  EXPECT_THAT(words, HasSubstr("whole, under the name files/" + other));
  EXPECT_THAT(words, HasSubstr("3 of 3 are there"));
  // Beside the dossier the rule puts none.
  fs::rename(folder_ + "/files/" + other, folder_ + "/" + other);
  EXPECT_EQ(Check().verdict(), Verdict::kAltered);
}

TEST_F(BundleTest, WhatComesLaterUnderItsNameIsProvenByItsHash) {
  SayAbsent(0, v1::FILE_ABSENCE_NOT_ON_SERVER);
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
  EXPECT_THAT(Paths(report), IsEmpty());
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
  ASSERT_THAT(Paths(report), ElementsAre("files/cu.jpg"));
  EXPECT_EQ(report.extra[0].bytes_of, "files/" + named_[1].name);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("files/cu.jpg: EXTRA: its bytes are those of files/" + named_[1].name));
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
  EXPECT_THAT(Paths(report),
              ElementsAre("files/0004_000000000000_them.jpg", "files/thu-muc", "ghi-chu.txt"));
  EXPECT_EQ(report.verdict(), Verdict::kAltered);
  EXPECT_THAT(FilesInWords(Voice(Language::kEnglish), report),
              HasSubstr("ghi-chu.txt: EXTRA: no change names it"));
}

TEST_F(BundleTest, NamesAHundredOfTenThousandExtraOnesAndCountsThem) {
  for (int i = 0; i < 300; ++i) Write("files/x" + std::to_string(1'000 + i), "");
  const FilesReport report = Check();
  EXPECT_EQ(report.extra.front().path, "files/x1000");
  EXPECT_EQ(report.extra.back().path, "files/x1099");
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
  EXPECT_THAT(Paths(report), ElementsAre("files"));
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
  EXPECT_TRUE(absl::IsDataLoss(ReadDossierAt(folder_).status())) << "waits for nobody";
  fs::rename(folder_ + "/files", space_ / "outside");
  fs::create_symlink(space_ / "nowhere", folder_ + "/files");
  EXPECT_EQ(PlaceOf(folder_ + "/dossier.sotay").folder, folder_) << "whatever is called files";
  fs::remove_all(folder_ + "/files");
  EXPECT_EQ(PlaceOf(folder_ + "/dossier.sotay").folder, "") << "it may stand alone";
  // Exported with files it means its folder, where what was planted is to be seen.
  EXPECT_EQ(FolderOf(folder_ + "/dossier.sotay", named_, statement_), folder_);
  EXPECT_EQ(FolderOf(space_ / "vu.sotay", named_, statement_), "");
  EXPECT_EQ(FolderOf(folder_ + "/dossier.sotay", named_, LeftOut(named_)), "");
  EXPECT_EQ(FolderOf(folder_ + "/dossier.sotay", {}, statement_), "");
}

// A record of that type, as it was born.
std::string RecordOf(const std::string& type) {
  v1::Record record;
  record.set_record_id(std::string(16, 'r'));
  record.set_dossier_id(std::string(16, 'r'));
  record.set_unit_id("vkskv3");
  record.set_type(type);
  v1::ChangeRef& born = *record.add_changes();
  born.set_change_id(std::string(32, 'c'));
  born.set_device_id(std::string(16, 'd'));
  born.set_sequence(1);
  record.add_heads(0);
  v1::Seen& seen = *record.add_seen();
  seen.set_device_id(born.device_id());
  seen.set_sequence(1);
  return record.SerializeAsString();
}

TEST(UnknownTypesIn, NamesTheTypesThatTheSchemaHasNot) {
  const auto schema = sdk::BuiltinSchema();
  v1::Dossier dossier;
  for (const std::string& type :
       {std::string("foreign.v1.TreeCensus"), std::string("foreign.v1.Plot"),
        std::string("foreign.v1.Plot"), schema->types().begin()->first}) {
    dossier.add_records(RecordOf(type));
  }
  dossier.add_records("no record");
  EXPECT_THAT(UnknownTypesIn(*schema, dossier),
              ElementsAre("foreign.v1.Plot", "foreign.v1.TreeCensus"));
}

TEST(StatementIn, ReadsItsFieldAndNothingElse) {
  v1::DossierFiles said;
  said.mutable_files()->set_naming(1);
  v1::DossierFiles more;
  more.mutable_files()->add_absent()->set_size(7);
  v1::Dossier dossier;
  dossier.set_organisation_id("vks-sm");
  EXPECT_FALSE(StatementIn(dossier.SerializeAsString()).has_value());
  const std::string bytes =
      said.SerializeAsString() + dossier.SerializeAsString() + more.SerializeAsString();
  const auto statement = StatementIn(bytes);
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(statement->naming(), 1u);
  EXPECT_EQ(statement->absent_size(), 1) << "said in pieces, it is one";
  for (size_t size = 1; size < bytes.size(); ++size) {
    v1::DossierFiles whole;
    const std::string cut = bytes.substr(0, size);
    const bool read = whole.ParseFromString(cut) && whole.has_files();
    EXPECT_EQ(StatementIn(cut).has_value(), read) << size;
  }
  v1::SealedDossier sealed;
  sealed.set_dossier(bytes);
  sealed.set_public_key("key");
  EXPECT_EQ(DossierIn(sealed.SerializeAsString()), bytes);
  EXPECT_EQ(DossierIn("\xff"), "");
}

}  // namespace
}  // namespace sotay::cli
