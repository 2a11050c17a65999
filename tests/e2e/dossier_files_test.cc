// A dossier with the files of its attachments: from real phones through a real server into a
// folder, and what is told of the folder when somebody changes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "sync/seal/dossier_check.h"
#include "sync/seal/key.h"
#include "tests/e2e/dossier_scene.h"

namespace sotay::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class DossierFiles : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    scene_ = new DossierScene();
    const std::string note =
        scene_->Phone(kDam, {"new", "note", "--in", scene_->inspection(), "body=Vết phanh."})["id"];
    photographs_ = new std::vector<std::string>{Photograph(70'000, 1), Photograph(3'000, 2),
                                                Photograph(3'000, 3)};
    scene_->Attach("Vết phanh, điểm đầu.JPG", (*photographs_)[0], scene_->inspection());
    scene_->Attach("anh\u202Egpj.exe", (*photographs_)[1], scene_->inspection());
    scene_->Attach("bien-ban.pdf", (*photographs_)[2], note);
    // The same bytes once more, under another record and name.
    scene_->Attach("lai-lan-nua.png", (*photographs_)[0], note);
    scene_->Phone(kDam, {"sync"});
    const Ended exported = scene_->Ctl({"export", note.substr(0, 12), Folder()});
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_THAT(exported.out, HasSubstr("Files: 3 of 3"));
  }
  static void TearDownTestSuite() {
    delete photographs_;
    delete scene_;
  }
  static std::string Folder() { return scene_->office().space() / "vu-9x"; }

  // A copy, to be changed.
  void SetUp() override {
    fs::remove_all(copy_);
    fs::copy(Folder(), copy_, fs::copy_options::recursive);
    paths_.clear();
    const json told = DossierScene::Verified(Folder());
    for (const json& file : told["files"]) paths_.push_back(file["path"]);
    ASSERT_THAT(paths_, SizeIs(3));
  }
  std::string At(size_t file) const { return copy_ + "/" + paths_[file]; }

  static DossierScene* scene_;
  static std::vector<std::string>* photographs_;
  const std::string copy_ = scene_->office().space() / "ban-sao";
  std::vector<std::string> paths_;
};

DossierScene* DossierFiles::scene_ = nullptr;
std::vector<std::string>* DossierFiles::photographs_ = nullptr;

TEST_F(DossierFiles, HoldsAndIsReadable) {
  const Ended ended = DossierScene::Verify(copy_);
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("3 of 3 are there, bit for bit. WHOLE."));
  EXPECT_THAT(ended.out, HasSubstr("File: " + paths_[0] + " (70 kB): whole"));
  EXPECT_THAT(paths_[0], HasSubstr("files/0001_"));
  EXPECT_THAT(paths_[0], HasSubstr("_Vet-phanh-diem-dau.jpg"));
  EXPECT_THAT(paths_[1], HasSubstr("_anh-gpj-exe.bin"));
  EXPECT_THAT(paths_[2], HasSubstr("_bien-ban.pdf"));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(Bytes(At(i)), (*photographs_)[i]) << paths_[i];
  const json told = DossierScene::Verified(copy_);
  EXPECT_EQ(told["files_verdict"], "whole");
  EXPECT_THAT(told["files"][0]["attachments"], SizeIs(2)) << "two of the same bytes are one file";
  // Who hands the folder on may name the dossier in it.
  EXPECT_EQ(DossierScene::Verify(copy_ + "/dossier.sotay").exit_code, 0);
  EXPECT_EQ(DossierScene::Verify(copy_, {"--lang", "vi"}).exit_code, 0);
}

