// A phone was away while a hundred records were written: what it costs to catch up must follow
// those, not what exists.
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"

namespace sotay::bench {
namespace {

constexpr int kRounds = 9;
constexpr double kBytesShareMax = 2;
constexpr double kTimeShareMax = 1.5;

using Clock = std::chrono::steady_clock;

// A phone that returns, in one office.
struct Returner {
  Premises* premises = nullptr;
  std::unique_ptr<sdk::Notebook> notebook;
  std::vector<double> bytes, ms;
  size_t missed = 0;  // records a round
  std::map<sync::RecordId, size_t> sizes;
};

absl::StatusOr<Returner> Settle(Stage* stage, size_t records) {
  Returner returner;
  SOTAY_ASSIGN_OR_RETURN(returner.premises, stage->FilledPremises(records));
  SOTAY_ASSIGN_OR_RETURN(returner.notebook, returner.premises->NewNotebook());
  Say(absl::StrCat("catch-up: a phone takes the first ", records, " records"));
  SOTAY_RETURN_IF_ERROR(returner.notebook->Sync());
  return returner;
}

absl::Status MissAndReturn(Returner* returner) {
  Fleet& fleet = *returner->premises->fleet;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries, fleet.Write({10, 10, kNoteBytes}));
  const DeliveryReport report = Deliver(deliveries, fleet.size());
  SOTAY_RETURN_IF_ERROR(report.first_error);
  returner->missed = report.notes;
  const Traffic before = returner->premises->proxy->CountedWhenQuiet();
  uint64_t received = 0;
  const Clock::time_point begun = Clock::now();
  SOTAY_RETURN_IF_ERROR(returner->notebook->Sync(
      [&](const sdk::SyncProgress& progress) { received = progress.received; }));
  const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const Traffic passed = returner->premises->proxy->CountedWhenQuiet() - before;
  if (received != report.notes) {
    return absl::InternalError(
        absl::StrCat("catch-up: ", report.notes, " records were missing, ", received, " came"));
  }
  returner->ms.push_back(seconds * 1e3);
  returner->bytes.push_back(static_cast<double>(passed.both()));
  return absl::OkStatus();
}

// Bytes of the records of a round, as whoever must have them could not do without: serialised
// content, and the ids of record and dossier.  The last records written are typical of all.
absl::StatusOr<double> BytesMissed(const Returner& returner) {
  SOTAY_ASSIGN_OR_RETURN(const ReadBack read, returner.premises->fleet->Check());
  if (read.found == 0) return absl::InternalError("catch-up: no record was read back");
  double all = 0;
  for (const auto& [id, bytes] : read.content_bytes) all += static_cast<double>(bytes);
  return all / static_cast<double>(read.found) * static_cast<double>(returner.missed);
}

}  // namespace

absl::Status CatchUpBench(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(Returner few, Settle(stage, kFewRecords));
  SOTAY_ASSIGN_OR_RETURN(Returner many, Settle(stage, kManyRecords));
  // In turn, so that a busy minute of the machine is shared.
  for (int round = 0; round < kRounds; ++round) {
    SOTAY_RETURN_IF_ERROR(MissAndReturn(&few));
    SOTAY_RETURN_IF_ERROR(MissAndReturn(&many));
    Say(absl::StrCat("  of 5,000: ", Figure(few.ms.back(), 1, "ms"), ", of 50,000: ",
                     Figure(many.ms.back(), 1, "ms"), ", ", Figure(many.bytes.back(), 0, "B")));
  }
  SOTAY_ASSIGN_OR_RETURN(const double missed, BytesMissed(many));
  Table& table = stage->table();
  table.Add({"catch-up.bytes_share",
             "catch-up on 100 of 50,000 records, wire bytes ÷ content and ids",
             Median(many.bytes) / missed, "", 2, Bound::kAtMost, kBytesShareMax});
  table.Add({"catch-up.time_share", "  time at 50,000 records ÷ time at 5,000",
             Median(many.ms) / Median(few.ms), "", 2, Bound::kAtMost, kTimeShareMax});
  table.Add({"catch-up.few_ms", "  time at 5,000 records", Median(few.ms), "ms", 1});
  table.Add({"catch-up.many_ms", "  time at 50,000 records", Median(many.ms), "ms", 1});
  table.Add({"catch-up.bytes", "  on the wire, both ways, at 50,000", Median(many.bytes), "B"});
  table.Add({"catch-up.content_bytes", "  content and ids of the 100 records", missed, "B"});
  return absl::OkStatus();
}

}  // namespace sotay::bench
