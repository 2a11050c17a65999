// Who calls a server, and how: certificates and keys of phones and administrators, and their
// connections.  What the bench does with gRPC is here, in office, phone and delivery.
// Any thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/ids.h"
#include "sync/seal/key.h"

namespace sotay::bench {

// What a TLS connection needs.
struct Credentials {
  std::string server;  // host:port
  std::string authority_pem;
  std::string certificate_pem;
  std::string key_pem;
};

// An enrolled device whose key we hold.
struct Identity {
  Credentials credentials;
  seal::SigningKey key;
  sync::DeviceId device;
  std::string user_id;
  std::string organisation_id;
};

// Enrols a device of ours.  Fails as EnrolmentService.Enroll does.
absl::StatusOr<Identity> Enrol(const std::string& invitation, const std::string& device_name);

// From a profile directory, as `sotay enrol --dir` leaves it; `server` is where to call.
absl::StatusOr<Credentials> CredentialsIn(const std::string& profile, const std::string& server);

// The same invitation, for a server that is reached under another address.
absl::StatusOr<std::string> InvitationAt(const std::string& invitation, const std::string& server);

// A connection that is nobody else's; it is opened when first used.
std::shared_ptr<grpc::Channel> Connect(const Credentials& credentials);
// Opens it now.  kUnavailable when there is none within ten seconds.
absl::Status WaitUntilConnected(grpc::Channel* channel);

// The numbers are the same on both sides.
absl::Status ToAbsl(const grpc::Status& status);

}  // namespace sotay::bench
