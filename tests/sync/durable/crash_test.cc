// Power cuts and failing calls at every call LevelDB and we make to the disk, with every kind of
// damage.  The judge is one sentence: what was told kept is there after the next start, or, where
// the medium itself lied, the start or the read refuses loudly.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/sync/durable/test_disk.h"

namespace sotay::durable {
namespace {

using ::sotay::testing::DiskImage;
using ::sotay::testing::DiskMoment;
using ::sotay::testing::FaultEnv;
using ::sotay::testing::PowerCut;

constexpr char kStore[] = "/disk/store";
constexpr int kPuts = 40;
// LevelDB's smallest: the workload fills it twice.
constexpr size_t kWriteBufferBytes = size_t{64} << 10;

std::string Key(int i) { return absl::StrCat("key", i % 30); }  // some are overwritten

// A few bytes to several pages; two records span blocks of the log.  Bytes snappy cannot shrink.
std::vector<std::string> MakeValues() {
  std::vector<std::string> values(kPuts + 1);
  for (int i = 0; i <= kPuts; ++i) {
    const size_t size = i == 13 || i == 33 ? 70000 : static_cast<size_t>(i * i * 37 % 9000 + 20);
    uint64_t state = static_cast<uint64_t>(i) + 1;
    while (values[i].size() < size) {
      state = state * 6364136223846793005 + 1442695040888963407;
      values[i].push_back(static_cast<char>(state >> 56));
    }
  }
  return values;
}

const std::string& Value(int i) {
  static const std::vector<std::string>* const kValues = new std::vector<std::string>(MakeValues());
  return (*kValues)[i];
}

StoreOptions OptionsFor(FaultEnv* disk) {
  StoreOptions options;
  options.base = disk;
  options.sync_directory = [disk](const std::string& d) { return disk->SyncDirectory(d); };
  options.create_if_missing = true;
  options.write_buffer_bytes = kWriteBufferBytes;
  return options;
}

// Forty synced puts with two reopenings in between; counts up `told` with each that was told
// kept.  Ends early when the store cannot be opened.
void Work(const StoreOptions& options, int* told) {
  absl::StatusOr<std::unique_ptr<Store>> store;
  for (int i = 0; i < kPuts; ++i) {
    if (i == 0 || i == 12 || i == 25) {
      if (store.ok()) store->reset();
      store = Open(kStore, options);
      if (!store.ok()) return;
    }
    if (!PutOne(store->get(), Key(i), Value(i)).ok()) return;
    *told = i + 1;
  }
}

// What must be there when puts 0 to told-1 were told kept.  Put `told` itself was under way, so
// both of its outcomes are right.
std::string Judge(Store* store, int told, bool medium_may_refuse) {
  std::map<std::string, int> newest;
  for (int i = 0; i < told; ++i) newest[Key(i)] = i;
  for (const auto& [key, i] : newest) {
    const absl::StatusOr<std::string> value = store->Get(key);
    if (value.ok() && *value == Value(i)) continue;
    if (value.ok() && told < kPuts && key == Key(told) && *value == Value(told)) continue;
    if (medium_may_refuse && value.status().code() == absl::StatusCode::kDataLoss) continue;
    return absl::StrCat("put ", i, " of ", told,
                        " told: ", value.ok() ? "another value" : value.status().ToString());
  }
  return "";
}

struct Tally {
  int points = 0;
  int refused = 0;
  int cuts = 0;
};

// Starts from `image` and judges.  Returns what is wrong; empty when nothing is.
std::string StartAndJudge(const DiskImage& image, int told, bool medium_may_refuse, Tally* tally) {
  FaultEnv disk;
  disk.Restart(image);
  ++tally->points;
  absl::StatusOr<std::unique_ptr<Store>> store = Open(kStore, OptionsFor(&disk));
  if (!store.ok()) {
    ++tally->refused;
    if (medium_may_refuse && store.status().code() == absl::StatusCode::kDataLoss) return "";
    return absl::StrCat("does not open: ", store.status().ToString());
  }
  tally->cuts += static_cast<int>((*store)->tail_cuts().size());
  return Judge(store->get(), told, medium_may_refuse);
}

// The disk before each call of one undisturbed run, and how much had been told by then.
struct Step {
  DiskMoment moment;
  int told = 0;
  std::string call;
};

std::vector<Step> RecordedRun(FaultEnv* disk, const StoreOptions& options) {
  std::vector<Step> steps;
  absl::Mutex mutex;
  int told = 0;
  // A call from the background thread comes while the foreground waits in an append, before it
  // tells; so `told` does not move under it.
  disk->set_observer([&](const FaultEnv::Call& call) {
    // These change nothing here, so the disk is as before the next call.
    if (call.verb == "flush" || call.verb == "close") return;
    DiskMoment moment = disk->Capture();
    absl::MutexLock lock(&mutex);
    steps.push_back({std::move(moment), told, absl::StrCat(call.verb, " ", call.name)});
  });
  Work(options, &told);
  disk->set_observer(nullptr);
  steps.push_back({disk->Capture(), told, "the end"});
  return steps;
}

uint64_t CallsOfOneRun() {
  FaultEnv disk;
  int told = 0;
  Work(OptionsFor(&disk), &told);
  return disk.calls();
}

TEST(Crash, TheRunCoversWhatItShould) {
  FaultEnv disk;
  const std::vector<Step> steps = RecordedRun(&disk, OptionsFor(&disk));
  EXPECT_EQ(steps.back().told, kPuts);
  const auto count = [&](absl::string_view verb, absl::string_view name) {
    return std::count_if(steps.begin(), steps.end(), [&](const Step& step) {
      return absl::StartsWith(step.call, verb) && absl::StrContains(step.call, name);
    });
  };
  EXPECT_GE(count("create", ".log"), 5) << "logs of three starts and two rotations";
  EXPECT_GE(count("create", ".ldb"), 4) << "flushed at rotation and at starts";
  EXPECT_GE(count("sync", "MANIFEST-"), 5);
  EXPECT_GE(count("rename", "CURRENT"), 3);
  EXPECT_GE(count("remove", ".log"), 3);
}

TEST(Crash, TheSameRunMakesTheSameCallsAndEndsTheSame) {
  const uint64_t calls = CallsOfOneRun();
  // Zero: no call fails.  The others meet writes of the foreground and of the background.
  for (uint64_t failing = 0; failing <= calls; failing += 3) {
    std::vector<std::string> traces[2];
    std::map<std::string, std::string> files[2];
    for (int run = 0; run < 2; ++run) {
      FaultEnv disk;
      disk.set_observer([&](const FaultEnv::Call& call) {
        traces[run].push_back(absl::StrCat(call.verb, " ", call.name));
      });
      if (failing != 0) disk.FailCall(failing);
      int told = 0;
      Work(OptionsFor(&disk), &told);
      files[run] = disk.Visible().files;
    }
    ASSERT_EQ(traces[0], traces[1]) << "failing call " << failing;
    ASSERT_TRUE(files[0] == files[1]) << "failing call " << failing;
  }
}

TEST(Crash, APowerCutAtAnyCallLosesNothingTold) {
  FaultEnv disk;
  const std::vector<Step> steps = RecordedRun(&disk, OptionsFor(&disk));
  for (const PowerCut kind : testing::kPowerCuts) {
    Tally tally;
    const bool random = kind != PowerCut::kDropUnsynced && kind != PowerCut::kGrowWithZeros;
    for (size_t i = 0; i < steps.size(); ++i) {
      for (uint64_t seed = 0; seed < (random ? 2 : 1); ++seed) {
        const DiskImage image = Survivors(steps[i].moment, kind, i * 1000 + seed);
        const std::string wrong =
            StartAndJudge(image, steps[i].told, kind == PowerCut::kFlipBit, &tally);
        ASSERT_EQ(wrong, "") << Name(kind) << " before call " << i << " (" << steps[i].call
                             << "), seed " << seed << " " << image.flipped;
      }
    }
    std::printf("%-24s %5d points, %4d logs cut, %4d refused\n", Name(kind), tally.points,
                tally.cuts, tally.refused);
    if (kind == PowerCut::kFlipBit) {
      EXPECT_GT(tally.refused, 0);
    } else {
      EXPECT_EQ(tally.refused, 0);
    }
  }
}

// Runs the work on a disk prepared by `plan`; then a start right after, and one after a power
// cut, must find what was told.
void RunWithFault(const std::function<void(FaultEnv*)>& plan, const std::string& what,
                  Tally* tally) {
  FaultEnv disk;
  plan(&disk);
  int told = 0;
  Work(OptionsFor(&disk), &told);
  const DiskMoment moment = disk.Capture();
  ASSERT_EQ(StartAndJudge(disk.Visible(), told, false, tally), "") << what;
  const uint64_t seed = static_cast<uint64_t>(tally->points);
  ASSERT_EQ(StartAndJudge(Survivors(moment, PowerCut::kKeepPages, seed), told, false, tally), "")
      << what << ", then a power cut";
}

TEST(Crash, AnyOneFailingCallLosesNothingTold) {
  Tally tally;
  const uint64_t calls = CallsOfOneRun();
  for (uint64_t n = 1; n <= calls && !HasFatalFailure(); ++n) {
    RunWithFault([n](FaultEnv* disk) { disk->FailCall(n); }, absl::StrCat("call ", n), &tally);
  }
  std::printf("%-24s %5d points, %4d logs cut\n", "one call fails", tally.points, tally.cuts);
}

TEST(Crash, AFullDiskAtAnyByteLosesNothingTold) {
  Tally tally;
  // About half a million bytes are written; a step that meets headers, payloads and tables.
  for (uint64_t bytes = 0; bytes < 600000 && !HasFatalFailure(); bytes += 2111) {
    RunWithFault([bytes](FaultEnv* disk) { disk->FillDisk(bytes, 1 + bytes % 3); },
                 absl::StrCat("full after ", bytes, " bytes"), &tally);
  }
  std::printf("%-24s %5d points, %4d logs cut\n", "full, space later", tally.points, tally.cuts);
  EXPECT_GT(tally.cuts, 10);
}

TEST(Crash, AnyFailedSyncThatLosesItsPagesLosesNothingTold) {
  Tally tally;
  FaultEnv counted;
  uint64_t syncs = 0;
  counted.set_observer([&](const FaultEnv::Call& call) { syncs += call.verb == "sync" ? 1 : 0; });
  int told = 0;
  Work(OptionsFor(&counted), &told);
  ASSERT_GT(syncs, static_cast<uint64_t>(kPuts));
  for (uint64_t n = 1; n <= syncs && !HasFatalFailure(); ++n) {
    RunWithFault([n](FaultEnv* disk) { disk->FailSync(n); }, absl::StrCat("sync ", n), &tally);
  }
  std::printf("%-24s %5d points, %4d logs cut\n", "EIO on sync, pages gone", tally.points,
              tally.cuts);
}

// The mending itself is cut short at every call, and the mending of that.
TEST(Crash, APowerCutWhileATornTailIsCutLosesNothingTold) {
  FaultEnv disk;
  const std::vector<Step> steps = RecordedRun(&disk, OptionsFor(&disk));
  Tally tally;
  int torn_starts = 0;
  for (size_t i = 0; i < steps.size() && torn_starts < 12; i += 7) {
    const DiskImage image = Survivors(steps[i].moment, PowerCut::kGrowWithZeros, i);
    FaultEnv probe;
    probe.Restart(image);
    uint64_t calls = 0;
    {
      const auto store = Open(kStore, OptionsFor(&probe));
      ASSERT_TRUE(store.ok()) << store.status();
      if ((*store)->tail_cuts().empty()) continue;
      calls = probe.calls();
    }
    ++torn_starts;
    for (uint64_t n = 1; n <= calls; ++n) {
      FaultEnv stopped;
      stopped.Restart(image);
      stopped.StopAtCall(n);
      { const auto ignored = Open(kStore, OptionsFor(&stopped)); }
      const PowerCut kind = testing::kPowerCuts[n % 5];
      ASSERT_EQ(StartAndJudge(Survivors(stopped.Capture(), kind, n), steps[i].told, false, &tally),
                "")
          << "torn before call " << i << ", stopped at call " << n << ", " << Name(kind);
    }
  }
  EXPECT_EQ(torn_starts, 12);
  std::printf("%-24s %5d points, %4d logs cut\n", "cut while mending", tally.points, tally.cuts);
}

// ---- Canaries: the judge above can turn red ----

int LostOver(FaultEnv* disk, const StoreOptions& options) {
  int lost = 0;
  for (const Step& step : RecordedRun(disk, options)) {
    Tally ignored;
    const DiskImage image = Survivors(step.moment, PowerCut::kDropUnsynced, 1);
    lost += StartAndJudge(image, step.told, false, &ignored).empty() ? 0 : 1;
  }
  return lost;
}

TEST(CrashCanary, WithoutDirectorySyncToldWritesAreLost) {
  FaultEnv disk;
  StoreOptions options = OptionsFor(&disk);
  // As plain LevelDB: a directory is synced only because a MANIFEST is.
  options.sync_directory = NoDirectorySync;
  EXPECT_GT(LostOver(&disk, options), 0);
}

TEST(CrashCanary, OnADiskThatLiesAboutSyncToldWritesAreLost) {
  FaultEnv disk;
  disk.LieAboutSync(true);
  EXPECT_GT(LostOver(&disk, OptionsFor(&disk)), 0);
}

}  // namespace
}  // namespace sotay::durable
