// A whole office on loopback for end-to-end tests: a real `sotayd` with its own certificate
// authority and store, run through the real commands.  One thread at a time, but for KillServer,
// Invite and the constants.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/hand.h"
#include "tests/support/process.h"

namespace sotay::tests {

// Seed and rounds of a random test: from the environment (SOTAY_SEED, SOTAY_KILLS) or as given.
uint64_t SeedOr(uint64_t fallback);
int KillsOr(int fallback);

class Office {
 public:
  // kQuick keeps its files in memory, and commands are run by a Hand.
  enum Pace { kPlain, kQuick };

  // Makes the store and the first administrator; the server does not run yet.
  explicit Office(Pace pace = kPlain);
  // Prints the end of the server's log where a test failed.
  ~Office();

  // Starts the server and waits until it listens; always on the same port.
  void StartServer(const std::vector<std::string>& flags = {});
  // As a power cut does it.
  void KillServer();
  // As an operator does it; its exit code.
  int StopServer();

  // Makes one unit ("vkskv1") and these users in it, after the first start.
  void MakeUnit(const std::vector<std::string>& users);
  // A one-time invitation for the user.
  std::string Invite(const std::string& user);
  // "sotay" or "sotayctl", and its words.
  Ended Run(const std::vector<std::string>& words);
  // `sotayctl` as the administrator.
  Ended Administrator(const std::vector<std::string>& words);
  // `sotayd check` on the store, with the server stopped.
  Ended Check(const std::vector<std::string>& flags = {});

  const Workspace& space() const { return space_; }
  pid_t server_pid() const { return server_ != nullptr ? server_->pid() : -1; }
  const std::string& address() const { return address_; }

 private:
  Workspace space_;
  std::string address_;
  std::unique_ptr<Hand> hand_;  // of a quick one
  std::unique_ptr<Process> server_;
};

}  // namespace sotay::tests
