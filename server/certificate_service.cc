#include "server/certificate_service.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/event_log.h"

namespace sotay::server {

CertificateService::CertificateService(Directory* directory, const Authority* authority,
                                       ReaderPool* readers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      authority_(*authority),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* CertificateService::RenewCertificate(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request,
                                                               grpc::ByteBuffer* response) {
  return AnswerUnary<v1::RenewCertificateRequest, v1::RenewCertificateResponse>(
      context, request, response, "RenewCertificate",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, const v1::RenewCertificateRequest&,
             Reply<v1::RenewCertificateResponse> reply) {
        const bool will = readers_.Run([this, caller, reply] {
          absl::StatusOr<Authority::DeviceCertificate> issued =
              authority_.RenewDevice(caller.row->public_key(), absl::FromUnixMillis(now_ms_()));
          if (!issued.ok()) return reply(issued.status());
          Say(Severity::kInfo, "certificate_renewed",
              {{"user", caller.row->user_id()}, {"device", caller.device.Hex()}});
          v1::RenewCertificateResponse renewed;
          renewed.set_certificate(std::move(issued->cert_der));
          reply(std::move(renewed));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

}  // namespace sotay::server
