// Told means kept: a phone that dies at any moment still has what its user was told is saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/enrolment.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/vault.h"
#include "sync/seal/key.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using tests::IsOk;
using tests::kNow;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

// What the child says of every call that came back: 16 bytes of id and what it wrote there.
struct Said {
  char id[RecordId::kSize];
  uint64_t number;
};

// Nobody answers.
class NoLink : public Link {
 public:
  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest&) override {
    return absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest&) override {
    return absl::UnavailableError("no network");
  }
  std::unique_ptr<Listening> Watch(const v1::WatchRequest&,
                                   std::function<void(const v1::WatchResponse&)>,
                                   std::function<void(const absl::Status&)>) override {
    return nullptr;
  }
  void Close() override {}
};

// Writes until it is killed, telling of each note after the notebook has told it.
[[noreturn]] void WriteForEver(const std::string& dir, const Surroundings& around, int pipe_end,
                               uint64_t from) {
  auto notebook = Notebook::Open(dir, nullptr, around, std::make_unique<NoLink>());
  if (!notebook.ok()) _exit(2);
  auto root = (*notebook)->Create("inspection", "", absl::nullopt, {Set("kind", "prison")});
  if (!root.ok()) _exit(3);
  absl::optional<RecordId> last;
  for (uint64_t number = from;; ++number) {
    Said said = {};
    said.number = number;
    const std::string body = absl::StrCat("Ghi chép số ", number, std::string(number % 700, '.'));
    // Two births, then an edit: batches of different shape.
    if (number % 3 != 2) {
      auto note = (*notebook)->Create("note", "", *root, {Text("body", body)});
      if (!note.ok()) _exit(4);
      last = *note;
    } else if (!(*notebook)->Change(*last, {Text("body", body)}).ok()) {
      _exit(5);
    }
    std::memcpy(said.id, last->view().data(), RecordId::kSize);
    if (write(pipe_end, &said, sizeof(said)) != static_cast<ssize_t>(sizeof(said))) _exit(6);
  }
}

class Killed : public ::testing::Test {
 protected:
  Killed() : dir_(workspace_ / "notebook") {
    auto key = seal::SigningKey::Generate();
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
  Surroundings around_;
};

TEST_F(Killed, EveryNoteItToldOfIsThere) {
  constexpr int kRounds = 25;
  std::mt19937_64 random(2026);
  std::map<RecordId, uint64_t> told;  // record → newest number told of it
  uint64_t number = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      WriteForEver(dir_, around_, ends[1], number);
    }
    close(ends[1]);
    // At a moment of no meaning: from during its opening to some hundred notes on.
    std::thread killer([&, wait_us = random() % 150'000] {
      std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
      kill(child, SIGKILL);
    });
    Said said = {};
    while (read(ends[0], &said, sizeof(said)) == static_cast<ssize_t>(sizeof(said))) {
      told[*RecordId::From(absl::string_view(said.id, sizeof(said.id)))] = said.number;
      number = said.number + 1;
    }
    killer.join();
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "exit code " << WEXITSTATUS(status);
    close(ends[0]);

    auto notebook = Notebook::Open(dir_, nullptr, around_, std::make_unique<NoLink>());
    ASSERT_THAT(notebook, IsOk()) << "round " << round;
    for (const auto& [id, newest] : told) {
      const auto view = (*notebook)->Read(id);
      ASSERT_THAT(view, IsOk()) << "round " << round << ", note " << newest;
      // The call that was running when it died may have happened or not.
      const std::string body = NoteIn(*view).body();
      const bool as_told = body.find(absl::StrCat("số ", newest, ".")) != body.npos ||
                           body == absl::StrCat("Ghi chép số ", newest);
      const bool one_on = body.find(absl::StrCat("số ", newest + 1)) != body.npos;
      ASSERT_TRUE(as_told || one_on) << "round " << round << ": told " << newest;
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
  constexpr uint64_t kStep = 3;
  uint64_t moments = 0;
  for (const testing::PowerCut kind :
       {testing::PowerCut::kDropUnsynced, testing::PowerCut::kKeepPrefix,
        testing::PowerCut::kLoseNames}) {
    for (uint64_t stop_at = 1;; stop_at += kStep) {
      Office office;
      Phone phone(&office, "nguyet");
      ASSERT_THAT(phone->Sync(), IsOk());
      phone.disk().StopAtCall(stop_at);
      std::map<RecordId, std::string> told;
      bool died = false;
      const auto root =
          phone->Create("inspection", "", absl::nullopt, {Set("kind", "prison"), Set("place", "A")});
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
