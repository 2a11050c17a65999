#include "server/access_service.h"

#include <utility>

namespace sotay::server {

AccessService::AccessService(Directory* directory, AccessLog* log, const AccessReading* reading,
                             ReaderPool* readers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      log_(*log),
      reading_(*reading),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* AccessService::ListAccess(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListAccessRequest, v1::ListAccessResponse>(
      context, request, response, "ListAccess",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::ListAccessRequest asked, Reply<v1::ListAccessResponse> reply) {
        const bool first = asked.page_token().empty();
        const auto answer = [this, caller, asked = std::move(asked), reply] {
          const bool will = readers_.Run(
              [this, caller, asked, reply] { reply(reading_.ListAccess(*caller.person, asked)); });
          if (!will) reply(Busy("the server is busy; try again shortly"));
        };
        if (first) {
          log_.Flush(answer);
        } else {
          answer();
        }
      });
}

}  // namespace sotay::server
