#include "server/lineage_service.h"

#include <utility>

namespace sotay::server {

LineageService::LineageService(Directory* directory, const Lineage* lineage, ReaderPool* readers,
                               std::function<int64_t()> now_ms)
    : directory_(*directory), lineage_(*lineage), readers_(*readers), now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* LineageService::GetLineage(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetLineageRequest, v1::GetLineageResponse>(
      context, request, response, "GetLineage",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::GetLineageRequest asked, Reply<v1::GetLineageResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          reply(lineage_.Get(*caller.person, asked.held(), now_ms_(),
                             asked.has_head() ? &asked.head() : nullptr));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

grpc::ServerUnaryReactor* LineageService::GetHandovers(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetHandoversRequest, v1::GetHandoversResponse>(
      context, request, response, "GetHandovers",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, const v1::GetHandoversRequest& asked,
             Reply<v1::GetHandoversResponse> reply) {
        reply(lineage_.Handovers(caller.device, asked.log_key()));
      });
}

}  // namespace sotay::server
