#include "server/reader_pool.h"

#include <utility>

namespace sotay::server {

ReaderPool::ReaderPool(int threads, size_t waiting_max) : waiting_max_(waiting_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ReaderPool::~ReaderPool() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

bool ReaderPool::Run(std::function<void()> reading) {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || waiting_.size() >= waiting_max_) return false;
  waiting_.push_back(std::move(reading));
  return true;
}

void ReaderPool::Work() {
  const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !waiting_.empty();
  };
  for (;;) {
    std::function<void()> reading;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&ready));
      if (waiting_.empty()) return;
      reading = std::move(waiting_.front());
      waiting_.pop_front();
    }
    reading();
  }
}

}  // namespace sotay::server
