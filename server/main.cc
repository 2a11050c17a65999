// sotayd: the command.  Reads flags, builds what is asked for, waits for a signal.
#include <signal.h>
#include <time.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/config.h"
#include "server/daemon.h"
#include "server/founding.h"
#include "server/schema_files.h"
#include "server/store.h"
#include "server/store_check.h"
#include "sync/durable/open.h"
#include "sync/seal/whole_file.h"

namespace sotay::server {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kUsage = 2, kCannotStart = 3, kDamaged = 4 };

constexpr char kFooter[] = R"(Begin:

  sotayd init --data /srv/sotay --organisation "VKSND tinh Song May" \
      --address sotay.example:7443 --admin mac.khoa --admin-name "Mac Khoa"
  sotayd run --data /srv/sotay

`init` prints an invitation.  Whoever has it enrols the first device and, with `sotayctl`, makes
units, users and further invitations.

Exit codes: 0 done, or stopped in good order; 1 failed; 2 wrong usage or configuration; 3 cannot
start (no data directory, store in use, port taken, already founded); 4 the store is damaged:
restore it from a backup.

Files of the data directory: sotayd.toml (settings), ca/ (the authority's key: guard it), log.key (signs
the logs: guard it, keep a copy), server.key and server.crt (renewed by themselves), store/ (everything
else), first-administrator.invite.)";

int64_t NowMs() { return absl::ToUnixMillis(absl::Now()); }

int Report(const absl::Status& status) {
  std::fprintf(stderr, "sotayd: %s\n", std::string(status.message()).c_str());
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return kUsage;
    case absl::StatusCode::kDataLoss:
      return kDamaged;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return kCannotStart;
    default:
      return kFailed;
  }
}

int Init(const std::string& data, const Founding& founding) {
  const absl::StatusOr<std::string> invitation = Found(data, founding, NowMs());
  if (!invitation.ok()) return Report(invitation.status());
  std::printf("%s\n", invitation->c_str());
  std::fprintf(stderr,
               "sotayd: founded in %s.  The line above is the invitation of the first "
               "administrator (%s); it also stands in %s.\n",
               data.c_str(), founding.administrator.c_str(), FirstInvitationPath(data).c_str());
  return kDone;
}

struct RunFlags {
  std::string data;
  std::string listen;
  std::vector<std::string> schemas;
  std::string log_level;
  std::string port_file;
};

absl::StatusOr<Config> ConfigFor(const RunFlags& flags) {
  absl::StatusOr<Config> config = LoadConfig(flags.data);
  if (!config.ok()) return config;
  if (!flags.listen.empty()) config->listen = flags.listen;
  if (!flags.schemas.empty()) config->schemas = flags.schemas;
  if (!flags.log_level.empty()) config->log_level = flags.log_level;
  return config;
}

int Run(const RunFlags& flags) {
  // Before any thread begins, so that all of them leave these signals to this one.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  absl::StatusOr<Config> config = ConfigFor(flags);
  if (!config.ok()) return Report(config.status());
  DaemonOptions options;
  options.data = flags.data;
  options.config = *std::move(config);
  absl::StatusOr<std::unique_ptr<Daemon>> daemon = Daemon::Start(std::move(options));
  if (!daemon.ok()) return Report(daemon.status());
  const std::string port = absl::StrCat((*daemon)->port());
  std::printf("sotayd: listening on %s:%s\n", (*daemon)->host().c_str(), port.c_str());
  std::fflush(stdout);
  if (!flags.port_file.empty()) {
    const absl::Status written =
        seal::WriteWholeFile(flags.port_file, absl::StrCat(port, "\n"), 0644);
    if (!written.ok()) return Report(written);
  }
  const timespec second = {1, 0};
  while (sigtimedwait(&signals, nullptr, &second) < 0) (*daemon)->Tick();
  (*daemon)->Drain();
  return kDone;
}

