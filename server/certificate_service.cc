#include "server/certificate_service.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/device_roll.h"
#include "server/event_log.h"

namespace sotay::server {

CertificateService::CertificateService(Directory* directory, Hub* hub, const Authority* authority,
                                       ReaderPool* readers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      hub_(*hub),
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
          absl::StatusOr<Authority::DeviceCertificate> issued = authority_.RenewDevice(
              caller.row->public_key(), absl::FromUnixMillis(now_ms_()), caller.device);
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

grpc::ServerUnaryReactor* CertificateService::RollKey(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return AnswerUnary<v1::RollKeyRequest, v1::RollKeyResponse>(
      context, request, response, "RollKey", KeyHashOf,
      [this](const std::string& key_hash, v1::RollKeyRequest asked,
             Reply<v1::RollKeyResponse> reply) {
        const absl::Status checked = CheckRolls(directory_, key_hash, asked);
        if (!checked.ok()) return reply(checked);
        const absl::Status refused = hub_.Submit([this, asked = std::move(asked), reply](Pen* pen) {
          auto rolled = server::RollKey(pen, authority_, asked);
          if (!rolled.ok()) return reply(rolled.status());
          // What is only answered again is no news.
          if (rolled->taken != 0) {
            SayBounded(Severity::kInfo, "device_key_rolled",
                       {{"device", rolled->device.Hex()}, {"rolls", asked.rolls_size()}});
          }
          reply(std::move(rolled->response));
        });
        if (!refused.ok()) reply(refused);
      });
}

}  // namespace sotay::server
