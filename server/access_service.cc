#include "server/access_service.h"

#include <functional>
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
        const auto run = [this, reply](std::function<void()> read) {
          if (!readers_.Run(std::move(read))) reply(Busy("the server is busy; try again shortly"));
        };
        const auto answer = [this, caller, asked, reply, run] {
          run([this, caller, asked, reply] { reply(reading_.ListAccess(*caller.person, asked)); });
        };
        if (!asked.page_token().empty()) return answer();
        // Whoever may not ask makes nobody write.
        run([this, caller, asked, reply, answer] {
          const absl::Status may = reading_.MayAsk(*caller.person, asked);
          if (!may.ok()) return reply(may);
          log_.Flush([reply, answer](const absl::Status& written) {
            if (!written.ok()) return reply(written);
            answer();
          });
        });
      });
}

}  // namespace sotay::server
