// What is on a disk, and what a cut of power leaves of it: the model under FaultEnv.  Harsher than
// any one file system: bytes are durable when their file was synced, names when their directory
// was, and neither implies the other.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "leveldb/env.h"

namespace sotay::testing {

// What a power cut does to what was not durable yet.
enum class PowerCut {
  kDropUnsynced,   // no unsynced byte and no unsynced name survives
  kKeepPrefix,     // a prefix of each file's unsynced bytes, ending at a multiple of 512
  kKeepPages,      // any subset of each file's unsynced 4 KiB pages; the gaps read as zeros
  kGrowWithZeros,  // the files have their new lengths, and zeros for bytes
  kLoseNames,      // any subset of the unsynced names; the bytes all or none
  kFlipBit,        // as kDropUnsynced, and one bit of what was durable is flipped
};
inline constexpr PowerCut kPowerCuts[] = {PowerCut::kDropUnsynced, PowerCut::kKeepPrefix,
                                          PowerCut::kKeepPages,    PowerCut::kGrowWithZeros,
                                          PowerCut::kLoseNames,    PowerCut::kFlipBit};
const char* Name(PowerCut kind);

// Files by path, and the directories they lie in: all a disk holds.
struct DiskImage {
  std::map<std::string, std::string> files;
  std::set<std::string> directories;
  // For kFlipBit: which byte of which file.  Empty if nothing was there to flip.
  std::string flipped;

  // Writes everything to `env`, e.g. the real file system, synced.  The parents of
  // `directories` must exist there.
  leveldb::Status WriteTo(leveldb::Env* env) const;
  // Adds all files under `directory` in `env`, and those one directory below.
  leveldb::Status ReadFrom(leveldb::Env* env, const std::string& directory);
};

// One file's bytes, under whatever names.  Only ever grows; a file created again is another.
struct Inode {
  absl::Mutex mutex;
  std::string bytes ABSL_GUARDED_BY(mutex);
  uint64_t synced ABSL_GUARDED_BY(mutex) = 0;
};

struct DiskNames {
  std::map<std::string, std::shared_ptr<Inode>> files;
  std::set<std::string> directories;
};

struct NameChange {
  enum Kind { kLink, kUnlink, kRename, kMakeDirectory, kDropDirectory };
  Kind kind;
  std::string name;
  std::string to;  // of a rename
  std::shared_ptr<Inode> inode;

  // Which directory must be synced to make it durable.
  std::string Place() const;
  // Possible whatever of the earlier changes was lost.
  void ApplyTo(DiskNames* names) const;
};

// A disk between two calls.  Cheap: the bytes stay where they are.
struct DiskMoment {
  struct Extent {
    uint64_t size = 0;
    uint64_t synced = 0;
  };
  DiskNames durable;
  // What leads from the durable names to the visible ones, oldest first.
  std::vector<NameChange> changes;
  std::map<Inode*, Extent> extents;
};

// What a cut of power at `moment` leaves.  The same for the same seed.
DiskImage Survivors(const DiskMoment& moment, PowerCut kind, uint64_t seed);

// The directory part of a path that has one.
std::string ParentOf(const std::string& name);

}  // namespace sotay::testing
