// The link over gRPC: TLS 1.3 both ways certified, the invitation's authority the only root, the
// server's certificate checked against the host it was called by.  The one file of the phone that
// knows gRPC.
//
//   - Every call has a deadline: an exchange 60 s, a page of history or an enrolment 30 s, a
//     listening one hour, after which it ends and is begun again.
//   - Messages up to 4 MiB are taken; gRPC's compression is off (changes and records come packed).
//   - TLS 1.2 is refused: gRPC 1.51 has no setting for it, so its cipher list for 1.2 is narrowed
//     to RSA certificates, which no server of ours has.  The list is the process's, read by
//     gRPC at its first connection (GRPC_SSL_CIPHER_SUITES).
//   - No proxy is asked, whatever the environment says; gRPC's own retries are off, as the
//     courier has its own.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "mobile-sdk/core/link.h"
#include "sotay/v1/enrolment_service.pb.h"

namespace sotay::sdk {

// Who calls whom.
struct GrpcAddress {
  std::string server;         // host:port
  std::string authority_pem;  // the only root
  std::string certificate_pem;
  std::string key_pem;
};

// Connects when first called.
std::unique_ptr<Link> ConnectGrpc(const GrpcAddress& address);

// One call of EnrolmentService.Enroll with a bootstrap certificate.
absl::StatusOr<v1::EnrollResponse> EnrollOverGrpc(const GrpcAddress& address,
                                                  const v1::EnrollRequest& request);

}  // namespace sotay::sdk
