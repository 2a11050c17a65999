// The backup of a running server: every so often what came since goes into a new segment
// (store_segment.h), which counts once it was read back and held.  Phones are told up to where
// their changes are in one (watermark.h), and keep the rest.
//
// A round takes the small tables of one moment, and up to where these say then the rows that are
// written once, so a segment is consistent though the hub goes on writing.  LevelDB as packaged may
// show older values again after a snapshot was held for long while keys are written anew; so none
// is held for longer than it takes to read the small tables, or some megabytes of the other rows.
// What fails (a full disk, a directory that is not mounted) is told to the operator when it begins
// and when it is over, and tried again with the next round; nothing of it stops the server.  A
// chain that was damaged on its disk is told, its segments from the first bad one on are put aside
// (NAME.aside), and what they had is written anew.  When a dossier was sealed (secrecy.h) the whole
// chain is put aside (EPOCH.before-UNIT-NUMBER, of the act), and everything written anew: always
// when the store knows of a sealing of which the chain's first segment does not say that all has
// left.  A segment during which rows were written anew is no moment of any store, and given up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "server/backup_chain.h"
#include "server/backup_lives.h"
#include "server/store.h"
#include "server/watermark.h"
#include "sync/attaching.h"
#include "sync/seal/key.h"

namespace sotay::server {

struct BackupOptions {
  // Segments of each life of the store stand in a directory of its own below this one, which must
  // be there: where it is missing, its disk is not mounted.
  std::string directory;
  int64_t every_s = 300;
  // Server clock, milliseconds since 1970.
  std::function<int64_t()> now_ms;
};

class Backup {
 public:
  // `store` and `watermark` outlive it; `files` says where segments live, as for SegmentWriter.
  Backup(Store* store, Watermark* watermark, seal::SigningKey key, BackupOptions options,
         const durable::StoreOptions& files);
  // Stops without a last round.
  ~Backup();

  // Begins a thread that makes a round now and then.
  void Start();
  // The next round is to be made at once: something was written that no phone can give back.  Any
  // thread; does not wait for it.
  void Hurry();
  // Ends it, and makes the last round: to be called when nothing writes to the store any more.  A
  // round that is at work on much gives up, and there is no other.
  void Drain();

  // One round.  OK, too, when nothing is new.  kFailedPrecondition when the store has less than its
  // backup: it was set back without a restore, and nothing is written.  Otherwise fails as the file
  // system does.  One thread at a time.
  absl::Status RunOnce();

 private:
  void Run();
  void Stop();
  // A round, with what the operator is told of it.
  void RunAndTell();
  absl::Status ReadChain();
  // Segments written before a dossier proved to be secret have its content, and are not written
  // anew: they are put aside as they are, and a chain begins that has none of it.  `now`: as the
  // moment says that is to be written.
  absl::Status LeaveWhatIsSecret(const SealedThere& now);
  // Files of what was sealed leave the chain; those of the rest are taken over from chains that
  // were put aside, also where that was cut short.
  absl::Status TidyFiles(const SealedThere& now);
  // Whether the newest segment is still the one that was written.
  bool ChainStands() const;
  // Whether the store goes on from what the chain has.
  absl::Status CheckGoesOn(const stored::v1::BackupMark& mark);
  absl::Status CopyInParts(std::string from, const std::string& end, SegmentWriter* writer);
  // Lets go of the moment as soon as it can.
  // kUnavailable when rows were written anew since the store had `rewrites`.
  absl::Status WriteNext(std::unique_ptr<Moment> moment, const stored::v1::BackupMark& mark,
                         uint64_t rewrites);

  Store& store_;
  Watermark& watermark_;
  const seal::SigningKey key_;
  const BackupOptions options_;
  const std::unique_ptr<const durable::StoreOptions> files_;

  // The round's alone.
  absl::optional<BackupChain> chain_;
  std::set<std::string> left_;        // what had left by the chain's first segment
  bool files_tidy_ = false;           // nothing is left to be taken over
  std::set<sync::FilePlace> copied_;  // files that are in the chain
  std::string failing_;               // what the operator was told last; empty: it works

  // Not Abseil's, which waits by the wall clock: one that is set back would put off the next round
  // for as long.
  std::mutex mutex_;
  std::condition_variable called_;
  bool stopping_ = false;             // under mutex_
  bool wanted_ = false;               // under mutex_: the next round at once
  std::atomic<bool> hurried_{false};  // a round that has long to go gives up …
  bool gave_up_ = false;              // … as the last one did
  std::thread thread_;
};

}  // namespace sotay::server
