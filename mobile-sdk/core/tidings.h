// Telling the app: last beat of the phone's corridor.  Events queue up and are told by whichever
// thread tells first, one at a time, with no lock held; so a listener may call back into the
// notebook, and may stop listening from within.  Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sotay/notebook.h"

namespace sotay::sdk {

class Tidings : public std::enable_shared_from_this<Tidings> {
 public:
  // Tells `listener` every event from now on.  The returned function ends it: when it returns,
  // no call is running or will come (called from the listener itself, it does not wait for
  // that very call).  It may be called again, and after the notebook has gone.
  std::function<void()> Listen(std::function<void(const Event&)> listener);

  // Queues the events and tells what is queued, unless somebody is telling already; then that
  // thread tells these too.
  void Tell(std::vector<Event> events);

 private:
  void Forget(uint64_t id);

  std::mutex mutex_;
  std::condition_variable idle_;
  // Guarded by mutex_.
  std::map<uint64_t, std::shared_ptr<std::function<void(const Event&)>>> listeners_;
  uint64_t last_id_ = 0;
  std::deque<Event> queue_;
  bool telling_ = false;
  std::thread::id teller_;
  uint64_t called_ = 0;  // the listener that is being called; 0: none
};

}  // namespace sotay::sdk
