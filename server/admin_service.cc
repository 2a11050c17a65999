#include "server/admin_service.h"

#include <utility>

#include "server/administration.h"

namespace sotay::server {

AdminService::AdminService(Directory* directory, Hub* hub, const Authority* authority,
                           std::string address, std::function<int64_t()> now_ms)
    : directory_(*directory),
      calls_(directory, hub, std::move(now_ms)),
      authority_(*authority),
      address_(std::move(address)) {}

grpc::ServerUnaryReactor* AdminService::PutUnit(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::PutUnitRequest, v1::PutUnitResponse>(
      context, request, response, "PutUnit",
      [](Pen* pen, const Caller&, const v1::PutUnitRequest& asked) {
        return server::PutUnit(pen, asked);
      });
}

grpc::ServerUnaryReactor* AdminService::PutUser(grpc::CallbackServerContext* context,
                                                const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::PutUserRequest, v1::PutUserResponse>(
      context, request, response, "PutUser",
      [](Pen* pen, const Caller&, const v1::PutUserRequest& asked) {
        return server::PutUser(pen, asked);
      });
}

grpc::ServerUnaryReactor* AdminService::CreateInvitation(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::CreateInvitationRequest, v1::CreateInvitationResponse>(
      context, request, response, "CreateInvitation",
      [this](Pen* pen, const Caller& caller, const v1::CreateInvitationRequest& asked) {
        return server::CreateInvitation(pen, authority_, address_, caller.person->user.user_id(),
                                        asked);
      });
}

grpc::ServerUnaryReactor* AdminService::RevokeDevice(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::RevokeDeviceRequest, v1::RevokeDeviceResponse>(
      context, request, response, "RevokeDevice",
      [](Pen* pen, const Caller& caller, const v1::RevokeDeviceRequest& asked) {
        return server::RevokeDevice(pen, caller.person->user.user_id(), asked);
      });
}

grpc::ServerUnaryReactor* AdminService::ListAllUnits(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return calls_.AnswerNow<v1::ListAllUnitsRequest, v1::ListAllUnitsResponse>(
      context, request, response, "ListAllUnits", [this](const v1::ListAllUnitsRequest&) {
        v1::ListAllUnitsResponse all;
        for (v1::Unit& unit : directory_.Units()) *all.add_units() = std::move(unit);
        return all;
      });
}

grpc::ServerUnaryReactor* AdminService::ListUsers(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return calls_.AnswerNow<v1::ListUsersRequest, v1::ListUsersResponse>(
      context, request, response, "ListUsers", [this](const v1::ListUsersRequest&) {
        v1::ListUsersResponse all;
        for (v1::User& user : directory_.Users()) *all.add_users() = std::move(user);
        return all;
      });
}

grpc::ServerUnaryReactor* AdminService::ListAllDevices(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return calls_.AnswerNow<v1::ListAllDevicesRequest, v1::ListAllDevicesResponse>(
      context, request, response, "ListAllDevices", [this](const v1::ListAllDevicesRequest&) {
        v1::ListAllDevicesResponse all;
        for (v1::DeviceView& view : directory_.Devices(nullptr)) {
          *all.add_devices() = std::move(view);
        }
        return all;
      });
}

}  // namespace sotay::server
