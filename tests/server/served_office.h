// An office with its door open: a founded organisation, served by a Daemon of this process on
// loopback, over real sockets and real TLS, with a clock the test may set forward.  Devices enrol
// as phones do.  One thread, but that the server has its own.
//
//   ServedOffice office;
//   office.PutUser("nguyet", {{"vkskv1", options::v1::ROLE_PROSECUTOR}});
//   const auto device = office.Enrol(office.Invite("nguyet"));
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/grpc_link.h"
#include "server/authority.h"
#include "server/config.h"
#include "server/daemon.h"
#include "sotay/v1/enrolment_service.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "sync/seal/key.h"
#include "tests/support/process.h"

namespace sotay::tests {

// What one call came to.
struct RawAnswer {
  int code = 0;  // of gRPC
  std::string message;
  std::string bytes;
};

class ServedOffice {
 public:
  // A device and the papers it calls with.
  struct Device {
    seal::SigningKey key;
    sync::DeviceId id;
    sdk::GrpcAddress address;
  };

  // Founded, served, with unit "vkskv1" and an enrolled administrator "khoa".  A step of its own
  // that fails ends the program.
  explicit ServedOffice(server::BackupConfig backup = {});
  ~ServedOffice();

  void PutUser(const std::string& user,
               const std::vector<std::pair<std::string, sync::Role>>& memberships);
  std::string Invite(const std::string& user, uint32_t valid_s = 900);
  void Revoke(const sync::DeviceId& device);
  // As the running server does it once a second.
  void Tick() { daemon_->Tick(); }

  // Enrols with a fresh key; with `code` instead of the invitation's, when given.
  absl::StatusOr<Device> Enrol(const std::string& invitation, const std::string& code = "");
  // An invited user with a device.
  Device NewDevice(const std::string& user,
                   const std::vector<std::pair<std::string, sync::Role>>& memberships);

  // One unary call of `method` ("/package.Service/Method") with those papers.
  static RawAnswer Call(const sdk::GrpcAddress& address, const std::string& method,
                        const std::string& request);

  // The authority behind the server's certificates, for what is made with it unasked.
  const server::Authority& authority() const { return *authority_; }
  const Device& administrator() const { return *administrator_; }
  const Workspace& space() const { return space_; }
  std::string server_directory() const { return space_ / "server"; }
  int port() const { return daemon_->port(); }
  // How far the server's clock is ahead of ours.
  std::atomic<int64_t> ahead_ms{0};

 private:
  Workspace space_;
  std::unique_ptr<server::Authority> authority_;
  std::unique_ptr<server::Daemon> daemon_;
  std::unique_ptr<Device> administrator_;
};

}  // namespace sotay::tests
