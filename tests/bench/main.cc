// sotay_bench: the figures the product is held to, measured on the machine it stands on, beside
// their limits.  Exit code 0: every limit is kept; 1: one is missed; 2: nothing was measured.
//
//   sotay_bench [--json] [--only ingest|wire|first-sync|catch-up|custody]… [--seed N] [--dir DIR]
//   sotay_bench load --address HOST:PORT --admin DIR …   the load alone, on a server that is up
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/statfs.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"

namespace sotay::bench {
namespace {

constexpr int kLimitMissed = 1;
constexpr int kNothingMeasured = 2;

struct Options {
  bool json = false;
  uint64_t seed = 1;
  // The benches.
  std::vector<std::string> only;
  std::string dir;
  // The load.
  std::string address;
  std::string admin;
  size_t phones = 100;
  size_t connections = 50;
  Round round;
};

struct Bench {
  const char* name;
  absl::Status (*run)(Stage*);
};

// In this order the large office is filled once for two of them.
constexpr Bench kBenches[] = {
    {"ingest", IngestBench},    {"wire", WireBench},       {"first-sync", FirstSyncBench},
    {"catch-up", CatchUpBench}, {"custody", CustodyBench},
};

int Report(const Options& options, const Table& table) {
  if (options.json) {
    table.PrintJson(stdout);
  } else {
    table.Print(stdout);
  }
  return table.ok() ? 0 : kLimitMissed;
}

int Fail(const absl::Status& status) {
  Say(absl::StrCat("sotay_bench: ", status.ToString()));
  return kNothingMeasured;
}

// A directory of our own on a real disk: memory files would make a sync cost nothing.
absl::StatusOr<std::string> WorkingDirectory(const std::string& wanted) {
  std::error_code error;
  const std::filesystem::path base =
      wanted.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(wanted);
  struct statfs system = {};
  if (statfs(base.c_str(), &system) != 0) {
    return absl::NotFoundError(absl::StrCat("no directory ", base.string()));
  }
  if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) {
    return absl::FailedPreconditionError(
        absl::StrCat(base.string(), " is in memory; name a directory on a disk with --dir"));
  }
  std::string pattern = (std::filesystem::absolute(base, error) / "sotay-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat("cannot make a directory in ", base.string()));
  }
  return pattern;
}

int RunBenches(const Options& options) {
#ifndef NDEBUG
  Say("this is not a release build: its figures say little");
#endif
  absl::StatusOr<Prose> prose = Prose::Load(SOTAY_BENCH_NOTES, options.seed);
  if (!prose.ok()) return Fail(prose.status());
  const absl::StatusOr<std::string> dir = WorkingDirectory(options.dir);
  if (!dir.ok()) return Fail(dir.status());
  Table table;
  absl::Status status;
  {
    Stage stage(*dir, &*prose, &table);
    for (const Bench& bench : kBenches) {
      const bool wanted =
          options.only.empty() ||
          std::find(options.only.begin(), options.only.end(), bench.name) != options.only.end();
      if (wanted && status.ok()) status = bench.run(&stage);
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(*dir, ignored);
  if (!status.ok()) return Fail(status);
  return Report(options, table);
}

absl::Status Load(const Options& options, Table* table) {
  SOTAY_ASSIGN_OR_RETURN(Prose prose, Prose::Load(SOTAY_BENCH_NOTES, options.seed));
  SOTAY_ASSIGN_OR_RETURN(const Credentials administrator,
                         CredentialsIn(options.admin, options.address));
  Office office(administrator);
  Say(absl::StrCat("this leaves a unit, ", options.phones, " people with a phone each, and ",
                   options.phones * options.round.notes, " notes in the server at ",
                   options.address, ": not for one that is in use"));
  Say(absl::StrCat("enrolling ", options.phones, " phones"));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Fleet> fleet,
                         Fleet::Enrol(&office, &prose, options.phones));
  Say("writing");
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries, fleet->Write(options.round));
  Say("sending");
  const DeliveryReport report = Deliver(deliveries, options.connections);
  if (!report.first_error.ok()) Say(absl::StrCat("first error: ", report.first_error.ToString()));
  table->Add({"load.notes_per_s", "notes acknowledged", report.notes_per_second(), "/s"});
  table->Add({"load.notes", "notes acknowledged, in all", static_cast<double>(report.notes), ""});
  table->Add({"load.push_p50_ms", "a push, median", Percentile(report.push_ms, 0.5), "ms", 1});
  table->Add(
      {"load.push_p99_ms", "a push, 99 of 100 within", Percentile(report.push_ms, 0.99), "ms", 1});
  table->Add({"load.errors", "pushes that failed", static_cast<double>(report.errors), "", 0,
              Bound::kAtMost, 0});
  return absl::OkStatus();
}

int RunLoad(const Options& options) {
  Table table;
  if (const absl::Status status = Load(options, &table); !status.ok()) return Fail(status);
  return Report(options, table);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("The figures sotay is held to, measured here, beside their limits.");
  app.add_flag("--json", options.json, "Print JSON");
  app.add_option("--seed", options.seed, "Seed of the prose")->capture_default_str();
  std::vector<std::string> names;
  for (const Bench& bench : kBenches) names.push_back(bench.name);
  app.add_option("--only", options.only, "Only this bench; may be given again")
      ->check(CLI::IsMember(names));
  app.add_option("--dir", options.dir, "Work below this directory, on a real disk");
  CLI::App* const load = app.add_subcommand(
      "load", "Only the load, on a server that is up; its unit, people and notes stay there");
  load->fallthrough();
  load->add_option("--address", options.address, "The server, HOST:PORT")->required();
  load->add_option("--admin", options.admin, "Profile directory of an enrolled administrator")
      ->required();
  load->add_option("--phones", options.phones, "Phones to enrol")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load->add_option("--notes", options.round.notes, "Notes a phone")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load->add_option("--push-notes", options.round.push_notes, "Notes a push")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  load->add_option("--connections", options.connections, "Phones that send at a time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  load->add_option("--note-bytes", options.round.note_bytes, "Bytes of a note's words")
      ->check(CLI::Range(32, 32768))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return load->parsed() ? RunLoad(options) : RunBenches(options);
}

}  // namespace
}  // namespace sotay::bench

int main(int argc, char** argv) { return sotay::bench::Main(argc, argv); }
