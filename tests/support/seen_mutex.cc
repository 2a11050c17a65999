// Lets the thread sanitizer see Abseil's locks.  Debian's Abseil is compiled without it, so every
// lawful access under a Mutex looks like a race.  These stand before the library's own functions,
// call them, and say what happens before what.  Linked into every program of the `tsan` preset and
// into nothing else.
#include <dlfcn.h>

#include <cstdlib>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

// The sanitizer's own interface.
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}

namespace {

// The library may look at other threads' conditions while it hands a lock on; that is its business.
class Inside {
 public:
  Inside() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Inside() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
};

void* Seen(const void* object) { return const_cast<void*>(object); }

// The library's function of that name, behind the one of this file.
template <typename Function>
Function* Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

}  // namespace

// LevelDB's memtable is read without a lock, by atomics the sanitizer cannot see either.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libleveldb.so.1d\n";
}

#define SOTAY_NEXT(name, result, ...) \
  static result (*const next)(__VA_ARGS__) = Next<result(__VA_ARGS__)>(name)

namespace absl {
ABSL_NAMESPACE_BEGIN

void Mutex::Lock() {
  SOTAY_NEXT("_ZN4absl7debian35Mutex4LockEv", void, Mutex*);
  {
    Inside inside;
    next(this);
  }
  __tsan_acquire(this);
}

void Mutex::Unlock() {
  SOTAY_NEXT("_ZN4absl7debian35Mutex6UnlockEv", void, Mutex*);
  __tsan_release(this);
  Inside inside;
  next(this);
}

void Mutex::ReaderLock() {
  SOTAY_NEXT("_ZN4absl7debian35Mutex10ReaderLockEv", void, Mutex*);
  {
    Inside inside;
    next(this);
  }
  __tsan_acquire(this);
}

void Mutex::ReaderUnlock() {
  SOTAY_NEXT("_ZN4absl7debian35Mutex12ReaderUnlockEv", void, Mutex*);
  __tsan_release(this);
  Inside inside;
  next(this);
}

void Mutex::Await(const Condition& condition) {
  SOTAY_NEXT("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE", void, Mutex*, const Condition&);
  __tsan_release(this);
  {
    Inside inside;
    next(this, condition);
  }
  __tsan_acquire(this);
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  SOTAY_NEXT("_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE", bool,
             Mutex*, const Condition&, Duration);
  __tsan_release(this);
  bool met;
  {
    Inside inside;
    met = next(this, condition, timeout);
  }
  __tsan_acquire(this);
  return met;
}

void CondVar::Wait(Mutex* mutex) {
  SOTAY_NEXT("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE", void, CondVar*, Mutex*);
  __tsan_release(mutex);
  {
    Inside inside;
    next(this, mutex);
  }
  __tsan_acquire(mutex);
}

void Notification::Notify() {
  SOTAY_NEXT("_ZN4absl7debian312Notification6NotifyEv", void, Notification*);
  __tsan_release(this);
  Inside inside;
  next(this);
}

void Notification::WaitForNotification() const {
  SOTAY_NEXT("_ZNK4absl7debian312Notification19WaitForNotificationEv", void, const Notification*);
  {
    Inside inside;
    next(this);
  }
  __tsan_acquire(Seen(this));
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  SOTAY_NEXT("_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE", bool,
             const Notification*, Duration);
  bool notified;
  {
    Inside inside;
    notified = next(this, timeout);
  }
  __tsan_acquire(Seen(this));
  return notified;
}

bool BlockingCounter::DecrementCount() {
  SOTAY_NEXT("_ZN4absl7debian315BlockingCounter14DecrementCountEv", bool, BlockingCounter*);
  __tsan_release(this);
  Inside inside;
  return next(this);
}

void BlockingCounter::Wait() {
  SOTAY_NEXT("_ZN4absl7debian315BlockingCounter4WaitEv", void, BlockingCounter*);
  {
    Inside inside;
    next(this);
  }
  __tsan_acquire(this);
}

ABSL_NAMESPACE_END
}  // namespace absl
