// Decisions about refused changes and lost devices, as gRPC sees them; what is decided, and by whom
// it may be, is in quarantine.h and losses.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/hub.h"
#include "server/rpc.h"
#include "sotay/v1/quarantine_service.grpc.pb.h"

namespace sotay::server {

using QuarantineServiceBase = v1::QuarantineService::WithRawCallbackMethod_TakeIn<
    v1::QuarantineService::WithRawCallbackMethod_Dismiss<
        v1::QuarantineService::WithRawCallbackMethod_SettleLoss<v1::QuarantineService::Service>>>;

// Set once at construction; what it is given outlives it.
class QuarantineService final : public QuarantineServiceBase {
 public:
  QuarantineService(Directory* directory, Hub* hub, std::function<int64_t()> now_ms);

  using QuarantineServiceBase::Dismiss;
  using QuarantineServiceBase::SettleLoss;
  using QuarantineServiceBase::TakeIn;
  grpc::ServerUnaryReactor* TakeIn(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Dismiss(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SettleLoss(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

 private:
  // Answers with what `decide(pen, person, request)` says, on the hub's thread.
  template <typename Request, typename Response, typename Decide>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                   const char* method, Decide decide);

  Directory& directory_;
  Hub& hub_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
