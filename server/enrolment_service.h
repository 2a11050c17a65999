// Enrolment, as gRPC sees it: the one service a bootstrap certificate may call.  What is decided
// is decided in enrolment.h, on the hub's thread.
#pragma once

#include "server/authorities.h"
#include "server/hub.h"
#include "server/rpc.h"
#include "sotay/v1/enrolment_service.grpc.pb.h"

namespace sotay::server {

using EnrolmentServiceBase =
    v1::EnrolmentService::WithRawCallbackMethod_Enroll<v1::EnrolmentService::Service>;

// Set once at construction; what it is given outlives it.
class EnrolmentService final : public EnrolmentServiceBase {
 public:
  EnrolmentService(Hub* hub, const Authorities* authorities);

  using EnrolmentServiceBase::Enroll;
  grpc::ServerUnaryReactor* Enroll(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

 private:
  Hub& hub_;
  const Authorities& authorities_;
};

}  // namespace sotay::server
