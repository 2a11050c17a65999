#include "server/sync_service.h"

#include <memory>
#include <utility>

#include "server/secrecy.h"
#include "server/watch_service.h"

namespace sotay::server {

SyncService::SyncService(Directory* directory, Exchange* exchange, Hub* hub, Watchers* watchers,
                         Supervision* supervision, AccessLog* log, ReaderPool* readers,
                         std::function<int64_t()> now_ms)
    : directory_(*directory),
      exchange_(*exchange),
      hub_(*hub),
      watchers_(*watchers),
      supervision_(*supervision),
      log_(*log),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* SyncService::Sync(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) {
  return AnswerUnary<v1::SyncRequest, v1::SyncResponse>(
      context, request, response, "Sync",
      [this](const grpc::CallbackServerContext& of) {
        return SenderOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::SyncRequest asked, Reply<v1::SyncResponse> reply) {
        Serve(caller, std::move(asked), std::move(reply));
      });
}

void SyncService::Serve(const Caller& caller, v1::SyncRequest request,
                        Reply<v1::SyncResponse> reply) {
  absl::StatusOr<PreparedSync> prepared = exchange_.Prepare(caller, std::move(request), now_ms_());
  if (!prepared.ok()) {
    reply(prepared.status());
    return;
  }
  absl::optional<Push> push = std::move(prepared->push);
  auto call = std::make_shared<PreparedSync>(*std::move(prepared));
  const bool revoked = caller.row->state() == v1::DEVICE_STATE_REVOKED;
  const auto answer = [this, caller, call, reply, revoked](std::shared_ptr<PushAnswer> pushed) {
    if (revoked) {
      reply(exchange_.AnswerRevoked(*call, pushed.get(), now_ms_()));
      return;
    }
    const bool will = readers_.Run([this, caller, call, reply, pushed] {
      v1::AccessEntry kept;
      kept.set_kind(v1::ACCESS_KIND_FEED);
      reply(log_.Answer(caller, kept, [&](ShownParts* shown) {
        return exchange_.Answer(*call, pushed.get(), now_ms_(), shown);
      }));
    });
    // What was pushed is safe; the repeated call will report it as known.
    if (!will) reply(Busy("the server is busy; try again shortly"));
  };
  const auto go_on = [this, answer, reply](absl::optional<Push> taken) {
    if (!taken.has_value()) return answer(nullptr);
    hub_.Submit(*std::move(taken), [answer, reply](absl::StatusOr<PushAnswer> pushed) {
      if (pushed.ok()) {
        answer(std::make_shared<PushAnswer>(*std::move(pushed)));
      } else {
        reply(pushed.status());
      }
    });
  };
  // The device names them until it is answered: then they are kept.
  if (call->reports.empty()) return go_on(std::move(push));
  const auto pushes = std::make_shared<absl::optional<Push>>(std::move(push));
  const absl::Status refused = hub_.Submit([call, go_on, reply, pushes](Pen* pen) {
    const absl::Status kept = NoteReports(pen, call->device, call->reports);
    if (!kept.ok()) return reply(kept);
    go_on(std::move(*pushes));
  });
  if (!refused.ok()) reply(refused);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* SyncService::Watch(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request) {
  return WatchStream::Begin(&directory_, &watchers_, now_ms_, context, *request);
}

grpc::ServerUnaryReactor* SyncService::ListRecordHistory(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListRecordHistoryRequest, v1::ListRecordHistoryResponse>(
      context, request, response, "ListRecordHistory",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::ListRecordHistoryRequest asked,
             Reply<v1::ListRecordHistoryResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          v1::AccessEntry kept;
          kept.set_kind(v1::ACCESS_KIND_HISTORY);
          kept.set_record_id(asked.record_id());
          reply(log_.Answer(caller, kept, [&](ShownParts* shown) {
            return supervision_.ListRecordHistory(*caller.person, asked, shown);
          }));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

}  // namespace sotay::server
