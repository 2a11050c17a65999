#include "mobile-sdk/core/recently_shown.h"

#include <utility>

namespace sotay::sdk {
namespace {

// A few of the largest records, or a dossier of ordinary ones.
constexpr size_t kBytesMax = size_t{2} << 20;

}  // namespace

absl::optional<ShownBytes> RecentlyShown::Get(const sync::RecordId& id) const {
  absl::MutexLock lock(&mutex_);
  const auto at = shown_.find(id);
  if (at == shown_.end()) return absl::nullopt;
  return at->second;
}

void RecentlyShown::Put(const sync::RecordId& id, ShownBytes shown) {
  absl::MutexLock lock(&mutex_);
  const size_t size = shown.record.size();
  if (bytes_ + size > kBytesMax) {
    shown_.clear();
    bytes_ = 0;
  }
  ShownBytes& place = shown_[id];
  bytes_ += size;
  bytes_ -= place.record.size();
  place = std::move(shown);
}

void RecentlyShown::Clear() {
  absl::MutexLock lock(&mutex_);
  shown_.clear();
  bytes_ = 0;
}

}  // namespace sotay::sdk
