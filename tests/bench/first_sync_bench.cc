// A new phone takes over a large office: the last tenth of the records must come about as fast
// as the first.
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"

namespace sotay::bench {
namespace {

constexpr int kRuns = 5;  // the median of them: a tenth takes as long as one merge of tables
constexpr double kShareMin = 0.8;

using Clock = std::chrono::steady_clock;

struct Mark {
  double seconds = 0;
  double received = 0;
};

// When `received` records were there, on a straight line between the answers around it.
double SecondsAt(const std::vector<Mark>& marks, double received) {
  for (size_t i = 1; i < marks.size(); ++i) {
    if (marks[i].received < received) continue;
    const Mark &from = marks[i - 1], &to = marks[i];
    const double share = (received - from.received) / (to.received - from.received);
    return from.seconds + share * (to.seconds - from.seconds);
  }
  return marks.back().seconds;
}

}  // namespace

absl::Status FirstSyncBench(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(Premises* const premises, stage->FilledPremises(kManyRecords));
  std::vector<double> share, rate, bytes;
  for (int run = 0; run < kRuns; ++run) {
    SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<sdk::Notebook> notebook, premises->NewNotebook());
    const Traffic before = premises->proxy->CountedWhenQuiet();
    // The clock starts at the first answer: opening the connection is no record's business.
    std::vector<Mark> marks;
    const Clock::time_point begun = Clock::now();
    SOTAY_RETURN_IF_ERROR(notebook->Sync([&](const sdk::SyncProgress& progress) {
      if (!marks.empty() && marks.back().received >= static_cast<double>(progress.received)) return;
      marks.push_back({std::chrono::duration<double>(Clock::now() - begun).count(),
                       static_cast<double>(progress.received)});
    }));
    const double total = marks.empty() ? 0 : marks.back().received;
    if (total < static_cast<double>(kManyRecords)) {
      return absl::InternalError(absl::StrCat("first sync: only ", total, " records came"));
    }
    const Mark first = marks.front();
    const double first_rate =
        (total / 10 - first.received) / (SecondsAt(marks, total / 10) - first.seconds);
    const double last_rate = (total / 10) / (marks.back().seconds - SecondsAt(marks, total * 0.9));
    share.push_back(last_rate / first_rate);
    rate.push_back(total / marks.back().seconds);
    bytes.push_back(static_cast<double>((premises->proxy->Counted() - before).both()) / total);
    Say(absl::StrCat("  ", Figure(total, 0, "records"), " in ", marks.size(), " answers, ",
                     Figure(marks.back().seconds, 1, "s"), "; first tenth ",
                     Figure(first_rate, 0, "/s"), ", last tenth ", Figure(last_rate, 0, "/s")));
  }
  Table& table = stage->table();
  table.Add({"first-sync.share", "first sync of 50,000 records, rate of last tenth ÷ first",
             Median(share), "", 2, Bound::kAtLeast, kShareMin});
  table.Add({"first-sync.records_per_s", "  records taken, over all", Median(rate), "/s"});
  table.Add({"first-sync.bytes", "  on the wire a record", Median(bytes), "B"});
  return absl::OkStatus();
}

}  // namespace sotay::bench
