#include "server/certificate_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "server/device_roll.h"
#include "server/event_log.h"

namespace sotay::server {

namespace {

// How far the device says it has come; what it said before is not written again.
absl::Status Note(Pen* pen, const sync::DeviceId& device, uint64_t trusted, uint64_t certified) {
  const auto before = pen->directory().Device(device);
  if (before == nullptr ||
      (before->authority_trusted() == trusted && before->authority_certified() == certified)) {
    return absl::OkStatus();
  }
  Tables tables;
  stored::v1::DeviceRow& row = tables.devices.emplace_back(*before);
  row.set_authority_trusted(trusted);
  row.set_authority_certified(certified);
  return pen->Commit(tables);
}

}  // namespace

CertificateService::CertificateService(Directory* directory, Hub* hub,
                                       const Authorities* authorities, AuthorityTeller teller,
                                       ReaderPool* readers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      hub_(*hub),
      authorities_(*authorities),
      teller_(std::move(teller)),
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
      [this](Caller caller, v1::RenewCertificateRequest asked,
             Reply<v1::RenewCertificateResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          absl::StatusOr<Authority::DeviceCertificate> issued =
              authorities_.For(asked.authority())
                  .RenewDevice(caller.row->public_key(), absl::FromUnixMillis(now_ms_()),
                               caller.device);
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
          auto rolled = server::RollKey(pen, authorities_.For(asked.authority()), asked);
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

grpc::ServerUnaryReactor* CertificateService::GetAuthority(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetAuthorityRequest, v1::GetAuthorityResponse>(
      context, request, response, "GetAuthority",
      [this](const grpc::CallbackServerContext& of) {
        return SenderOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, const v1::GetAuthorityRequest& asked,
             Reply<v1::GetAuthorityResponse> reply) {
        absl::StatusOr<v1::GetAuthorityResponse> told = teller_.Tell(asked);
        if (!told.ok()) return reply(told.status());
        const uint64_t trusted = authorities_.NumberOf(asked.authority()).value_or(0);
        // Of one that it does not trust any more, or that never was: it has none that counts.
        const uint64_t certified =
            std::min(trusted, authorities_.NumberOf(asked.certified_by()).value_or(0));
        if (caller.row->authority_trusted() == trusted &&
            caller.row->authority_certified() == certified) {
          return reply(std::move(told));
        }
        const absl::Status refused =
            hub_.Submit([device = caller.device, trusted, certified, told, reply](Pen* pen) {
              const absl::Status noted = Note(pen, device, trusted, certified);
              // It says so again at its next contact.
              if (!noted.ok()) {
                SayBounded(Severity::kWarning, "authority_not_noted",
                           {{"device", device.Hex()}, {"message", std::string(noted.message())}});
              }
              reply(told);
            });
        if (!refused.ok()) reply(std::move(told));
      });
}

}  // namespace sotay::server
