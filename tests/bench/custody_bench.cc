// What custody costs: whether the time of an answer tells that a record is there, what the guard
// takes of a catch-up, and how long a large exported dossier takes to check.
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "server/access_rules.h"
#include "server/directory.h"
#include "server/feed.h"
#include "server/schema_files.h"
#include "sync/seal/digest.h"
#include "sync/seal/dossier_check.h"
#include "sync/seal/key.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"
#include "tests/bench/telling.h"
#include "tests/support/process.h"

namespace sotay::bench {
namespace {

constexpr size_t kChanges = 10'000;
constexpr size_t kChecks = 5;
constexpr double kCheckMsMax = 2'000;
constexpr int kReturns = 20;
constexpr int kGuardRounds = 2'000;
constexpr double kGuardShareMax = 0.05;
// As many as the country has: one above, provinces, regions.
constexpr int kProvinces = 34;
constexpr int kRegions = 355;
constexpr char kOwnUnit[] = "khu-vuc-7";
constexpr int64_t kGuardNowMs = 1'794'000'000'000;

using Clock = std::chrono::steady_clock;

double Since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

// Everybody the guard has to choose among, and one device of a prosecutor.
absl::StatusOr<std::unique_ptr<server::Directory>> WholeCountry(const seal::SigningKey& key) {
  server::Tables tables;
  tables.meta.emplace();
  const auto add = [&tables](const std::string& unit, const std::string& parent) {
    v1::Unit& added = tables.units.emplace_back();
    added.set_unit_id(unit);
    added.set_parent_id(parent);
  };
  add("toi-cao", "");
  for (int i = 0; i < kProvinces; ++i) add(absl::StrCat("tinh-", i), "toi-cao");
  for (int i = 0; i < kRegions; ++i) {
    add(absl::StrCat("khu-vuc-", i), absl::StrCat("tinh-", i % kProvinces));
  }
  v1::User& user = tables.users.emplace_back();
  user.set_user_id("nguyet");
  v1::Membership* const membership = user.add_memberships();
  membership->set_unit_id(kOwnUnit);
  membership->set_role(options::v1::ROLE_PROSECUTOR);
  stored::v1::DeviceRow& device = tables.devices.emplace_back();
  device.set_device_id(seal::DeviceIdOf(key.PublicKey()).str());
  device.set_public_key(key.PublicKey());
  device.set_user_id("nguyet");
  device.set_state(v1::DEVICE_STATE_ACTIVE);
  SOTAY_ASSIGN_OR_RETURN(const auto schema, server::LoadSchema({}));
  SOTAY_ASSIGN_OR_RETURN(server::AccessRules rules, server::LoadAccessRules("", *schema, 0));
  return server::Directory::From(std::move(tables), std::move(rules), kGuardNowMs);
}

// Microseconds the guard takes of one exchange: who calls, what they are to be sent, asked
// before a push and again before the answer, as server/exchange.cc does.
absl::StatusOr<double> GuardUs() {
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, seal::SigningKey::Generate());
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<server::Directory> directory, WholeCountry(key));
  const std::string hash = server::HashOfKey(key.PublicKey());
  google::protobuf::RepeatedPtrField<v1::Cursor> cursors;
  cursors.Add()->set_unit_id(kOwnUnit);
  const double begun = OwnCpuSeconds();
  for (int i = 0; i < kGuardRounds; ++i) {
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, directory->CallerOf(hash));
    SOTAY_RETURN_IF_ERROR(server::PlanFeed(*directory, *caller.person, cursors).status());
    SOTAY_ASSIGN_OR_RETURN(const server::Caller again, directory->CallerOf(caller.device));
    SOTAY_RETURN_IF_ERROR(server::PlanFeed(*directory, *again.person, cursors).status());
  }
  return (OwnCpuSeconds() - begun) * 1e6 / kGuardRounds;
}

// The server's processor time of a catch-up on a hundred records, and the guard's share of it.
absl::Status MeasureGuard(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(Premises* const premises, stage->FilledPremises(kFewRecords));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<sdk::Notebook> notebook, premises->NewNotebook());
  SOTAY_RETURN_IF_ERROR(notebook->Sync());
  Say(absl::StrCat("custody: ", kReturns, " catch-ups, and what the guard takes of one"));
  std::vector<double> us;
  for (int i = 0; i < kReturns; ++i) {
    SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries,
                           premises->fleet->Write({10, 10, kNoteBytes}));
    SOTAY_RETURN_IF_ERROR(Deliver(deliveries, premises->fleet->size()).first_error);
    premises->proxy->CountedWhenQuiet();
    const double before = premises->server->CpuSeconds();
    SOTAY_RETURN_IF_ERROR(notebook->Sync());
    us.push_back((premises->server->CpuSeconds() - before) * 1e6);
  }
  SOTAY_ASSIGN_OR_RETURN(const double guard_us, GuardUs());
  Table& table = stage->table();
  table.Add({"custody.guard_share", "the guard's share of a catch-up's processor time",
             guard_us / Median(us), "", 4, Bound::kAtMost, kGuardShareMax});
  table.Add({"custody.guard_us", "  the guard, of one exchange, 390 units", guard_us, "µs", 1});
  table.Add({"custody.catch_up_us", "  a catch-up on 100 records, the server's processor time",
             Median(us), "µs", 0});
  return absl::OkStatus();
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
