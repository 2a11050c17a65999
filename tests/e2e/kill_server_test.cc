// The server is killed with SIGKILL at random moments of a storm of pushes, on real files and
// real TLS.  Promise 1: what a phone was told is kept; promise 3: nothing is applied twice.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "sotay/notebook.h"
#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

constexpr int kPhones = 4;

struct Phone {
  std::unique_ptr<sdk::Notebook> notebook;
  std::set<std::string> told;  // ids of the notes the app was told are saved
  int64_t steps = 0;           // counter steps it was told are saved
  uint64_t accepted = 0;       // highest sequence it was told the server has
  bool went_back = false;      // the server knew less than it had told
};

sdk::Edit Set(const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.field = field;
  edit.value = value;
  return edit;
}

sdk::Edit Of(sdk::Edit::Kind kind, const std::string& field, const std::string& value,
             const std::string& key = "") {
  sdk::Edit edit = Set(field, value);
  edit.kind = kind;
  edit.key = key;
  return edit;
}

// Writes and pushes until told to stop.
void Storm(int number, const sync::RecordId& inspection, std::atomic<bool>* stop, Phone* phone) {
  for (int i = 0; !*stop; ++i) {
    const auto note = phone->notebook->Create(
        "note", "", inspection,
        {Set("kind", "scene"), Of(sdk::Edit::Kind::kText, "body",
                                  "Máy " + std::to_string(number) + " ghi chép số " +
                                      std::to_string(i) + ": vết phanh dài 4,2 m.")});
    ASSERT_TRUE(note.ok()) << note.status();
    phone->told.insert(note->Hex());
    const absl::Status step =
        phone->notebook->Change(inspection, {Of(sdk::Edit::Kind::kCount, "tallies", "1", "ho_so")});
    ASSERT_TRUE(step.ok()) << step;
    ++phone->steps;
    if (i % 3 == 0) {
      phone->notebook->Sync().IgnoreError();  // may meet a dead server at any point
      const uint64_t accepted = phone->notebook->GetStatus()->accepted_through;
      if (accepted < phone->accepted) phone->went_back = true;
      phone->accepted = accepted;
    }
  }
}

TEST(KillServer, LosesNothingToldAndAppliesNothingTwice) {
  const int rounds = KillsOr(50);
  const uint64_t seed = SeedOr(20261105);
  SCOPED_TRACE("SOTAY_SEED=" + std::to_string(seed));
  Office office;
  office.StartServer();
  std::vector<std::string> users;
  for (int i = 0; i < kPhones; ++i) users.push_back("may-" + std::to_string(i));
  office.MakeUnit(users);
  std::vector<Phone> phones(kPhones);
  for (int i = 0; i < kPhones; ++i) {
    const std::string dir = office.space() / users[static_cast<size_t>(i)];
    const absl::Status enrolled =
        sdk::Notebook::Enroll(dir, office.Invite(users[static_cast<size_t>(i)]), "máy");
    ASSERT_TRUE(enrolled.ok()) << enrolled;
    auto notebook = sdk::Notebook::Open(dir);
    ASSERT_TRUE(notebook.ok()) << notebook.status();
    phones[static_cast<size_t>(i)].notebook = *std::move(notebook);
    ASSERT_TRUE(phones[static_cast<size_t>(i)].notebook->Sync().ok());
  }
  const auto inspection = phones[0].notebook->Create("inspection", "vkskv1", absl::nullopt,
                                                     {Set("kind", "custody_place")});
  ASSERT_TRUE(inspection.ok()) << inspection.status();
  for (Phone& phone : phones) ASSERT_TRUE(phone.notebook->Sync().ok());

  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < kPhones; ++i) {
    threads.emplace_back(Storm, i, *inspection, &stop, &phones[static_cast<size_t>(i)]);
  }
  std::mt19937_64 chance(seed);
  for (int round = 0; round < rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + chance() % 180));
    office.KillServer();
    office.StartServer();
    if (HasFatalFailure()) break;
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();

  int64_t steps = 0;
  std::set<std::string> told;
  for (int pass = 0; pass < 2; ++pass) {  // the second brings everybody the others' last
    for (Phone& phone : phones) {
      absl::Status status = phone.notebook->Sync();
      for (int again = 0; !status.ok() && again < 50; ++again) {  // the old socket is dead
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        status = phone.notebook->Sync();
      }
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  for (const Phone& phone : phones) {
    EXPECT_FALSE(phone.went_back) << "the server forgot what it had acknowledged";
    EXPECT_EQ(phone.notebook->GetStatus()->outbox, 0u);
    EXPECT_EQ(phone.notebook->GetStatus()->refused, 0u);
    steps += phone.steps;
    told.insert(phone.told.begin(), phone.told.end());
  }
  ASSERT_GT(told.size(), static_cast<size_t>(rounds)) << "the storm was too calm to prove much";
  const auto digest = phones[0].notebook->Digest();
  for (const Phone& phone : phones) {
    EXPECT_EQ(*phone.notebook->Digest(), *digest);
    std::set<std::string> here;
    sdk::ListFilter notes;
    notes.type = "note";
    const auto lines = phone.notebook->List(notes);
    ASSERT_TRUE(lines.ok()) << lines.status();
    for (const auto& line : *lines) here.insert(line.id.Hex());
    EXPECT_EQ(here, told);
    const auto view = phone.notebook->Read(*inspection);
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(view->record.Slot(15, "ho_so")->total, steps) << "a step was lost or taken twice";
  }
  phones.clear();
  EXPECT_EQ(office.StopServer(), 0);
  const Ended check = office.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  std::printf("kills: %d, notes told: %zu, steps told: %lld\n", rounds, told.size(),
              static_cast<long long>(steps));
}

}  // namespace
}  // namespace sotay::tests
