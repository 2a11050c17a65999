#include "server/watchers.h"

#include <utility>

#include "server/feed.h"
#include "server/refusal.h"
#include "server/sight.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::Status Watchers::Right(const Watch& watch) const {
  const absl::StatusOr<Caller> caller = directory_.CallerOf(watch.device);
  if (!caller.ok()) return caller.status();
  if (caller->row->state() == v1::DEVICE_STATE_FORKED) return DeviceForked();
  if (caller->row->public_key() != watch.key) return DeviceUnknown();
  for (const auto& [unit, position] : watch.told) {
    if (!directory_.MayRead(*caller->person, unit)) return NotFound("the unit");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Watchers::Add(const Caller& caller, const std::vector<v1::Cursor>& cursors,
                                       int64_t now_ms, std::function<void()> wake) {
  Watch watch;
  watch.device = caller.device;
  watch.key = caller.row->public_key();
  watch.told_ms = now_ms;
  for (const v1::Cursor& cursor : cursors) {
    if (!directory_.MayRead(*caller.person, cursor.unit_id())) return NotFound("the unit");
    SOTAY_RETURN_IF_ERROR(CheckCursor(directory_, cursor));
    watch.told[cursor.unit_id()] = {cursor.position(), cursor.access()};
  }
  watch.wake = std::make_shared<const std::function<void()>>(std::move(wake));
  absl::MutexLock lock(&mutex_);
  if (ended_) return Stopping();
  if (watches_.size() >= kWatchesMax) {
    return Busy("too many watches are open; ask with Sync instead", 60'000);
  }
  watches_.emplace(++last_, std::move(watch));
  return last_;
}

void Watchers::Remove(uint64_t watch) {
  absl::MutexLock lock(&mutex_);
  watches_.erase(watch);
}

absl::optional<Watchers::News> Watchers::Take(uint64_t id, int64_t now_ms) {
  absl::MutexLock lock(&mutex_);
  if (ended_) return News{Stopping(), {}};
  const auto at = watches_.find(id);
  if (at == watches_.end()) return absl::nullopt;
  Watch& watch = at->second;
  News news;
  news.end = Right(watch);
  if (!news.end.ok()) return news;
  const std::string epoch = directory_.meta().epoch();
  const absl::StatusOr<Caller> caller = directory_.CallerOf(watch.device);
  for (auto& [unit, told] : watch.told) {
    const uint64_t head = directory_.Head(unit)->position();
    // Only devices that carry a unit's feed follow what is said of its dossiers.
    const uint64_t access = caller.ok() && caller->person->MaySync(unit)
                                ? AccessOf(directory_, *caller->person, unit).Packed()
                                : told.access;
    if (head <= told.position && access == told.access) continue;
    told = {std::max(head, told.position), access};
    v1::Cursor& cursor = news.cursors.emplace_back();
    cursor.set_unit_id(unit);
    cursor.set_epoch(epoch);
    cursor.set_position(told.position);
    cursor.set_access(access);
  }
  if (news.cursors.empty() && !watch.first && now_ms < watch.told_ms + kHeartbeatMs) {
    return absl::nullopt;
  }
  watch.first = false;
  watch.told_ms = now_ms;
  return news;
}

void Watchers::Wake(const std::string& unit) {
  std::vector<std::shared_ptr<const std::function<void()>>> wakes;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, watch] : watches_) {
      if (watch.told.count(unit) != 0) wakes.push_back(watch.wake);
    }
  }
  for (const auto& wake : wakes) (*wake)();
}

void Watchers::Tick(int64_t now_ms) {
  std::vector<std::shared_ptr<const std::function<void()>>> wakes;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [id, watch] : watches_) {
      if (now_ms >= watch.told_ms + kHeartbeatMs || !Right(watch).ok()) {
        wakes.push_back(watch.wake);
      }
    }
  }
  for (const auto& wake : wakes) (*wake)();
}

void Watchers::EndAll() {
  std::vector<std::shared_ptr<const std::function<void()>>> wakes;
  {
    absl::MutexLock lock(&mutex_);
    ended_ = true;
    for (const auto& [id, watch] : watches_) wakes.push_back(watch.wake);
  }
  for (const auto& wake : wakes) (*wake)();
}

size_t Watchers::size() const {
  absl::MutexLock lock(&mutex_);
  return watches_.size();
}

}  // namespace sotay::server
