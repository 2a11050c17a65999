// Durable ingest: notes that were acknowledged over real TLS to a real server, as a share of
// what bare LevelDB writes of the same bytes on the same disk in the same minute.
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"
#include "tests/bench/bare_leveldb.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"

namespace sotay::bench {
namespace {

constexpr size_t kPhones = 100;
constexpr size_t kNotes = 50;  // each phone has, in one push
constexpr size_t kLines = 50;  // phones that send at a time, each over a connection of its own
constexpr size_t kPairs = 25;
constexpr size_t kBareBatch = 500;
constexpr double kShareMin = 0.35;
// What is asked of a server that guards reads, chains its log and notes who read; all of ours does.
constexpr double kGuardedShareMin = 0.30;

// The same change bytes under keys of 24 bytes: device and sequence, as a log of changes would
// have them.
std::vector<BareLevelDb::Pair> BarePairs(const std::vector<Delivery>& deliveries) {
  std::vector<BareLevelDb::Pair> pairs;
  for (const Delivery& delivery : deliveries) {
    for (const Parcel& parcel : delivery.parcels) {
      for (size_t i = 0; i < parcel.count(); ++i) {
        std::string key = delivery.phone->device().str();
        for (int shift = 56; shift >= 0; shift -= 8) {
          key.push_back(static_cast<char>((parcel.first_sequence + i) >> shift));
        }
        pairs.push_back({std::move(key), parcel.changes[i]});
      }
    }
  }
  return pairs;
}

// What all pairs together took.  One of them is over in some hundredths of a second, of which the
// disk takes now this, now that part; so rates are of the run, and what one pair said is told.
struct Samples {
  double notes = 0, our_seconds = 0, bare_seconds = 0;
  std::vector<double> share, server_us, generator_us, fsyncs, disk_bytes, push_ms;  // by pair

  double Ours() const { return notes / our_seconds; }
  double Bare() const { return notes / bare_seconds; }
};

// Waits until neither side compacts or writes any more: nobody pays for what the other has left.
void Settle(const ServerProcess& server) {
  constexpr double kQuietSeconds = 0.01;  // of processor time in a look
  constexpr int kLooksMax = 100;
  ::sync();
  for (int look = 0; look < kLooksMax; ++look) {
    const double before = server.CpuSeconds() + OwnCpuSeconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (server.CpuSeconds() + OwnCpuSeconds() - before < kQuietSeconds) return;
  }
}

absl::Status RunPair(Premises* premises, BareLevelDb* bare, bool bare_first, Samples* samples) {
  ServerProcess& server = *premises->server;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries,
                         premises->fleet->Write({kNotes, kNotes, kNoteBytes}));
  const std::vector<BareLevelDb::Pair> pairs = BarePairs(deliveries);
  double bare_seconds = 0;
  const auto run_bare = [&]() -> absl::Status {
    SOTAY_ASSIGN_OR_RETURN(bare_seconds, bare->Write(pairs, kBareBatch));
    return absl::OkStatus();
  };
  Settle(server);
  if (bare_first) SOTAY_RETURN_IF_ERROR(run_bare());
  if (bare_first) Settle(server);
  const double server_cpu = server.CpuSeconds(), own_cpu = OwnCpuSeconds();
  const uint64_t fsyncs = server.Fsyncs(), disk = server.DiskBytes();
  DeliveryReport report = Deliver(deliveries, kLines);
  const double notes = static_cast<double>(report.notes);
  samples->server_us.push_back((server.CpuSeconds() - server_cpu) / notes * 1e6);
  samples->generator_us.push_back((OwnCpuSeconds() - own_cpu) / notes * 1e6);
  samples->fsyncs.push_back(static_cast<double>(server.Fsyncs() - fsyncs) /
                            static_cast<double>(report.pushes));
  samples->disk_bytes.push_back(static_cast<double>(server.DiskBytes() - disk) / notes);
  SOTAY_RETURN_IF_ERROR(report.first_error);
  if (!bare_first) {
    Settle(server);
    SOTAY_RETURN_IF_ERROR(run_bare());
  }
  const double bare_notes = notes / bare_seconds;
  samples->notes += notes;
  samples->our_seconds += report.seconds;
  samples->bare_seconds += bare_seconds;
  samples->share.push_back(report.notes_per_second() / bare_notes);
  samples->push_ms.insert(samples->push_ms.end(), report.push_ms.begin(), report.push_ms.end());
  Say(absl::StrCat("  bare ", Figure(bare_notes, 0, "notes/s"), ", sotay ",
                   Figure(report.notes_per_second(), 0, "notes/s"), ", share ",
                   Figure(samples->share.back(), 2, "")));
  return absl::OkStatus();
}

}  // namespace

absl::Status IngestBench(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Premises> premises, stage->NewPremises(kPhones));
  SOTAY_ASSIGN_OR_RETURN(BareLevelDb bare, BareLevelDb::Create(premises->dir + "/bare"));
  Samples warm_up, samples;
  Say("ingest: one pair to warm up, then the pairs that count");
  SOTAY_RETURN_IF_ERROR(RunPair(premises.get(), &bare, true, &warm_up));
  for (size_t i = 0; i < kPairs; ++i) {
    SOTAY_RETURN_IF_ERROR(RunPair(premises.get(), &bare, i % 2 == 0, &samples));
  }
  Say("ingest: killing the server, reading everything back");
  SOTAY_RETURN_IF_ERROR(premises->server->KillAndRestart());
  SOTAY_ASSIGN_OR_RETURN(const ReadBack read, premises->fleet->Check());

  Table& table = stage->table();
  const double share = samples.Ours() / samples.Bare();
  table.Add({"ingest.share",
             absl::StrCat("durable ingest, share of bare LevelDB (", kPhones, " phones × ", kNotes,
                          " notes, each phone its own connection and certificate, ", kLines,
                          " sending at a time)"),
             share, "", 2, Bound::kAtLeast, kShareMin});
  table.Add({"ingest.guarded_share", "  the same figure: with guard, chain and log on", share, "",
             2, Bound::kAtLeast, kGuardedShareMin});
  table.Add(
      {"ingest.share_least", "  of one pair, the least", Percentile(samples.share, 0), "", 2});
  table.Add({"ingest.share_most", "  of one pair, the most", Percentile(samples.share, 1), "", 2});
  table.Add({"ingest.notes_per_s", "  notes acknowledged", samples.Ours(), "/s"});
  table.Add({"ingest.bare_per_s", "  bare LevelDB, synced batches of 500", samples.Bare(), "/s"});
  table.Add({"ingest.push_p50_ms", "  a push of 50 notes, median", Percentile(samples.push_ms, 0.5),
             "ms", 1});
  table.Add({"ingest.push_p99_ms", "  a push of 50 notes, 99 of 100 within",
             Percentile(samples.push_ms, 0.99), "ms", 1});
  table.Add(
      {"ingest.server_us", "  server's processor time a note", Median(samples.server_us), "µs", 1});
  table.Add({"ingest.generator_us", "  load generator's processor time a note",
             Median(samples.generator_us), "µs", 1});
  table.Add({"ingest.fsyncs", "  fsyncs an acknowledged push", Median(samples.fsyncs), "", 2});
  table.Add({"ingest.disk_bytes", "  bytes to disk a note", Median(samples.disk_bytes), "B"});
  table.Add({"ingest.kept", "  notes there, word for word, after kill -9",
             static_cast<double>(read.found), "", 0, Bound::kAtLeast,
             static_cast<double>(read.expected)});
  return absl::OkStatus();
}

}  // namespace sotay::bench
