// One open Watch call: a watch of watchers.h with a gRPC stream at its other end.  Part of
// sync_service.cc's door.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc.h"
#include "server/watchers.h"

namespace sotay::server {

// A stream that has not taken one message for so long is dead.
constexpr int64_t kWriteMsMax = 30'000;

class WatchStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // Begins; the stream keeps itself alive until gRPC is done with it.
  static WatchStream* Begin(Directory* directory, Watchers* watchers,
                            std::function<int64_t()> now_ms, grpc::CallbackServerContext* context,
                            const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  WatchStream(Watchers* watchers, std::function<int64_t()> now_ms,
              grpc::CallbackServerContext* context);

  absl::Status Start(Directory* directory, const grpc::ByteBuffer& request);
  // Sends what there is to send, unless a message is still on its way; ends when it must.
  void Step() ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Watchers& watchers_;
  const std::function<int64_t()> now_ms_;
  grpc::CallbackServerContext* const context_;  // valid until ended_
  // Dropped in OnDone; a wake that comes later holds its own.
  std::shared_ptr<WatchStream> self_;

  absl::Mutex mutex_;
  uint64_t watch_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: not begun
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);
  int64_t writing_since_ms_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: nothing is on its way
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sotay::server
