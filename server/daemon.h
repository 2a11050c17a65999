// The server as a whole: builds every part, listens, and stops in good order.
//
// Order of stopping: health says NOT_SERVING → watches end → no call is under way (20 s at most,
// and 5 s more) → connections close → the hub takes what is waiting → what was read is written down
// → the last segment of the backup → the store closes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config.h"

namespace sotay::server {

struct DaemonOptions {
  std::string data;
  Config config;
  // Server clock, milliseconds since 1970; empty: the system's.
  std::function<int64_t()> now_ms;
};

class Daemon {
 public:
  // Opens the data directory and serves.  Fails as its parts do, saying which; kUnavailable when
  // it cannot listen.  Must be called before anything else in the process uses gRPC: it decides
  // which TLS versions gRPC speaks.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(DaemonOptions options);
  // Drains.
  ~Daemon();

  // Where it listens, the port chosen if it was 0.
  const std::string& host() const { return host_; }
  int port() const { return port_; }

  // To be called about once a second.
  void Tick();
  // Stops in good order; returns when all is durable and closed.
  void Drain();

 private:
  struct Parts;

  Daemon();
  absl::Status Build(DaemonOptions options);
  absl::Status Listen(const DaemonOptions& options);

  std::string host_;
  int port_ = 0;
  std::unique_ptr<Parts> parts_;
};

// No TLS 1.2.  gRPC 1.51 cannot be told a least version; but our certificate's key is ECDSA, so
// with an RSA-only suite for TLS 1.2 no handshake below 1.3 finds a cipher.  TLS 1.3 has its own
// suites and is not touched.
void RefuseTls12();

}  // namespace sotay::server
