// The pushes that were read last, unpacked: a feed is read in the order in which changes came, and
// so asks for one change of a push after the other.  Any thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

class UnpackedPushes {
 public:
  using Changes = std::shared_ptr<const v1::ChangeBatch>;

  // Null when the push is not among them.  `key` is that of its SealRow.
  Changes Find(absl::string_view key) ABSL_LOCKS_EXCLUDED(mutex_);
  // All of them: pushes were written anew.
  void Forget() ABSL_LOCKS_EXCLUDED(mutex_);
  // How often they were forgotten; to be asked before a push is read that is to be kept.
  uint64_t forgotten() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Not when they were forgotten since: it may have been read before it was written anew.
  void Keep(std::string key, Changes changes, uint64_t forgotten) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A few for each of the threads that read; each may be 1 MiB.
  static constexpr size_t kKept = 16;

  mutable absl::Mutex mutex_;
  uint64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  std::list<std::pair<std::string, Changes>> kept_ ABSL_GUARDED_BY(mutex_);  // newest use first
};

}  // namespace sotay::server
