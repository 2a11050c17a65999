// Told means kept: a phone that dies at any moment still has what its user was told is saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/enrolment.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/vault.h"
#include "sync/seal/key.h"
#include "tests/mobile-sdk/no_link.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using tests::IsOk;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::Text;

class Killed : public ::testing::Test {
 protected:
  Killed() : dir_(workspace_ / "notebook"), key_path_(workspace_ / "key") {
    auto key = seal::SigningKey::Generate();
    EXPECT_THAT(key->Save(key_path_), IsOk());
    around_.vault = std::make_shared<const Vault>(*std::move(key), "", "");
    stored::v1::NotebookMeta meta;
    meta.set_device_id(around_.vault->device().str());
    meta.set_organisation_id(std::string(16, 'o'));
    meta.set_user_id("nguyet");
    EXPECT_THAT(Found(dir_, meta, around_), IsOk());
    // As after its first exchange.
    auto store = Store::Open(dir_, around_, false);
    EXPECT_THAT(store, IsOk());
    v1::Directory directory;
    v1::DirectoryUnit* unit = directory.add_units();
    unit->set_unit_id(tests::kOffice);
    unit->add_roles(options::v1::ROLE_PROSECUTOR);
    StoreBatch batch;
    batch.PutDirectory(directory);
    EXPECT_THAT((*store)->Commit(batch), IsOk());
  }

  const tests::Workspace workspace_;
  const std::string dir_;
  const std::string key_path_;
  Surroundings around_;
};

TEST_F(Killed, EveryNoteItToldOfIsThere) {
  constexpr int kRounds = 25;
  std::mt19937_64 random(2026);
  std::map<RecordId, uint64_t> told;  // record → newest number told of it
  uint64_t number = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string log = workspace_ / absl::StrCat("told.", round);
    {
      tests::Process child({SOTAY_CRASH_WRITER, dir_, key_path_, absl::StrCat(number)}, log);
      // At a moment of no meaning: while it opens, or somewhere in its writing.
      if (round % 4 != 0) {
        while (std::ifstream(log).peek() == std::ifstream::traits_type::eof() && child.Running()) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      }
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 120'000));
      child.Signal(SIGKILL);
      const tests::Ended ended = child.Wait();
      ASSERT_EQ(ended.signal, SIGKILL) << "exit code " << ended.exit_code;
    }
    std::ifstream said(log);
    std::string hex;
    uint64_t newest = 0;
    while (said >> hex >> newest) {
      const auto id = RecordId::From(absl::HexStringToBytes(hex));
      ASSERT_TRUE(id.has_value());
      told[*id] = newest;
      number = newest + 1;
    }

    auto notebook = Notebook::Open(dir_, nullptr, around_, std::make_unique<tests::NoLink>());
    ASSERT_THAT(notebook, IsOk()) << "round " << round;
    for (const auto& [id, saved] : told) {
      const auto view = (*notebook)->Read(id);
      ASSERT_THAT(view, IsOk()) << "round " << round << ", note " << saved;
      // The call that was running when it died may have happened or not.
      const std::string body = NoteIn(*view).body();
      ASSERT_TRUE(absl::StartsWith(body, absl::StrCat("Ghi chép ", saved, ".")) ||
                  absl::StartsWith(body, absl::StrCat("Ghi chép ", saved + 1, ".")))
          << "round " << round << ": told " << saved;
    }
    const Status now = (*notebook)->GetStatus().value();
    EXPECT_EQ(now.outbox, now.last_sequence);
    ASSERT_GE((*notebook)->List().value().size(), told.size());
  }
  EXPECT_GT(told.size(), 100u);
}

// A cut of power at every call to the disk, of every kind, in the course of a few writes and an
// exchange: what was told is there, and the phone goes on.
TEST(PowerCut, KeepsWhatWasToldAtEveryCall) {
  uint64_t moments = 0;
  for (const testing::PowerCut kind : testing::kPowerCuts) {
    if (kind == testing::PowerCut::kFlipBit) continue;  // damage, which is no cut of power alone
    for (uint64_t stop_at = 1;; ++stop_at) {
      Office office;
      Phone phone(&office, "nguyet");
      ASSERT_THAT(phone->Sync(), IsOk());
      phone.disk().StopAtCall(stop_at);
      std::map<RecordId, std::string> told;
      bool died = false;
      const auto root = phone->Create("inspection", "", absl::nullopt,
                                      {Set("kind", "prison"), Set("place", "A")});
      died = !root.ok();
      for (int i = 0; i < 4 && !died; ++i) {
        const std::string body = absl::StrCat("Ghi chép ", i);
        const auto note = phone->Create("note", "", *root, {Text("body", body)});
        died = !note.ok();
        if (!died) told[*note] = body;
        if (i == 1 && !died) died = !phone->Sync().ok();
      }
      phone.Close();
      phone.disk().Cut(kind, stop_at);
      ASSERT_THAT(phone.Open(), IsOk()) << testing::Name(kind) << " at call " << stop_at;
      for (const auto& [id, body] : told) {
        const auto view = phone->Read(id);
        ASSERT_THAT(view, IsOk()) << testing::Name(kind) << " at call " << stop_at;
        EXPECT_EQ(NoteIn(*view).body(), body);
      }
      ASSERT_THAT(phone->Sync(), IsOk()) << testing::Name(kind) << " at call " << stop_at;
      EXPECT_EQ(phone->Digest().value(), office.hub.Digest(phone.device()))
          << testing::Name(kind) << " at call " << stop_at;
      EXPECT_TRUE(phone->Refused().value().empty());
      ++moments;
      if (!died) break;
    }
  }
  EXPECT_GT(moments, 15u);
}

}  // namespace
}  // namespace sotay::sdk
