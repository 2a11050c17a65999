#include "tests/server/served_office.h"

#include <arpa/inet.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/config.h"
#include "server/founding.h"
#include "sotay/v1/admin_service.pb.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"

namespace sotay::tests {
namespace {

constexpr char kUnit[] = "vkskv1";
constexpr char kKhoa[] = "khoa";
constexpr std::chrono::seconds kDeadline{30};

template <typename T>
T Must(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "a test's own step failed: %s\n", result.status().ToString().c_str());
  std::abort();
}

// A port nobody listens on right now: it stands in the certificate's neighbour, the invitation,
// before the server listens.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, size) != 0) std::abort();
  getsockname(fd, generic, &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::shared_ptr<grpc::Channel> ChannelTo(const sdk::GrpcAddress& address) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = address.authority_pem;
  tls.pem_cert_chain = address.certificate_pem;
  tls.pem_private_key = address.key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return grpc::CreateCustomChannel(address.server, grpc::SslCredentials(tls), arguments);
}

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// An administrator's call, which must be answered.
template <typename Response, typename Request>
Response Administrate(const ServedOffice::Device& who, const std::string& method,
                      const Request& request) {
  const RawAnswer answer = ServedOffice::Call(who.address, "/sotay.v1.AdminService/" + method,
                                              request.SerializeAsString());
  Response response;
  if (answer.code != 0 || !response.ParseFromString(answer.bytes)) {
    std::fprintf(stderr, "%s was answered %d: %s\n", method.c_str(), answer.code,
                 answer.message.c_str());
    std::abort();
  }
  return response;
}

}  // namespace

ServedOffice::ServedOffice(server::BackupConfig backup) {
  server::Founding founding;
  founding.organisation = "VKSND tỉnh Sông Mây";
  founding.address = "127.0.0.1:" + std::to_string(FreePort());
  founding.listen = founding.address;
  founding.administrator = kKhoa;
  founding.administrator_name = "Mạc Khoá";
  const std::string first =
      Must(server::Found(server_directory(), founding, absl::ToUnixMillis(absl::Now())));
  authority_ = std::make_unique<server::Authority>(
      Must(server::Authority::Open(server::AuthorityPath(server_directory()))));
  server::DaemonOptions options;
  options.data = server_directory();
  options.config = Must(server::LoadConfig(server_directory()));
  options.config.backup = std::move(backup);
  options.now_ms = [this] { return absl::ToUnixMillis(absl::Now()) + ahead_ms; };
  daemon_ = Must(server::Daemon::Start(std::move(options)));
  administrator_ = std::make_unique<Device>(Must(Enrol(first)));
  v1::PutUnitRequest unit;
  unit.mutable_unit()->set_unit_id(kUnit);
  unit.mutable_unit()->set_name("VKSND khu vực 1 – Sông Mây");
  Administrate<v1::PutUnitResponse>(*administrator_, "PutUnit", unit);
}

ServedOffice::~ServedOffice() = default;

void ServedOffice::PutUser(const std::string& user,
                           const std::vector<std::pair<std::string, sync::Role>>& memberships) {
  v1::PutUserRequest request;
  request.mutable_user()->set_user_id(user);
  request.mutable_user()->set_full_name("Người " + user);
  for (const auto& [unit, role] : memberships) {
    v1::Membership* const membership = request.mutable_user()->add_memberships();
    membership->set_unit_id(unit);
    membership->set_role(role);
  }
  Administrate<v1::PutUserResponse>(*administrator_, "PutUser", request);
}

std::string ServedOffice::Invite(const std::string& user, uint32_t valid_s) {
  v1::CreateInvitationRequest request;
  request.set_user_id(user);
  request.set_valid_s(valid_s);
  return Administrate<v1::CreateInvitationResponse>(*administrator_, "CreateInvitation", request)
      .invitation();
}

void ServedOffice::Revoke(const sync::DeviceId& device) {
  v1::RevokeDeviceRequest request;
  request.set_device_id(device.str());
  request.set_reason("mất máy");
  Administrate<v1::RevokeDeviceResponse>(*administrator_, "RevokeDevice", request);
}

absl::StatusOr<ServedOffice::Device> ServedOffice::Enrol(const std::string& text,
                                                         const std::string& code) {
  const v1::Invitation invitation = Must(seal::Decode(text));
  sdk::GrpcAddress address;
  address.server = invitation.address();
  address.authority_pem = Must(seal::CertificatePemOfDer(invitation.authority()));
  address.certificate_pem = Must(seal::CertificatePemOfDer(invitation.certificate()));
  address.key_pem = Must(Must(seal::SigningKey::FromDer(invitation.private_key())).Pem());
  seal::SigningKey key = Must(seal::SigningKey::Generate());
  v1::EnrollRequest request;
  request.set_code(code.empty() ? invitation.code() : code);
  request.set_certificate_request(Must(seal::MakeCertificateRequest(key, "")));
  request.set_device_name("máy thử");
  const auto enrolled = sdk::EnrollOverGrpc(address, request);
  if (!enrolled.ok()) return enrolled.status();
  address.certificate_pem = Must(seal::CertificatePemOfDer(enrolled->certificate()));
  address.key_pem = Must(key.Pem());
  const sync::DeviceId id = seal::DeviceIdOf(key.PublicKey());
  return Device{std::move(key), id, std::move(address)};
}

ServedOffice::Device ServedOffice::NewDevice(
    const std::string& user, const std::vector<std::pair<std::string, sync::Role>>& memberships) {
  PutUser(user, memberships);
  return Must(Enrol(Invite(user)));
}

RawAnswer ServedOffice::Call(const sdk::GrpcAddress& address, const std::string& method,
                             const std::string& request) {
  grpc::GenericStub stub(ChannelTo(address));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  const grpc::Slice slice(request);
  const grpc::ByteBuffer asked(&slice, 1);
  grpc::ByteBuffer answered;
  RawAnswer answer;
  absl::Notification done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &asked, &answered,
                 [&](const grpc::Status& status) {
                   answer.code = status.error_code();
                   answer.message = status.error_message();
                   done.Notify();
                 });
  done.WaitForNotification();
  if (answer.code == 0) answer.bytes = TextOf(answered);
  return answer;
}

}  // namespace sotay::tests