TEST_F(DossierFiles, EachReadOfAFileIsWrittenDown) {
  const json told = DossierScene::Verified(copy_);
  for (const json& file : told["files"]) {
    // To the one who began it.
    const Ended access =
        tests::Run({SOTAYCTL, "--dir", scene_->office().space() / kDam, "--json", "access",
                    "--record", file["attachments"][0].get<std::string>()});
    const json rows = json::parse(access.out, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(std::any_of(
        rows.begin(), rows.end(),
        [](const json& row) { return row["kind"] == "ACCESS_KIND_FILE" && row["user"] == kQue; }))
        << access.out << access.err;
  }
}

TEST_F(DossierFiles, TellsEachKindOfTampering) {
  std::string bytes = Bytes(At(1));
  bytes[1'234] = static_cast<char>(bytes[1'234] ^ 4);
  Write(At(1), bytes);
  Ended ended = DossierScene::Verify(copy_);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("NOT THE FILE THAT WAS ATTACHED: its bytes are others"));
  EXPECT_THAT(ended.out, HasSubstr("ALTERED"));
  EXPECT_EQ(DossierScene::Verified(copy_)["holds"], false);

  SetUp();
  fs::resize_file(At(0), 69'999);
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("it has 69999 bytes, and had 70000"));

  SetUp();
  fs::rename(At(1), At(1) + "x");
  fs::rename(At(2), At(1));
  fs::rename(At(1) + "x", At(2));
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("its bytes are those of " + paths_[1].substr(6)));
  EXPECT_THAT(ended.out, HasSubstr("its bytes are those of " + paths_[2].substr(6)));

  SetUp();
  fs::rename(At(2), copy_ + "/files/khac.pdf");
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("RENAMED, it is now files/khac.pdf"));

  SetUp();
  Write(copy_ + "/files/0004_000000000000_them.jpg", "planted");
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("files/0004_000000000000_them.jpg: EXTRA"));

  SetUp();
  fs::remove(At(0));
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, kIncomplete);
  EXPECT_THAT(ended.out, HasSubstr("was there when it was exported, and is not here"));
  EXPECT_THAT(ended.out, HasSubstr("INCOMPLETE"));
  EXPECT_THAT(ended.err, HasSubstr("of 3 files 1 are missing"));
  EXPECT_EQ(DossierScene::Verified(copy_)["holds"], true);
  const Ended unlooked = DossierScene::Verify(copy_, {"--json", "--without-files"});
  EXPECT_EQ(unlooked.exit_code, 0);
  EXPECT_EQ(json::parse(unlooked.out)["files_verdict"], "not_looked_at");

  // Named by its dossier the folder is looked at, whatever became of its files.
  SetUp();
  fs::remove_all(copy_ + "/files");
  Write(copy_ + "/anh.jpg", "planted");
  ended = DossierScene::Verify(copy_ + "/dossier.sotay", {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("anh.jpg: EXTRA"));

  // A link is no dossier that an export left there.
  SetUp();
  fs::rename(copy_ + "/dossier.sotay", copy_ + ".sotay");
  fs::create_symlink(copy_ + ".sotay", copy_ + "/dossier.sotay");
  EXPECT_EQ(DossierScene::Verify(copy_, {"--quiet"}).exit_code, 1);
  EXPECT_EQ(DossierScene::Verify(copy_ + "/dossier.sotay", {"--quiet"}).exit_code, 1);
  fs::remove(copy_ + ".sotay");

  // Where the changes do not hold, neither does what they say of files.
  SetUp();
  bytes = Bytes(copy_ + "/dossier.sotay");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  Write(copy_ + "/dossier.sotay", bytes);
  ended = DossierScene::Verify(copy_, {"--quiet"});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("nothing is proven of them"));
  EXPECT_THAT(ended.out, ::testing::Not(HasSubstr("bit for bit")));
  const json unproven = DossierScene::Verified(copy_);
  EXPECT_EQ(unproven["files_verdict"], "unproven");
  EXPECT_THAT(unproven["files"], SizeIs(0)) << "nothing is said of any";
}

// By chance, two thousand times: a bit, a cut, some more bytes, a removal, another name, another's
// place, one more; of the files and of the dossier among them.
TEST_F(DossierFiles, EveryTamperingIsTold) {
  const auto schema = sdk::BuiltinSchema();
  const auto verdict = [&]() -> std::string {
    const std::string bytes = Bytes(copy_ + "/dossier.sotay");
    const seal::DossierReport report = seal::CheckDossier(*schema, bytes, "");
    if (!report.faults.empty()) return "faults";
    v1::SealedDossier sealed;
    sealed.ParseFromString(bytes);
    const auto statement = cli::StatementIn(sealed.dossier());
    if (!statement.has_value()) return "no statement";
    const cli::FilesReport files =
        cli::CheckFiles(copy_, cli::FilesNamedIn(*schema, report.dossier), *statement);
    switch (files.verdict()) {
      case cli::FilesReport::Verdict::kWhole:
        return "whole";
      case cli::FilesReport::Verdict::kIncomplete:
        return "incomplete";
      case cli::FilesReport::Verdict::kUnknown:
        return "unknown";
      case cli::FilesReport::Verdict::kUnchecked:
        return "unchecked";
      case cli::FilesReport::Verdict::kAltered:
        return "altered";
    }
    return "";
  };
  ASSERT_EQ(verdict(), "whole");
  std::mt19937 chance(SeedOr(17));
  std::map<std::string, int> told;
  for (int round = 0; round < 2'000; ++round) {
    const size_t at = chance() % 4;
    const bool dossier = at == 3;
    const std::string path = dossier ? copy_ + "/dossier.sotay" : At(at);
    const std::string whole = Bytes(path);
    std::string bytes = whole;
    std::string other;  // a second name that was written to
    std::string expected = dossier ? "faults" : "altered";
    const auto act = chance() % 6;
    if (act == 0) {
      const size_t bit = chance() % (bytes.size() * 8);
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      Write(path, bytes);
    } else if (act == 1) {
      Write(path, bytes.substr(0, chance() % bytes.size()));
    } else if (act == 2) {
      Write(path, bytes + std::string(1 + chance() % 9, static_cast<char>(chance())));
    } else if (act == 3) {
      fs::remove(path);
      if (!dossier) expected = "incomplete";
    } else if (act == 4) {
      other = copy_ + "/files/" + std::to_string(chance()) + ".jpg";
      fs::rename(path, other);
    } else {
      other = copy_ + (chance() % 2 == 0 ? "/" : "/files/") + std::to_string(chance());
      Write(other, bytes);
      expected = "altered";
    }
    ASSERT_EQ(verdict(), expected) << "round " << round << ", act " << act << " on " << path;
    ++told[expected];
    if (!other.empty()) fs::remove(other);
    Write(path, whole);
  }
  EXPECT_EQ(verdict(), "whole");
  EXPECT_THAT(told, SizeIs(3));
}

