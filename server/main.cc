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
#include "server/authority.h"
#include "server/backup_chain.h"
#include "server/backup_lives.h"
#include "server/blobs.h"
#include "server/blobs_check.h"
#include "server/config.h"
#include "server/daemon.h"
#include "server/founding.h"
#include "server/key_commands.h"
#include "server/main_keys.h"
#include "server/restore.h"
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

Keys: `keys roll-log --reason "..."` replaces the key that signs the logs.  Destroy every copy
of the old one.  `keys roll-authority --reason "..."` puts a new authority beside the one in ca/;
devices go over to it when they synchronise, `keys status` says who has, and `keys
finish-authority` ends the trust in the old one.

Backup: name a directory under [backup] in sotayd.toml, and look at it now and then with
`backup-check`.  It holds the notes and no key: keep ca/, log.key, server.key and sotayd.toml apart
from it.  To restore, put these into a new data directory (and log.handovers, if there is one) and run
`restore`.

Files of the data directory: sotayd.toml (settings), ca/ (the authority's key: guard it), log.key (signs
the logs: guard it, keep a copy), server.key and server.crt (renewed by themselves), store/ (everything
else), blobs/ (files of attachments), first-administrator.invite.)";

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

int Done(const absl::Status& status) { return status.ok() ? kDone : Report(status); }

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

void PrintLogs(const StoreReport& report) {
  for (const auto& [unit, log] : report.logs) {
    const absl::string_view root(reinterpret_cast<const char*>(log.root.data()), log.root.size());
    std::printf("log of %s: %llu entries, root %s\n", unit.c_str(),
                static_cast<unsigned long long>(log.entries), absl::BytesToHexString(root).c_str());
  }
}

struct BackupFlags {
  std::string data;
  std::string from;
  std::vector<std::string> schemas;
  bool by_earlier_key = false;
};

int CheckBackup(const BackupFlags& flags) {
  const durable::StoreOptions files;
  const absl::StatusOr<std::string> life = FindLife(flags.from, files);
  if (!life.ok()) return Report(life.status());
  const bool keyed = !flags.data.empty();
  const auto keys = keyed ? LogKeysOf(flags.data, *life, files) : LogKeysNamedIn(*life, files);
  if (!keys.ok()) return Report(keys.status());
  std::printf("backup in %s\nlog key %s (%s)\n", life->c_str(),
              absl::BytesToHexString(keys->current().spki()).c_str(),
              keyed ? "of the data directory" : "as the backup itself names it: compare it");
  PrintHandovers(keys->handovers());
  BackupChain chain(*life, *keys, files);
  uint64_t rows = 0;
  uint64_t bytes = 0;
  const absl::Status held = chain.TakeAll([&](const SegmentSummary& segment) {
    rows += segment.rows;
    bytes += segment.bytes;
    std::printf("%s  %s  %llu rows, %llu bytes\n", SegmentName(segment.number).c_str(),
                InstantOf(segment.taken_ms).c_str(), static_cast<unsigned long long>(segment.rows),
                static_cast<unsigned long long>(segment.bytes));
    std::fflush(stdout);
  });
  if (!held.ok()) return Report(held);
  for (const stored::v1::UnitMark& unit : chain.mark().units()) {
    std::printf("log of %s: %llu entries\n", unit.unit_id().c_str(),
                static_cast<unsigned long long>(unit.position()));
  }
  std::printf("%zu segments hold, %llu rows, %llu bytes; the newest moment is %s\n",
              chain.segments().size(), static_cast<unsigned long long>(rows),
              static_cast<unsigned long long>(bytes),
              InstantOf(chain.segments().back().taken_ms).c_str());
  if (chain.signer() < keys->handovers().size()) {
    std::printf(
        "the newest segment is from before the log key was replaced; whoever has the key of "
        "its day could have made another\n");
  }
  return kDone;
}

