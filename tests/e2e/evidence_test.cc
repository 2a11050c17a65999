// A dossier as evidence, from real phones through a real server into a file, and what becomes of
// the file when somebody changes it: by chance, or knowing what they do and with the exporter's own
// key.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "mobile-sdk/core/builtin_schema.h"
#include "sync/seal/dossier_check.h"
#include "sync/seal/key.h"
#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kDam[] = "nguyen-uu-dam";
constexpr char kQue[] = "vo-nguyet-que";

class EvidenceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    office_ = new Office();
    office_->StartServer();
    office_->MakeUnit({kDam, kQue});
    for (const char* user : {kDam, kQue}) {
      Phone(user, {"enroll", office_->Invite(user)});
      Phone(user, {"sync"});
    }
    const std::string inspection =
        Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=Đường tỉnh 885"})["id"];
    const std::string note =
        Phone(kDam, {"new", "note", "--in", inspection, "body=Vết phanh dài 4,2 m."})["id"];
    Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=Chỗ khác"});
    Meet();
    // Apart: two readings of one number, and an edit made on one of them.
    Phone(kDam, {"edit", note, "body=Vết phanh dài 4,5 m."});
    Phone(kQue, {"edit", note, "body=Vết phanh dài 4,7 m."});
    Phone(kQue, {"new", "finding", "--in", inspection, "description=Sổ tiếp nhận thiếu giờ."});
    Meet();
    Meet();
    const Ended exported = Ctl({"export", note.substr(0, 12), File(), "--without-files"});
    ASSERT_EQ(exported.exit_code, 0) << exported.err;
    bytes_ = new std::string(FileContents(File()));
  }
  static void TearDownTestSuite() {
    delete bytes_;
    delete office_;
  }

  static std::string File() { return office_->space() / "vu-885.sotay"; }

  static json Phone(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY, "--dir", office_->space() / user, "--json"};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = tests::Run(command);
    EXPECT_EQ(ended.exit_code, 0) << user << " " << words.front() << ": " << ended.err;
    return json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }

  // As a member of the unit.
  static Ended Ctl(const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAYCTL, "--dir", office_->space() / kQue, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return tests::Run(command);
  }

  static void Meet() {
    for (const char* user : {kDam, kQue, kDam}) Phone(user, {"sync"});
  }

  static Ended Verify(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {SOTAY_VERIFY, file, "--lang", "en"};
    command.insert(command.end(), more.begin(), more.end());
    return tests::Run(command);
  }

  static seal::DossierReport Check(const std::string& bytes, const std::string& log_key = "") {
    return seal::CheckDossier(*sdk::BuiltinSchema(), bytes, log_key);
  }

  // Changed by somebody who has the exporter's key and seals it anew.
  static seal::DossierReport Forged(const std::function<void(v1::Dossier*)>& change) {
    v1::SealedDossier sealed;
    v1::Dossier dossier;
    EXPECT_TRUE(sealed.ParseFromString(*bytes_));
    EXPECT_TRUE(dossier.ParseFromString(sealed.dossier()));
    change(&dossier);
    const auto key = seal::SigningKey::Load(office_->space() / kQue + "/device.key");
    EXPECT_TRUE(key.ok());
    sealed.set_dossier(dossier.SerializeAsString());
    sealed.set_signature(*key->Sign(seal::DossierText(sealed.dossier())));
    return Check(sealed.SerializeAsString());
  }

  static Office* office_;
  static std::string* bytes_;
};

Office* EvidenceTest::office_ = nullptr;
std::string* EvidenceTest::bytes_ = nullptr;

TEST_F(EvidenceTest, HoldsAndIsReadable) {
  const Ended ended = Verify(File());
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("Holds: 3 records, 5 changes"));
  EXPECT_THAT(ended.out, HasSubstr("4,5"));
  EXPECT_THAT(ended.out, HasSubstr("4,7"));
  EXPECT_THAT(ended.out, HasSubstr("Sổ tiếp nhận thiếu giờ."));
  EXPECT_THAT(ended.out, HasSubstr("The log key was not compared"));
  EXPECT_THAT(ended.out, Not(HasSubstr("Chỗ khác"))) << "the dossier next to it";
}

