// How calls that are for administrators alone are answered: looked up as such when they come, and
// those that change something once more when they have the pen, on the hub's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "server/administration.h"
#include "server/event_log.h"
#include "server/hub.h"
#include "server/rpc.h"
#include "sync/status_macros.h"

namespace sotay::server {

// Set once at construction; what it is given outlives it.
class AdministratorCalls {
 public:
  AdministratorCalls(Directory* directory, Hub* hub, std::function<int64_t()> now_ms)
      : directory_(*directory), hub_(*hub), now_ms_(std::move(now_ms)) {}

  // Answers with what `list(request)` says.
  template <typename Request, typename Response, typename List>
  grpc::ServerUnaryReactor* AnswerNow(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                      const char* method, List list) const {
    return AnswerUnary<Request, Response>(
        context, request, response, method,
        [this](const grpc::CallbackServerContext& of) { return Administrator(of); },
        [list](const Caller&, const Request& asked, const Reply<Response>& reply) {
          reply(list(asked));
        });
  }

  // Answers with what `mutate(pen, caller, request)` says, on the hub's thread.
  template <typename Request, typename Response, typename Mutate>
  grpc::ServerUnaryReactor* AnswerWithPen(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response, const char* method,
                                          Mutate mutate) const {
    return AnswerUnary<Request, Response>(
        context, request, response, method,
        [this](const grpc::CallbackServerContext& of) { return Administrator(of); },
        [this, mutate, method](Caller caller, Request asked, Reply<Response> reply) {
          const auto run = [this, mutate, method, caller, asked = std::move(asked),
                            reply](Pen* pen) {
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
          };
          const absl::Status refused = hub_.Submit(run);
          if (!refused.ok()) reply(refused);
        });
  }

 private:
  absl::StatusOr<Caller> Administrator(const grpc::CallbackServerContext& context) const {
    SOTAY_ASSIGN_OR_RETURN(Caller caller, CallerOf(&directory_, context, now_ms_()));
    SOTAY_RETURN_IF_ERROR(CheckAdministrator(*caller.person));
    return caller;
  }

  Directory& directory_;
  Hub& hub_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