int RestoreStore(const BackupFlags& flags) {
  // All that a start needs, before any work.
  RunFlags settings;
  settings.data = flags.data;
  settings.schemas = flags.schemas;
  const absl::StatusOr<Config> config = ConfigFor(settings);
  if (!config.ok()) return Report(config.status());
  const absl::StatusOr<Authority> authority = Authority::Open(AuthorityPath(flags.data));
  if (!authority.ok()) return Report(authority.status());
  const durable::StoreOptions files;
  const absl::StatusOr<std::string> life = FindLife(flags.from, files);
  if (!life.ok()) return Report(life.status());
  const auto keys = LogKeysOf(flags.data, *life, files);
  if (!keys.ok()) return Report(keys.status());
  const auto schema = LoadSchema(config->schemas);
  if (!schema.ok()) return Report(schema.status());
  RestorePlan plan{flags.from, StorePath(flags.data), StorePartPath(flags.data),
                   *keys,      schema->get(),         NowMs(),
                   nullptr,    BlobsPath(flags.data)};
  plan.by_earlier_key = flags.by_earlier_key;
  plan.told = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  const absl::StatusOr<Restored> restored = Restore(plan, durable::StoreOptions());
  if (!restored.ok()) return Report(restored.status());
  PrintLogs(restored->report);
  std::printf("0 faults\nrestored to %s, the moment of segment %llu; the new life is %s\n",
              InstantOf(restored->ended.taken_ms()).c_str(),
              static_cast<unsigned long long>(restored->ended.segment()),
              absl::BytesToHexString(restored->ended.next_epoch()).c_str());
  for (const auto& [unit, head] : restored->heads) {
    for (const stored::v1::NumberSeries& series : head.numbers()) {
      std::printf(
          "%s: numbers of %s are known up to %llu; later ones are given anew: compare paper\n",
          unit.c_str(), series.series().c_str(), static_cast<unsigned long long>(series.last()));
    }
  }
  // The store and ca/ may be of different days.
  const absl::Status trust = ShowTrust(flags.data);
  if (!trust.ok()) {
    std::printf("WARNING sotayd will not start: %s\n", std::string(trust.message()).c_str());
  }
  std::printf(
      "What administration did since then is to be done again, revocations first.\n"
      "A device that took another key since then is known by the one before until it shows how it\n"
      "came to that: revoke those whose old key may be in other hands.\n");
  for (const std::string& file : restored->damaged_files) {
    std::printf("WARNING %s; it was left out, and is asked of the phones that have it\n",
                file.c_str());
  }
  return kDone;
}

// The files of attachments, which lie beside the store.
absl::StatusOr<BlobsReport> CheckFiles(const std::string& data, Store* store,
                                       const sync::Schema& schema) {
  const auto blobs = Blobs::Open(BlobsPath(data), durable::StoreOptions(), BlobLimits(), NowMs);
  if (!blobs.ok()) return blobs.status();
  absl::StatusOr<BlobsReport> report = CheckBlobs(store, schema, blobs->get());
  if (!report.ok()) return report;
  std::printf("%-18s %llu, %llu bytes\n", "files", static_cast<unsigned long long>(report->files),
              static_cast<unsigned long long>(report->bytes));
  for (const std::string& line : report->waiting) std::printf("WAITS %s\n", line.c_str());
  return report;
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
  PrintLogs(*report);
  for (const std::string& secret : report->secrets) std::printf("%s\n", secret.c_str());
  const auto files = CheckFiles(flags.data, store->get(), **schema);
  if (!files.ok()) return Report(files.status());
  for (const std::string& fault : report->first_faults) std::printf("FAULT %s\n", fault.c_str());
  for (const std::string& fault : files->faults) std::printf("FAULT %s\n", fault.c_str());
  const uint64_t faults = report->faults + files->faults.size();
  std::printf("%llu faults\n", static_cast<unsigned long long>(faults));
  return faults == 0 ? kDone : kDamaged;
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

  BackupFlags backup;
  const auto from = [&backup](CLI::App* command) {
    command
        ->add_option("--from", backup.from,
                     "the backup's directory: the one in sotayd.toml, or one life's below it")
        ->required();
  };
  CLI::App* backup_check = app.add_subcommand(
      "backup-check", "read a whole backup and hold every segment against the ones before it");
  from(backup_check);
  backup_check->add_option("--data", backup.data,
                           "a data directory with the log.key it must be signed with");

  CLI::App* restore = app.add_subcommand(
      "restore", "make the store of a data directory, which has none, from a backup");
  from(restore);
  restore->add_option("--data", backup.data, "the data directory: keys and sotayd.toml, no store")
      ->required();
  restore->add_option("--schema", backup.schemas, "as for run");
  restore->add_flag("--by-earlier-key", backup.by_earlier_key,
                    "take a backup whose newest segment is by a log key that was replaced since");

  const KeysCommand keys(&app);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  if (init->parsed()) return Init(flags.data, founding);
  if (backup_check->parsed()) return CheckBackup(backup);
  if (restore->parsed()) return RestoreStore(backup);
  if (keys.parsed()) return Done(keys.Do(NowMs()));
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
