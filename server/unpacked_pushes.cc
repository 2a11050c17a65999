#include "server/unpacked_pushes.h"

#include <algorithm>

namespace sotay::server {

UnpackedPushes::Changes UnpackedPushes::Find(absl::string_view key) {
  absl::MutexLock lock(&mutex_);
  const auto at =
      std::find_if(kept_.begin(), kept_.end(), [&](const auto& kept) { return kept.first == key; });
  if (at == kept_.end()) return nullptr;
  kept_.splice(kept_.begin(), kept_, at);
  return at->second;
}

void UnpackedPushes::Keep(std::string key, Changes changes, uint64_t forgotten) {
  absl::MutexLock lock(&mutex_);
  if (forgotten != forgotten_) return;
  kept_.emplace_front(std::move(key), std::move(changes));
  if (kept_.size() > kKept) kept_.pop_back();
}

void UnpackedPushes::Forget() {
  absl::MutexLock lock(&mutex_);
  kept_.clear();
  ++forgotten_;
}

uint64_t UnpackedPushes::forgotten() const {
  absl::MutexLock lock(&mutex_);
  return forgotten_;
}

}  // namespace sotay::server
