// Records that were born and have no row of their own yet.  A birth is found without one: its run
// stands in the feed (birth_run.h).  Its row only says where, by the record's id; ids are chance,
// and to put them into the store as they come is the dearest part of taking in a note.  So the rows
// are filed later, in order of the ids, by the store: with the commits that follow once there are
// many, and at once when nothing else is to be done.  What a crash leaves unfiled the next start
// finds, in the runs past what `F` says is filed (docs/decisions/0037-births-filed-later.md).
//
// Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "sync/ids.h"

namespace sotay::server {

// Where a record was born.
struct BirthPlace {
  sync::RecordId record;
  std::string unit;
  uint64_t position = 0;
};

// Rows to be filed together.
struct Filing {
  std::vector<BirthPlace> births;  // in order of the records
  // Of each unit, up to where every birth is filed with these.
  std::vector<std::pair<std::string, uint64_t>> filed;

  bool empty() const { return births.empty() && filed.empty(); }
};

class UnfiledBirths {
 public:
  // As many may come before they are filed with the commits that follow.
  static constexpr size_t kGatheredMax = 16'384;

  explicit UnfiledBirths(size_t gathered_max = kGatheredMax) : gathered_max_(gathered_max) {}
  // Before the first birth.
  void set_gathered_max(size_t gathered_max) { gathered_max_ = gathered_max; }

  // What is about to be written, so that whoever reads of it as soon as it is finds where; then
  // either it is there, and gathers, or it never will be.
  void Announce(const std::vector<BirthPlace>& births) ABSL_LOCKS_EXCLUDED(mutex_);
  void Gather() ABSL_LOCKS_EXCLUDED(mutex_);
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);
  // They have a row by now.
  void Drop(const std::vector<sync::RecordId>& records) ABSL_LOCKS_EXCLUDED(mutex_);

  // Also one that is only announced.
  absl::optional<BirthPlace> Find(const sync::RecordId& record) const ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsAnnounced(const sync::RecordId& record) const ABSL_LOCKS_EXCLUDED(mutex_);
  // The first that is there and whose id is not before that.
  absl::optional<BirthPlace> From(const sync::RecordId& record) const ABSL_LOCKS_EXCLUDED(mutex_);
  // How often some got their rows: as long as it is the same, none that has no row was missed.
  uint64_t filings() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Those that are there and whose ids begin with `prefix`, in order.
  std::vector<BirthPlace> Under(absl::string_view prefix) const ABSL_LOCKS_EXCLUDED(mutex_);
  bool empty() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The next to be filed, at most `most`; none as long as few have gathered, unless `all` are
  // wanted.  Done is to follow before the next.
  Filing Next(size_t most, bool all) ABSL_LOCKS_EXCLUDED(mutex_);
  void Done(const Filing& filing) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Place {
    uint64_t position = 0;
    uint32_t unit = 0;  // in units_
  };
  using Places = absl::btree_map<sync::RecordId, Place>;

  BirthPlace At(Places::const_iterator at) const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return {at->first, units_[at->second.unit], at->second.position};
  }
  uint32_t NumberOf(const std::string& unit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  size_t gathered_max_;
  mutable absl::Mutex mutex_;
  Places announced_ ABSL_GUARDED_BY(mutex_);
  Places gathered_ ABSL_GUARDED_BY(mutex_);
  Places filing_ ABSL_GUARDED_BY(mutex_);  // all of them came before those
  std::vector<std::string> units_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, uint32_t, std::less<>> numbers_ ABSL_GUARDED_BY(mutex_);  // in units_
  uint64_t filings_ ABSL_GUARDED_BY(mutex_) = 0;
  // The newest position, by unit, of what gathers, and of what is being filed.
  std::map<uint32_t, uint64_t> gathered_to_ ABSL_GUARDED_BY(mutex_);
  std::map<uint32_t, uint64_t> filing_to_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
