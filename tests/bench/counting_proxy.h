// A wire with a meter: passes TCP connections on to a server and counts what goes through, each
// way.  What it counts is TCP payload: TLS records with everything in them, not the 40 bytes of
// IP and TCP headers a packet adds.  Calls from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace sotay::bench {

// Bytes so far.
struct Traffic {
  uint64_t up = 0;    // phone → server
  uint64_t down = 0;  // server → phone
  uint64_t connections = 0;

  uint64_t both() const { return up + down; }
  Traffic operator-(const Traffic& before) const {
    return {up - before.up, down - before.down, connections - before.connections};
  }
};

class CountingProxy {
 public:
  // Listens on a free port of 127.0.0.1 for connections to 127.0.0.1:`server_port`.
  static absl::StatusOr<std::unique_ptr<CountingProxy>> Start(int server_port);
  // Ends every connection.
  ~CountingProxy();
  CountingProxy(const CountingProxy&) = delete;
  CountingProxy& operator=(const CountingProxy&) = delete;

  // "127.0.0.1:port".
  std::string address() const;

  Traffic Counted() const;
  // The same, once nothing has passed for a tenth of a second: for what follows an answer
  // unasked (acknowledgements of HTTP/2).
  Traffic CountedWhenQuiet() const;

 private:
  CountingProxy(int listener, int port, int server_port);
  void Accept();
  void Pass(int from, int to, std::atomic<uint64_t>* count);

  // Set once at construction.
  const int listener_;
  const int port_;
  const int server_port_;

  std::atomic<uint64_t> up_{0}, down_{0}, connections_{0};
  std::thread accepting_;
  absl::Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> passing_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::bench
