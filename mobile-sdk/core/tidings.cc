#include "mobile-sdk/core/tidings.h"

#include <iterator>
#include <utility>

namespace sotay::sdk {

std::function<void()> Tidings::Listen(std::function<void(const Event&)> listener) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const uint64_t id = ++last_id_;
  listeners_[id] = std::make_shared<std::function<void(const Event&)>>(std::move(listener));
  return [weak = weak_from_this(), id] {
    if (const auto self = weak.lock()) self->Forget(id);
  };
}

void Tidings::Forget(uint64_t id) {
  std::unique_lock<std::mutex> lock(mutex_);
  listeners_.erase(id);
  if (teller_ == std::this_thread::get_id()) return;
  idle_.wait(lock, [&] { return called_ != id; });
}

void Tidings::Tell(std::vector<Event> events) {
  std::unique_lock<std::mutex> lock(mutex_);
  queue_.insert(queue_.end(), std::make_move_iterator(events.begin()),
                std::make_move_iterator(events.end()));
  if (telling_) return;
  telling_ = true;
  teller_ = std::this_thread::get_id();
  while (!queue_.empty()) {
    const Event event = std::move(queue_.front());
    queue_.pop_front();
    // By id, because a listener may end itself, another, or begin a new one meanwhile.
    for (auto at = listeners_.begin(); at != listeners_.end();
         at = listeners_.upper_bound(called_)) {
      called_ = at->first;
      const auto listener = at->second;
      lock.unlock();
      (*listener)(event);
      lock.lock();
      idle_.notify_all();
    }
    called_ = 0;
    idle_.notify_all();
  }
  telling_ = false;
  teller_ = std::thread::id();
}

}  // namespace sotay::sdk
