// How many calls are under way, so that a server that stops waits for them and for nothing else:
// gRPC's own waiting goes on until every idle phone has said good-bye, and a phone in a pocket
// does not.  Any thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace sotay::server {

class RpcCount {
 public:
  // Makes `builder`'s server count the calls of our own services here, from before they are
  // identified until the last byte of their answers has left; whoever watches its health is not
  // waited for.  This outlives the server.
  void CountCallsOf(grpc::ServerBuilder* builder);
  // Waits until there are none, at most so long.  Whether there are none.
  bool WaitForNone(absl::Duration at_most) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class CountedRpc;
  void Add(int calls) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sotay::server