int Check(const RunFlags& flags) {
  const absl::StatusOr<Config> config = ConfigFor(flags);
  if (!config.ok()) return Report(config.status());
  const auto schema = LoadSchema(config->schemas);
  if (!schema.ok()) return Report(schema.status());
  const auto store = Store::Open(StorePath(flags.data), durable::StoreOptions(), schema->get());
  if (!store.ok()) return Report(store.status());
  for (const durable::TailCut& cut : (*store)->tail_cuts()) {
    std::printf("CUT %s from %llu to %llu bytes, as a power cut leaves it; it lies in %s\n",
                cut.log.c_str(), static_cast<unsigned long long>(cut.bytes_before),
                static_cast<unsigned long long>(cut.bytes_after), cut.copy.c_str());
  }
  const absl::StatusOr<StoreReport> report = CheckStore(store->get(), **schema);
  if (!report.ok()) return Report(report.status());
  for (const auto& [table, rows] : report->rows) {
    std::printf("%-18s %llu\n", table.c_str(), static_cast<unsigned long long>(rows));
  }
  for (const auto& [unit, log] : report->logs) {
    const absl::string_view root(reinterpret_cast<const char*>(log.root.data()), log.root.size());
    std::printf("log of %s: %llu entries, root %s\n", unit.c_str(),
                static_cast<unsigned long long>(log.entries), absl::BytesToHexString(root).c_str());
  }
  for (const std::string& fault : report->first_faults) std::printf("FAULT %s\n", fault.c_str());
  std::printf("%llu faults\n", static_cast<unsigned long long>(report->faults));
  return report->faults == 0 ? kDone : kDamaged;
}

int Main(int argc, char** argv) {
  CLI::App app("sotayd: the server of sotay.  Phones write without a network and reconcile here.",
               "sotayd");
  app.footer(kFooter);
  app.require_subcommand(1);
  Founding founding;
  RunFlags flags;
  const auto data = [&flags](CLI::App* command) {
    command->add_option("--data", flags.data, "the data directory")->required();
  };

  CLI::App* init = app.add_subcommand("init", "found an organisation in a new data directory");
  data(init);
  init->add_option("--organisation", founding.organisation, "its name, for certificates")
      ->required();
  init->add_option("--address", founding.address, "host:port under which phones will reach it")
      ->required();
  init->add_option("--listen", founding.listen,
                   "host:port to listen on; default: all, with the port of --address");
  init->add_option("--name,--san", founding.names,
                   "further DNS names and IP addresses of the server's certificate");
  init->add_option("--admin", founding.administrator, "user id of the first administrator")
      ->required();
  init->add_option("--admin-name", founding.administrator_name, "their full name")->required();
  init->add_option("--invitation-valid-s", founding.invitation_valid_s,
                   "how long the first invitation holds, seconds")
      ->check(CLI::Range(60, 604'800))
      ->capture_default_str();

  CLI::App* run = app.add_subcommand("run", "serve until SIGTERM or SIGINT");
  data(run);
  run->add_option("--listen", flags.listen,
                  "host:port to listen on, instead of the one in sotayd.toml; port 0: any");
  run->add_option("--schema", flags.schemas,
                  "descriptor files with record types, instead of the ones in sotayd.toml");
  run->add_option("--port-file", flags.port_file, "write the port listened on to this file");
  run->add_option("--log-level", flags.log_level, "debug, info, warning or error");

  CLI::App* check = app.add_subcommand("check", "hold every table of the store against the others");
  data(check);
  check->add_option("--schema", flags.schemas, "as for run");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (init->parsed()) return Init(flags.data, founding);
  return run->parsed() ? Run(flags) : Check(flags);
}

}  // namespace
}  // namespace sotay::server

#ifdef NDEBUG
// jemalloc's settings, which it looks for under this name.  What a memtable gives back when it is
// written out, the next one needs within the minute: to return it to the system and have it
// zeroed again is a tenth of what a push costs.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "dirty_decay_ms:60000,muzzy_decay_ms:60000";
}
#endif

int main(int argc, char** argv) {
#ifdef NDEBUG
  // Debian's Abseil looks for cycles at every lock, its own and gRPC's.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
#endif
  return sotay::server::Main(argc, argv);
}
