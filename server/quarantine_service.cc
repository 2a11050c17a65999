#include "server/quarantine_service.h"

#include <utility>

#include "server/losses.h"
#include "server/quarantine.h"

namespace sotay::server {

QuarantineService::QuarantineService(Directory* directory, Hub* hub,
                                     std::function<int64_t()> now_ms)
    : directory_(*directory), hub_(*hub), now_ms_(std::move(now_ms)) {}

template <typename Request, typename Response, typename Decide>
grpc::ServerUnaryReactor* QuarantineService::Answer(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response, const char* method,
                                                    Decide decide) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this, decide](Caller caller, Request asked, Reply<Response> reply) {
        const auto run = [this, decide, caller, asked = std::move(asked), reply](Pen* pen) {
          // Whoever it was may be nobody by now.
          const absl::StatusOr<Caller> now = directory_.CallerOf(caller.device);
          reply(now.ok() ? decide(pen, *now->person, asked) : now.status());
        };
        const absl::Status refused = hub_.Submit(run);
        if (!refused.ok()) reply(refused);
      });
}

grpc::ServerUnaryReactor* QuarantineService::TakeIn(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  return Answer<v1::TakeInRequest, v1::TakeInResponse>(context, request, response, "TakeIn",
                                                       &server::TakeIn);
}

grpc::ServerUnaryReactor* QuarantineService::Dismiss(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return Answer<v1::DismissRequest, v1::DismissResponse>(context, request, response, "Dismiss",
                                                         &server::Dismiss);
}

grpc::ServerUnaryReactor* QuarantineService::SettleLoss(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return Answer<v1::SettleLossRequest, v1::SettleLossResponse>(context, request, response,
                                                               "SettleLoss", &server::SettleLoss);
}

}  // namespace sotay::server
