// A real sotayd on real files: founded, started, killed and started again.  One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/caller.h"
#include "tests/support/process.h"

namespace sotay::bench {

class ServerProcess {
 public:
  // Founds an organisation in `dir` (which must not exist), starts the server on a free port of
  // 127.0.0.1 and enrols its administrator.  The message of a failure ends with what the server
  // printed.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(const std::string& dir);
  // Kills it.
  ~ServerProcess();

  // Ends it as a power cut would, and starts it again on the same port.
  absl::Status KillAndRestart();

  int port() const { return port_; }
  std::string address() const;
  const Credentials& administrator() const { return administrator_; }

  // Seconds of processor time since it was started, of all threads.
  double CpuSeconds() const;
  // Calls of fsync and fdatasync since it was started.
  uint64_t Fsyncs() const;
  // Bytes it has caused to be written to the disk.
  uint64_t DiskBytes() const;

 private:
  explicit ServerProcess(std::string dir);
  absl::Status Found(std::string* invitation);
  absl::Status Run(int port);
  std::string Log() const;

  const std::string dir_;
  int port_ = 0;
  Credentials administrator_;
  std::unique_ptr<tests::Process> process_;
  uint64_t* fsyncs_ = nullptr;  // a mapped file, shared with the server
};

// Seconds of processor time of this process.
double OwnCpuSeconds();

}  // namespace sotay::bench
