#include "server/admin_service.h"

#include <utility>

#include "server/administration.h"
#include "server/event_log.h"
#include "sync/status_macros.h"

namespace sotay::server {

AdminService::AdminService(Directory* directory, Hub* hub, const Authority* authority,
                           std::string address, std::function<int64_t()> now_ms)
    : directory_(*directory),
      hub_(*hub),
      authority_(*authority),
      address_(std::move(address)),
      now_ms_(std::move(now_ms)) {}

absl::StatusOr<Caller> AdminService::Administrator(
    const grpc::CallbackServerContext& context) const {
  SOTAY_ASSIGN_OR_RETURN(Caller caller, CallerOf(&directory_, context, now_ms_()));
  SOTAY_RETURN_IF_ERROR(CheckAdministrator(*caller.person));
  return caller;
}

template <typename Request, typename Response, typename List>
grpc::ServerUnaryReactor* AdminService::AnswerNow(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response, const char* method,
                                                  List list) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) { return Administrator(of); },
      [list](const Caller&, const Request&, const Reply<Response>& reply) { reply(list()); });
}

template <typename Request, typename Response, typename Mutate>
grpc::ServerUnaryReactor* AdminService::AnswerWithPen(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response,
                                                      const char* method, Mutate mutate) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) { return Administrator(of); },
      [this, mutate, method](Caller caller, Request asked, Reply<Response> reply) {
        const absl::Status refused =
            hub_.Submit([this, mutate, method, caller, asked = std::move(asked), reply](Pen* pen) {
              // The right may have gone while the call waited for the pen.
              const absl::StatusOr<Caller> now = directory_.CallerOf(caller.device);
              absl::Status right = now.status();
              if (right.ok()) right = CheckAdministrator(*now->person);
              if (!right.ok()) {
                reply(std::move(right));
                return;
              }
              absl::StatusOr<Response> done = mutate(pen, *now, asked);
              if (done.ok()) {
                Say(Severity::kInfo, "administered",
                    {{"method", method}, {"by", now->person->user.user_id()}});
              }
              reply(std::move(done));
            });
        if (!refused.ok()) reply(refused);
      });
}

grpc::ServerUnaryReactor* AdminService::PutUnit(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::PutUnitRequest, v1::PutUnitResponse>(
      context, request, response, "PutUnit",
      [](Pen* pen, const Caller&, const v1::PutUnitRequest& asked) {
        return server::PutUnit(pen, asked);
      });
}

grpc::ServerUnaryReactor* AdminService::PutUser(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::PutUserRequest, v1::PutUserResponse>(
      context, request, response, "PutUser",
      [](Pen* pen, const Caller&, const v1::PutUserRequest& asked) {
        return server::PutUser(pen, asked);
      });
}

grpc::ServerUnaryReactor* AdminService::CreateInvitation(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::CreateInvitationRequest, v1::CreateInvitationResponse>(
      context, request, response, "CreateInvitation",
      [this](Pen* pen, const Caller& caller, const v1::CreateInvitationRequest& asked) {
        return server::CreateInvitation(pen, authority_, address_, caller.person->user.user_id(),
                                        asked);
      });
}

grpc::ServerUnaryReactor* AdminService::RevokeDevice(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::RevokeDeviceRequest, v1::RevokeDeviceResponse>(
      context, request, response, "RevokeDevice",
      [](Pen* pen, const Caller& caller, const v1::RevokeDeviceRequest& asked) {
        return server::RevokeDevice(pen, caller.person->user.user_id(), asked);
      });
}

grpc::ServerUnaryReactor* AdminService::ListAllUnits(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return AnswerNow<v1::ListAllUnitsRequest, v1::ListAllUnitsResponse>(
      context, request, response, "ListAllUnits", [this] {
        v1::ListAllUnitsResponse all;
        for (v1::Unit& unit : directory_.Units()) *all.add_units() = std::move(unit);
        return all;
      });
}

grpc::ServerUnaryReactor* AdminService::ListUsers(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return AnswerNow<v1::ListUsersRequest, v1::ListUsersResponse>(
      context, request, response, "ListUsers", [this] {
        v1::ListUsersResponse all;
        for (v1::User& user : directory_.Users()) *all.add_users() = std::move(user);
        return all;
      });
}

grpc::ServerUnaryReactor* AdminService::ListAllDevices(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return AnswerNow<v1::ListAllDevicesRequest, v1::ListAllDevicesResponse>(
      context, request, response, "ListAllDevices", [this] {
        v1::ListAllDevicesResponse all;
        for (v1::DeviceView& view : directory_.Devices(nullptr)) {
          *all.add_devices() = std::move(view);
        }
        return all;
      });
}

}  // namespace sotay::server
