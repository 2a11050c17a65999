// sotay_text_bench: what merging texts takes, beside other libraries on the same recorded traces in
// the same run, and what hostile histories take.  Exit code 0: every limit is kept; 1: one is
// missed; 2: nothing was measured.
//
//   sotay_text_bench [--json] [--runs N] [--alone] [--quick] [DIR]
#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/table.h"
#include "tests/bench/text/hostile.h"
#include "tests/bench/text/own_figures.h"
#include "tests/bench/text/peers.h"
#include "tests/text/trace.h"

namespace sotay::bench {
namespace {

constexpr int kLimitMissed = 1;
constexpr int kNothingMeasured = 2;
constexpr double kHostileMsMax = 1'000;

struct Options {
  bool json = false;
  bool alone = false;
  bool quick = false;
  int runs = 5;
  std::string dir = SOTAY_BENCH_TRACES;
};

using Figure = absl::optional<double> PeerFigures::*;

// The least of a figure among the peers, or among those named.
absl::optional<double> Least(const std::vector<PeerFigures>& peers, const std::string& trace,
                             Figure figure, const std::string& peer = "") {
  absl::optional<double> least;
  for (const PeerFigures& one : peers) {
    if (one.trace != trace || !(one.*figure).has_value()) continue;
    if (!peer.empty() && one.peer != peer) continue;
    if (!least.has_value() || *(one.*figure) < *least) least = *(one.*figure);
  }
  return least;
}

class Report {
 public:
  Report(std::string trace, const std::vector<PeerFigures>& peers, Table* table)
      : trace_(std::move(trace)), peers_(peers), table_(*table) {}

  void Tell(const std::string& name, const std::string& what, double measured,
            const std::string& unit, int decimals) {
    table_.Add({absl::StrCat("text.", trace_, ".", name), what, measured, unit, decimals,
                Bound::kNone, 0});
  }
  // Ours as a share of the least of the peers', or of one of them.
  void Hold(const std::string& name, const std::string& what, double ours, Figure figure,
            double limit, const std::string& peer = "") {
    const absl::optional<double> theirs = Least(peers_, trace_, figure, peer);
    if (!theirs.has_value()) return;
    table_.Add({absl::StrCat("text.", trace_, ".", name), what, ours / *theirs, "", 3,
                Bound::kAtMost, limit});
  }

