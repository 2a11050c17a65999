#include "tests/bench/caller.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/vault.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "sync/status_macros.h"

namespace sotay::bench {
namespace {

constexpr int kReceiveBytesMax = 4 << 20;

// gRPC takes PEM alone, and an invitation holds DER.
absl::StatusOr<std::string> KeyPemOfDer(const std::string& der) {
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, seal::SigningKey::FromDer(der));
  return key.Pem();
}

}  // namespace

absl::StatusOr<Identity> Enrol(const std::string& invitation, const std::string& device_name) {
  SOTAY_ASSIGN_OR_RETURN(const v1::Invitation invited, seal::Decode(invitation));
  SOTAY_ASSIGN_OR_RETURN(seal::SigningKey key, seal::SigningKey::Generate());
  v1::EnrollRequest request;
  request.set_code(invited.code());
  request.set_device_name(device_name);
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_certificate_request(),
                         seal::MakeCertificateRequest(key, ""));
  sdk::GrpcAddress address;
  address.server = invited.address();
  SOTAY_ASSIGN_OR_RETURN(address.authority_pem, seal::CertificatePemOfDer(invited.authority()));
  SOTAY_ASSIGN_OR_RETURN(address.certificate_pem, seal::CertificatePemOfDer(invited.certificate()));
  SOTAY_ASSIGN_OR_RETURN(address.key_pem, KeyPemOfDer(invited.private_key()));
  SOTAY_ASSIGN_OR_RETURN(const v1::EnrollResponse enrolled, sdk::EnrollOverGrpc(address, request));
  Credentials credentials;
  credentials.server = address.server;
  credentials.authority_pem = address.authority_pem;
  SOTAY_ASSIGN_OR_RETURN(credentials.certificate_pem,
                         seal::CertificatePemOfDer(enrolled.certificate()));
  SOTAY_ASSIGN_OR_RETURN(credentials.key_pem, key.Pem());
  const sync::DeviceId device = seal::DeviceIdOf(key.PublicKey());
  return Identity{std::move(credentials), std::move(key), device, enrolled.user_id(),
                  enrolled.organisation_id()};
}

absl::StatusOr<Credentials> CredentialsIn(const std::string& profile, const std::string& server) {
  SOTAY_ASSIGN_OR_RETURN(const std::shared_ptr<const sdk::Vault> vault, sdk::Vault::Open(profile));
  Credentials credentials;
  credentials.server = server;
  credentials.authority_pem = vault->authority_pem();
  credentials.certificate_pem = vault->certificate_pem();
  SOTAY_ASSIGN_OR_RETURN(credentials.key_pem, vault->KeyPem());
  return credentials;
}

absl::StatusOr<std::string> InvitationAt(const std::string& invitation, const std::string& server) {
  SOTAY_ASSIGN_OR_RETURN(v1::Invitation invited, seal::Decode(invitation));
  invited.set_address(server);
  return seal::Encode(invited);
}

std::shared_ptr<grpc::Channel> Connect(const Credentials& credentials) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = credentials.authority_pem;
  tls.pem_cert_chain = credentials.certificate_pem;
  tls.pem_private_key = credentials.key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(credentials.server, grpc::SslCredentials(tls), arguments);
}

absl::Status WaitUntilConnected(grpc::Channel* channel) {
  if (channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10))) {
    return absl::OkStatus();
  }
  return absl::UnavailableError("no connection to the server within 10 s");
}

absl::Status ToAbsl(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace sotay::bench
