// Administration, as gRPC sees it.  Mutations run on the hub's thread (administration.h); lists
// come from the directory in memory and are answered at once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/administrator_call.h"
#include "server/authority.h"
#include "server/hub.h"
#include "server/rpc.h"
#include "sotay/v1/admin_service.grpc.pb.h"

namespace sotay::server {

using AdminServiceBase = v1::AdminService::WithRawCallbackMethod_PutUnit<
    v1::AdminService::WithRawCallbackMethod_ListAllUnits<
        v1::AdminService::WithRawCallbackMethod_PutUser<
            v1::AdminService::WithRawCallbackMethod_ListUsers<
                v1::AdminService::WithRawCallbackMethod_CreateInvitation<
                    v1::AdminService::WithRawCallbackMethod_ListAllDevices<
                        v1::AdminService::WithRawCallbackMethod_RevokeDevice<
                            v1::AdminService::Service>>>>>>>;

// Set once at construction; what it is given outlives it.
class AdminService final : public AdminServiceBase {
 public:
  // `address`: where invitations send their devices.
  AdminService(Directory* directory, Hub* hub, const Authority* authority, std::string address,
               std::function<int64_t()> now_ms);

  using AdminServiceBase::CreateInvitation;
  using AdminServiceBase::ListAllDevices;
  using AdminServiceBase::ListAllUnits;
  using AdminServiceBase::ListUsers;
  using AdminServiceBase::PutUnit;
  using AdminServiceBase::PutUser;
  using AdminServiceBase::RevokeDevice;
  grpc::ServerUnaryReactor* PutUnit(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListAllUnits(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* PutUser(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListUsers(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CreateInvitation(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListAllDevices(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RevokeDevice(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  const AdministratorCalls calls_;
  const Authority& authority_;
  const std::string address_;
};

}  // namespace sotay::server
