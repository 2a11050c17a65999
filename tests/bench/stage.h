// What the benches share: where they work, what they tell, and offices of a given size that are
// filled once and used by several.  One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sotay/notebook.h"
#include "tests/bench/counting_proxy.h"
#include "tests/bench/fleet.h"
#include "tests/bench/office.h"
#include "tests/bench/prose.h"
#include "tests/bench/server_process.h"
#include "tests/bench/table.h"

namespace sotay::bench {

// A server with an office in it, and the measured wire to it.
struct Premises {
  std::string dir;
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<Office> office;
  std::unique_ptr<Fleet> fleet;
  std::unique_ptr<CountingProxy> proxy;
  size_t notebooks = 0;

  // Enrols a notebook for a new prosecutor of the fleet's unit.  It calls through the proxy, now
  // and always.
  absl::StatusOr<std::unique_ptr<sdk::Notebook>> NewNotebook();
};

class Stage {
 public:
  // `prose` and `table` outlive it; `dir` is there and is the caller's to remove.
  Stage(std::string dir, Prose* prose, Table* table)
      : dir_(std::move(dir)), prose_(*prose), table_(*table) {}

  Prose& prose() { return prose_; }
  Table& table() { return table_; }

  // An empty office with a fleet of that many phones; `above`: in a unit under that one.
  absl::StatusOr<std::unique_ptr<Premises>> NewPremises(size_t phones,
                                                        const std::string& above = "");
  // An office with at least that many records, written by ten phones; made when first asked for.
  absl::StatusOr<Premises*> FilledPremises(size_t records);

 private:
  const std::string dir_;
  Prose& prose_;
  Table& table_;
  size_t premises_ = 0;
  std::map<size_t, std::unique_ptr<Premises>> filled_;
};

// The benches, each in a file of its own name.  A failure means that nothing could be measured.
absl::Status IngestBench(Stage* stage);
absl::Status CatchUpBench(Stage* stage);
absl::Status FirstSyncBench(Stage* stage);
absl::Status WireBench(Stage* stage);
absl::Status CustodyBench(Stage* stage);

// Records of the large office, and of the small one it is compared with.
constexpr size_t kManyRecords = 50'000;
constexpr size_t kFewRecords = 5'000;
// What a note of the bench holds.
constexpr size_t kNoteBytes = 600;

}  // namespace sotay::bench