 private:
  const std::string trace_;
  const std::vector<PeerFigures>& peers_;
  Table& table_;
};

absl::Status BenchTrace(const tests::Trace& trace, const std::vector<PeerFigures>& peers, int runs,
                        Table* table) {
  Say(absl::StrCat(trace.name, ": ours"));
  SOTAY_ASSIGN_OR_RETURN(const TextFigures ours, MeasureText(trace, runs));
  Report report(trace.name, peers, table);
  if (ours.type_ms.has_value()) {
    report.Tell("type_ms", absl::StrCat(trace.name, ": typed, key by key"), *ours.type_ms, "ms", 2);
    report.Hold("type.diamond", "  ÷ diamond-types", *ours.type_ms, &PeerFigures::type_ms, 1.0 / 3,
                "diamond");
    report.Hold("type.yjs", "  ÷ Yjs", *ours.type_ms, &PeerFigures::type_ms, 0.01, "yjs");
  }
  report.Tell("merge_ms",
              absl::StrCat(trace.name, ": full history into an empty note",
                           trace.concurrent ? ", in the order of characters" : ", by words"),
              ours.merge_ms, "ms", 2);
  report.Hold("merge", "  ÷ the fastest peer", ours.merge_ms, &PeerFigures::merge_ms,
              trace.concurrent ? 0.25 : 1.0);
  if (ours.words_ms.has_value()) {
    report.Tell(
        "words_ms",
        absl::StrCat("  by words, as no peer does; changes: ", ours.by_words.taken, " of ",
                     ours.changes, ", places with several readings: ", ours.by_words.conflicts),
        *ours.words_ms, "ms", 2);
  }
  if (ours.arrive_ms.has_value()) {
    report.Tell("arrive_ms", absl::StrCat(trace.name, ": arriving change by change"),
                *ours.arrive_ms, "ms", 2);
    report.Hold("arrive", "  ÷ Yjs", *ours.arrive_ms, &PeerFigures::arrive_ms, 0.25, "yjs");
  }
  report.Tell("load_ms", absl::StrCat(trace.name, ": a stored note opened"), ours.load_ms, "ms", 3);
  report.Hold("load", "  ÷ the fastest peer", ours.load_ms, &PeerFigures::load_ms, 0.2);
  report.Tell("bytes", absl::StrCat(trace.name, ": full history, packed, without change ids"),
              ours.bytes_packed, "B", 0);
  for (const PeerFigures& peer : peers) {
    if (peer.trace != trace.name || !peer.bytes_packed.has_value()) continue;
    const std::string without =
        peer.bytes_collected.has_value()
            ? absl::StrCat(" (without deleted text ", bench::Figure(*peer.bytes_collected, 0, "B"),
                           ")")
            : "";
    report.Tell(absl::StrCat("bytes.", peer.peer),
                absl::StrCat("  ", peer.peer, ", gzipped", without), *peer.bytes_packed, "B", 0);
  }
  report.Hold("size", "  ÷ the smallest peer, gzipped", ours.bytes_packed,
              &PeerFigures::bytes_packed, 0.95);
  report.Tell("memory_bytes", absl::StrCat(trace.name, ": memory of an open note"),
              ours.memory_bytes, "B", 0);
  report.Hold("memory", "  ÷ the smallest peer", ours.memory_bytes, &PeerFigures::memory_bytes,
              1.0);
  return absl::OkStatus();
}

absl::Status BenchHostile(Table* table) {
  for (HostileText (*const make)() : HostileTexts()) {
    const HostileText text = make();
    Say(absl::StrCat("hostile: ", text.what));
    std::vector<double> times;
    for (int i = 0; i < 3; ++i) {
      timespec before = {};
      timespec after = {};
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
      SOTAY_RETURN_IF_ERROR(MergeAll(text).status());
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
      times.push_back(static_cast<double>(after.tv_sec - before.tv_sec) * 1e3 +
                      static_cast<double>(after.tv_nsec - before.tv_nsec) / 1e6);
    }
    table->Add({absl::StrCat("text.hostile.", text.name),
                absl::StrCat("hostile: ", text.what, ", ", text.edits.size(), " changes, ",
                             text.bytes() / 1000, " kB"),
                Median(times), "ms", 0, Bound::kAtMost, kHostileMsMax});
  }
  return absl::OkStatus();
}

absl::Status Run(const Options& options, Table* table) {
#ifndef NDEBUG
  Say("this is not a release build: its figures say little");
#endif
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> paths, tests::TracesIn(options.dir));
  if (paths.empty()) return absl::NotFoundError(absl::StrCat("no trace in ", options.dir));
  std::vector<PeerFigures> peers;
  if (!options.alone) {
    SOTAY_ASSIGN_OR_RETURN(peers, MeasurePeers(paths, options.runs, options.quick));
  }
  for (const std::string& path : paths) {
    SOTAY_ASSIGN_OR_RETURN(const tests::Trace trace, tests::ReadTrace(path));
    SOTAY_RETURN_IF_ERROR(BenchTrace(trace, peers, options.runs, table));
  }
  return BenchHostile(table);
}

}  // namespace
}  // namespace sotay::bench

int main(int argc, char** argv) {
  using namespace sotay::bench;
  CLI::App app("What merging texts takes, beside other libraries on the same recorded traces.");
  Options options;
  app.add_flag("--json", options.json, "for scripts");
  app.add_flag("--alone", options.alone, "ours alone: no ratios, no Node");
  app.add_flag("--quick", options.quick, "leave the slowest peer out (Automerge, minutes)");
  app.add_option("--runs", options.runs, "each figure is the median of at least that many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("DIR", options.dir, "traces, in the formats of github.com/josephg/editing-traces")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Table table;
  const absl::Status status = Run(options, &table);
  if (!status.ok()) {
    Say(absl::StrCat("sotay_text_bench: ", status.ToString()));
    return kNothingMeasured;
  }
  if (options.json) {
    table.PrintJson(stdout);
  } else {
    table.Print(stdout);
  }
  return table.ok() ? 0 : kLimitMissed;
}
