// Ctrl-C as something to wait for instead of something that strikes.  One at a time.
#pragma once

#include <csignal>

namespace sotay::cli {

// While it lives, SIGINT and SIGTERM are kept from this thread and from those made after it.
class HeldSignals {
 public:
  HeldSignals() {
    sigemptyset(&held_);
    sigaddset(&held_, SIGINT);
    sigaddset(&held_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~HeldSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // Whether one came within `ms`.
  bool Wait(int ms) const {
    const timespec span = {ms / 1000, (ms % 1000) * 1'000'000L};
    return sigtimedwait(&held_, nullptr, &span) > 0;
  }

 private:
  sigset_t held_ = {};
  sigset_t before_ = {};
};

}  // namespace sotay::cli