TEST_F(DossierFiles, WithoutFilesIsOneFileThatSaysSo) {
  const std::string file = scene_->office().space() / "vu-9x.sotay";
  const Ended exported = scene_->Ctl({"export", scene_->inspection(), file, "--without-files"});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, HasSubstr("exported without files"));
  ASSERT_TRUE(fs::is_regular_file(file));
  const Ended ended = DossierScene::Verify(file, {"--quiet"});
  EXPECT_EQ(ended.exit_code, kIncomplete);
  EXPECT_THAT(ended.out, HasSubstr("MISSING: exported without files"));
  EXPECT_EQ(DossierScene::Verify(file, {"--quiet", "--without-files"}).exit_code, 0);
  // Neither is ever put in place of anything.
  const std::string before = Bytes(file);
  EXPECT_EQ(scene_->Ctl({"export", scene_->inspection(), file, "--without-files"}).exit_code, 4);
  EXPECT_EQ(Bytes(file), before);
  EXPECT_EQ(scene_->Ctl({"export", scene_->inspection(), file}).exit_code, 4);
  EXPECT_EQ(scene_->Ctl({"export", scene_->inspection(), Folder()}).exit_code, 4);
}

// As exports were before files went with them: nothing is said of any.
TEST_F(DossierFiles, AnExportFromBeforeHasNone) {
  v1::SealedDossier sealed;
  v1::Dossier dossier;
  ASSERT_TRUE(sealed.ParseFromString(Bytes(copy_ + "/dossier.sotay")));
  ASSERT_TRUE(dossier.ParseFromString(sealed.dossier()));
  dossier.DiscardUnknownFields();
  const auto key = seal::SigningKey::Load(scene_->office().space() / kQue + "/device.key");
  ASSERT_TRUE(key.ok());
  sealed.set_dossier(dossier.SerializeAsString());
  sealed.set_signature(*key->Sign(seal::DossierText(sealed.dossier())));
  const std::string file = scene_->office().space() / "cu.sotay";
  Write(file, sealed.SerializeAsString());
  const Ended ended = DossierScene::Verify(file, {"--quiet"});
  EXPECT_EQ(ended.exit_code, kIncomplete) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("MISSING: exported without files"));
  // By a rule that this build does not know nothing is said of files at all.
  v1::DossierFiles newer;
  newer.mutable_files()->set_naming(2);
  sealed.set_dossier(dossier.SerializeAsString() + newer.SerializeAsString());
  sealed.set_signature(*key->Sign(seal::DossierText(sealed.dossier())));
  Write(file, sealed.SerializeAsString());
  const Ended unknown = DossierScene::Verify(file, {"--quiet"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.out, HasSubstr("Holds: ")) << "of the dossier it says what it proves";
  EXPECT_THAT(unknown.err, HasSubstr("take a newer sotay-verify"));
  EXPECT_THAT(unknown.err, HasSubstr("--without-files"));
  EXPECT_EQ(DossierScene::Verify(file, {"--quiet", "--without-files"}).exit_code, 0);
  // It excuses nothing.
  sealed.mutable_signature()->back() = static_cast<char>(sealed.signature().back() ^ 1);
  Write(file, sealed.SerializeAsString());
  const Ended broken = DossierScene::Verify(file, {"--quiet"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_THAT(broken.out, HasSubstr("FAULT"));
}

}  // namespace
}  // namespace sotay::tests
