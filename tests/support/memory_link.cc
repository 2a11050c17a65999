#include "tests/support/memory_link.h"

#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "sync/status_macros.h"

namespace sotay::tests {
namespace {

// What hub and listening share: whoever closes it waits for a running callback.
struct Ear {
  absl::Mutex mutex;
  bool open ABSL_GUARDED_BY(mutex) = true;
};

class MemoryListening : public sdk::Listening {
 public:
  MemoryListening(std::shared_ptr<Ear> ear, std::function<void()> end)
      : ear_(std::move(ear)), end_(std::move(end)) {}
  ~MemoryListening() override {
    end_();
    absl::MutexLock lock(&ear_->mutex);
    ear_->open = false;
  }

 private:
  const std::shared_ptr<Ear> ear_;
  const std::function<void()> end_;
};

}  // namespace

MemoryLink::MemoryLink(MemoryHub* hub, const sync::DeviceId& device,
                       std::shared_ptr<Weather> weather)
    : hub_(*hub), device_(device), weather_(std::move(weather)) {}

absl::StatusOr<v1::SyncResponse> MemoryLink::Sync(const v1::SyncRequest& request) {
  if (closed_) return absl::CancelledError("closed");
  if (weather_->before) SOTAY_RETURN_IF_ERROR(weather_->before(request));
  absl::StatusOr<v1::SyncResponse> response = hub_.Sync(device_, request);
  for (int copy = 1; copy < weather_->copies; ++copy) response = hub_.Sync(device_, request);
  if (!response.ok()) return response;
  if (weather_->after) SOTAY_RETURN_IF_ERROR(weather_->after(*response));
  if (weather_->alter) weather_->alter(&*response);
  return response;
}

absl::StatusOr<v1::ListRecordHistoryResponse> MemoryLink::ListRecordHistory(
    const v1::ListRecordHistoryRequest& request) {
  if (closed_) return absl::CancelledError("closed");
  if (weather_->before) SOTAY_RETURN_IF_ERROR(weather_->before(v1::SyncRequest()));
  if (weather_->before_history) SOTAY_RETURN_IF_ERROR(weather_->before_history(request));
  return hub_.ListRecordHistory(device_, request);
}

std::unique_ptr<sdk::Listening> MemoryLink::Watch(
    const v1::WatchRequest& request, std::function<void(const v1::WatchResponse&)> heard,
    std::function<void(const absl::Status&)>) {
  std::set<std::string> units;
  for (const v1::Cursor& cursor : request.cursors()) units.insert(cursor.unit_id());
  auto ear = std::make_shared<Ear>();
  auto listening = std::make_unique<MemoryListening>(
      ear, hub_.Listen([units, heard, ear](const v1::Cursor& head) {
        if (units.count(head.unit_id()) == 0) return;
        v1::WatchResponse news;
        *news.add_news() = head;
        absl::MutexLock lock(&ear->mutex);
        if (ear->open) heard(news);
      }));
  v1::WatchResponse state;
  for (const v1::Cursor& head : hub_.Heads(device_)) {
    if (units.count(head.unit_id()) != 0) *state.add_news() = head;
  }
  heard(state);
  return listening;
}

}  // namespace sotay::tests
