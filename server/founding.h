// How an organisation begins: authority, server certificate, store, and the first administrator
// with an invitation for the first device.  Run once by `sotayd init`, and in small by every
// start, which renews what is about to expire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/authority.h"
#include "server/config.h"
#include "sync/seal/key.h"

namespace sotay::server {

struct Founding {
  std::string organisation;        // its name, in certificates
  std::string address;             // host:port for phones
  std::string listen;              // empty: the default host with the address's port
  std::vector<std::string> names;  // of the certificate, beside the address's host
  std::string administrator;       // user id
  std::string administrator_name;  // full name
  uint32_t invitation_valid_s = 86'400;
};

// Makes the data directory (mode 0700) and all in it, and returns the invitation of the first
// administrator, which also stands in FirstInvitationPath (mode 0600).  An attempt that was cut
// short is finished.  Fails with kAlreadyExists when there is a store, with kInvalidArgument for
// a malformed name or address, and as the file system does.
absl::StatusOr<std::string> Found(const std::string& data, const Founding& founding,
                                  int64_t now_ms);

// The server's key and certificate, renewed when the certificate has less than 60 days left, is
// not for these names' key, or by an authority that was replaced.
struct ServerIdentity {
  std::string key_pem;
  std::string certificate_pem;
};
absl::StatusOr<ServerIdentity> OpenServerIdentity(const std::string& data,
                                                  const Authority& authority,
                                                  const std::vector<std::string>& names,
                                                  int64_t now_ms);

}  // namespace sotay::server
