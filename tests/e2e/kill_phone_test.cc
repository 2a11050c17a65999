// A phone's process is killed with SIGKILL at random moments of writing and syncing.  What it
// was told is saved is there when it starts again, reaches the server, and is there once.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "sotay/notebook.h"
#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

TEST(KillPhone, KeepsEverythingToldAndSendsItOnce) {
  const int rounds = KillsOr(50);
  const uint64_t seed = SeedOr(20261106);
  SCOPED_TRACE("SOTAY_SEED=" + std::to_string(seed));
  Office office;
  office.StartServer();
  office.MakeUnit({"nguyen-uu-dam", "vo-nguyet-que"});
  const std::string dir = office.space() / "phone";
  const std::string other_dir = office.space() / "other";
  ASSERT_TRUE(sdk::Notebook::Enroll(dir, office.Invite("nguyen-uu-dam"), "máy").ok());
  ASSERT_TRUE(sdk::Notebook::Enroll(other_dir, office.Invite("vo-nguyet-que"), "máy").ok());
  sync::RecordId inspection;
  {
    auto notebook = *sdk::Notebook::Open(dir);
    ASSERT_TRUE(notebook->Sync().ok());
    sdk::Edit kind;
    kind.field = "kind";
    kind.value = "custody_place";
    inspection = *notebook->Create("inspection", "vkskv1", absl::nullopt, {kind});
    ASSERT_TRUE(notebook->Sync().ok());
  }
  std::mt19937_64 chance(seed);
  const std::string told_file = office.space() / "told";
  for (int round = 0; round < rounds; ++round) {
    Process phone({PHONE, dir, inspection.Hex()}, told_file);
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + chance() % 240));
    phone.Signal(SIGKILL);
    const Ended ended = phone.Wait();
    ASSERT_EQ(ended.signal, SIGKILL) << "the phone ended by itself, exit code " << ended.exit_code;
  }
  std::set<std::string> told;
  int64_t steps_told = 0;
  std::ifstream lines(told_file);
  for (std::string word; lines >> word;) {
    if (word == "step") ++steps_told;
    if (word == "note" && lines >> word && word.size() == 32) told.insert(word);
  }
  ASSERT_GT(told.size(), static_cast<size_t>(rounds)) << "too little was written to prove much";

  auto notebook = *sdk::Notebook::Open(dir);
  ASSERT_TRUE(notebook->Sync().ok());
  // Between saving and telling a kill leaves one more than was told, never one less.
  const int64_t steps = notebook->Read(inspection)->record.Slot(15, "nguoi")->total;
  EXPECT_GE(steps, steps_told);
  EXPECT_LE(steps, steps_told + rounds);
  auto other = *sdk::Notebook::Open(other_dir);
  ASSERT_TRUE(other->Sync().ok());
  EXPECT_EQ(other->Read(inspection)->record.Slot(15, "nguoi")->total, steps);
  EXPECT_EQ(*other->Digest(), *notebook->Digest());
  std::set<std::string> here;
  sdk::ListFilter notes;
  notes.type = "note";
  const auto listed = other->List(notes);
  ASSERT_TRUE(listed.ok()) << listed.status();
  for (const auto& line : *listed) here.insert(line.id.Hex());
  for (const std::string& id : told) EXPECT_EQ(here.count(id), 1u) << "lost note " << id;
  EXPECT_EQ(notebook->GetStatus()->refused, 0u);
  notebook.reset();
  other.reset();
  EXPECT_EQ(office.StopServer(), 0);
  const Ended check = office.Check();
  EXPECT_EQ(check.exit_code, 0) << check.out << check.err;
  std::printf("kills: %d, notes told: %zu, steps told: %lld\n", rounds, told.size(),
              static_cast<long long>(steps_told));
}

}  // namespace
}  // namespace sotay::tests
