// What custody costs: whether the time of an answer tells that a record is there, what the guard
// takes of a catch-up, and how long a large exported dossier takes to check.
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "sync/seal/dossier_check.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/guard.h"
#include "tests/bench/stage.h"
#include "tests/bench/telling.h"
#include "tests/support/process.h"

namespace sotay::bench {
namespace {

constexpr size_t kChanges = 10'000;
constexpr size_t kChecks = 5;
constexpr double kCheckMsMax = 2'000;

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

absl::Status MeasureChecking(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Premises> premises, stage->NewPremises(1));
  // Enrolled for the command, which opens it by itself.
  SOTAY_RETURN_IF_ERROR(premises->NewNotebook().status());
  const std::string dir = premises->dir + "/nguoi-doc-1";
  Say(absl::StrCat("custody: writing and exporting a dossier of ", kChanges, " changes"));
  // The dossier's root is a change as well.
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries,
                         premises->fleet->Write({kChanges - 1, 50, kNoteBytes}));
  SOTAY_RETURN_IF_ERROR(Deliver(deliveries, 1).first_error);
  SOTAY_ASSIGN_OR_RETURN(const ReadBack read, premises->fleet->Check());
  if (read.content_bytes.empty()) return absl::InternalError("custody: nothing was read back");
  const std::string file = premises->dir + "/dossier.sotay";
  const Clock::time_point begun = Clock::now();
  const tests::Ended exported =
      tests::Run({SOTAY_BENCH_SOTAYCTL, "--dir", dir, "--lang", "en", "export",
                  read.content_bytes.begin()->first.Hex(), file, "--without-files"});
  const double export_s = Since(begun);
  if (exported.exit_code != 0) return absl::InternalError("sotayctl export: " + exported.err);
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  std::vector<double> ms;
  for (size_t i = 0; i < kChecks; ++i) {
    const Clock::time_point start = Clock::now();
    const seal::DossierReport report = seal::CheckDossier(*sdk::BuiltinSchema(), bytes, "");
    ms.push_back(Since(start) * 1e3);
    if (!report.faults.empty() || report.changes.size() != kChanges) {
      return absl::InternalError(absl::StrCat("custody: ", report.changes.size(), " changes, ",
                                              report.faults.size(), " faults"));
    }
  }
  // As a reader has it done, with the file read and the verdict printed.
  std::vector<double> verify_ms;
  for (size_t i = 0; i < kChecks; ++i) {
    const Clock::time_point start = Clock::now();
    const tests::Ended verified = tests::Run({SOTAY_BENCH_VERIFY, file, "--lang", "en", "--quiet"});
    verify_ms.push_back(Since(start) * 1e3);
    if (verified.exit_code != 0) return absl::InternalError("sotay-verify: " + verified.out);
  }
  Table& table = stage->table();
  table.Add({"custody.verify_ms", "the same by sotay-verify, start to end", Median(verify_ms), "ms",
             0, Bound::kAtMost, kCheckMsMax});
  table.Add({"custody.check_ms", "a dossier of 10,000 changes checked", Median(ms), "ms", 0,
             Bound::kAtMost, kCheckMsMax});
  table.Add({"custody.export_s", "  exported", export_s, "s", 1});
  table.Add({"custody.file_bytes", "  the file", static_cast<double>(bytes.size()), "B"});
  return absl::OkStatus();
}

}  // namespace

absl::Status CustodyBench(Stage* stage) {
  SOTAY_RETURN_IF_ERROR(MeasureTelling(stage));
  SOTAY_RETURN_IF_ERROR(MeasureGuard(stage));
  return MeasureChecking(stage);
}

}  // namespace sotay::bench