TEST_F(EvidenceTest, IsHeldAgainstTheKeyTheReaderKnows) {
  const json told = json::parse(Verify(File(), {"--json"}).out);
  const std::string key = told["log_key"];
  EXPECT_EQ(Verify(File(), {"--log-key", key, "--quiet"}).exit_code, 0);
  std::string other = key;
  other.back() = other.back() == '0' ? '1' : '0';
  const Ended refused = Verify(File(), {"--log-key", other, "--quiet"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("the log key is not the one that was given"));
  EXPECT_EQ(Verify(File(), {"--log-key", "12"}).exit_code, 2);
}

TEST_F(EvidenceTest, EveryFlippedBitAndEveryCutIsFound) {
  ASSERT_THAT(Check(*bytes_).faults, IsEmpty());
  std::mt19937 chance(11);
  constexpr int kFlips = 10'000;
  for (int i = 0; i < kFlips; ++i) {
    std::string changed = *bytes_;
    const size_t bit = chance() % (changed.size() * 8);
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    ASSERT_THAT(Check(changed).faults, Not(IsEmpty())) << "bit " << bit;
  }
  // Nor does anything come in with it that no seal is over: a field nobody knows, one said again.
  ASSERT_THAT(Check(*bytes_ + std::string("\x08\x08", 2)).faults, Not(IsEmpty()));
  ASSERT_THAT(Check(*bytes_ + std::string("\xfa\x07\x03xyz", 6)).faults, Not(IsEmpty()));
  ASSERT_THAT(Check(std::string("\x1a\x01x", 3) + *bytes_).faults, Not(IsEmpty()));
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(Check(bytes_->substr(0, chance() % bytes_->size())).faults, Not(IsEmpty()));
  }
}

TEST_F(EvidenceTest, WhoeverHasTheExportersKeyForgesNothing) {
  ASSERT_THAT(Forged([](v1::Dossier*) {}).faults, IsEmpty());
  std::mt19937 chance(13);
  const auto drop = [](auto* list, int at) { list->DeleteSubrange(at, 1); };
  const int changes = 5;
  for (int at = 0; at < changes; ++at) {
    EXPECT_THAT(Forged([&](v1::Dossier* d) { drop(d->mutable_changes(), at); }).faults,
                Not(IsEmpty()))
        << "change " << at << " left out";
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  d->mutable_changes()->SwapElements(at, (at + 1) % changes);
                }).faults,
                Not(IsEmpty()))
        << "change " << at << " swapped";
    // One stands where the other was, with the other's proof.
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  d->mutable_changes(at)->mutable_change()->swap(
                      *d->mutable_changes((at + 1) % changes)->mutable_change());
                }).faults,
                Not(IsEmpty()));
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  v1::Admission admission;
                  admission.ParseFromString(d->changes(at).admission());
                  admission.set_user_id(admission.user_id() == kDam ? kQue : kDam);
                  d->mutable_changes(at)->set_admission(admission.SerializeAsString());
                }).faults,
                Not(IsEmpty()))
        << "another author";
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  v1::Admission admission;
                  admission.ParseFromString(d->changes(at).admission());
                  admission.set_received_ms(admission.received_ms() + 1);
                  d->mutable_changes(at)->set_admission(admission.SerializeAsString());
                }).faults,
                Not(IsEmpty()))
        << "another time";
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  v1::Change change;
                  change.ParseFromString(d->changes(at).change());
                  change.set_claimed_ms(change.claimed_ms() + 1);
                  d->mutable_changes(at)->set_change(change.SerializeAsString());
                }).faults,
                Not(IsEmpty()))
        << "other words";
  }
  for (int at = 0; at < 3; ++at) {
    EXPECT_THAT(Forged([&](v1::Dossier* d) { drop(d->mutable_records(), at); }).faults,
                Not(IsEmpty()));
    EXPECT_THAT(Forged([&](v1::Dossier* d) {
                  std::string* record = d->mutable_records(at);
                  const size_t from = record->find("4,");
                  if (from == std::string::npos) return record->append("\x98\x75\x01");
                  return record->replace(from, 3, "9,9");
                }).faults,
                Not(IsEmpty()))
        << "a record that says something else";
  }
  EXPECT_THAT(Forged([&](v1::Dossier* d) { drop(d->mutable_pushes(), 0); }).faults, Not(IsEmpty()));
  EXPECT_THAT(Forged([&](v1::Dossier* d) { drop(d->mutable_devices(), 0); }).faults,
              Not(IsEmpty()));
  EXPECT_THAT(Forged([](v1::Dossier* d) {
                std::string a = d->devices(0).user_id();
                d->mutable_devices(0)->set_user_id(d->devices(1).user_id());
                d->mutable_devices(1)->set_user_id(a);
              }).faults,
              Not(IsEmpty()))
      << "two people's devices exchanged";
  EXPECT_THAT(
      Forged([](v1::Dossier* d) { d->mutable_head()->set_size(d->head().size() + 1); }).faults,
      Not(IsEmpty()));
  EXPECT_THAT(Forged([](v1::Dossier* d) { d->mutable_organisation_id()->front() ^= 1; }).faults,
              Not(IsEmpty()));
}

TEST_F(EvidenceTest, IsNotForPeopleOfNoUnit) {
  const std::string dossier = json::parse(Verify(File(), {"--json"}).out)["dossier"];
  const Ended refused = tests::Run({SOTAYCTL, "--dir", office_->space() / "administrator", "export",
                                    dossier, office_->space() / "nothing"});
  EXPECT_EQ(refused.exit_code, 3) << "who administers reads no content: " << refused.err;
}

}  // namespace
}  // namespace sotay::tests
