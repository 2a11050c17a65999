#include "server/tally_service.h"

#include <utility>

namespace sotay::server {

TallyService::TallyService(Directory* directory, AccessLog* log, const Tally* tally,
                           ReaderPool* readers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      log_(*log),
      tally_(*tally),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* TallyService::CountRecords(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return AnswerUnary<v1::CountRecordsRequest, v1::CountRecordsResponse>(
      context, request, response, "CountRecords",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::CountRecordsRequest asked, Reply<v1::CountRecordsResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          reply(tally_.CountRecords(*caller.person, asked));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

grpc::ServerUnaryReactor* TallyService::GetTogether(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request,
                                                    grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetTogetherRequest, v1::GetTogetherResponse>(
      context, request, response, "GetTogether",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::GetTogetherRequest asked, Reply<v1::GetTogetherResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          v1::AccessEntry kept;
          kept.set_kind(v1::ACCESS_KIND_RECORD);
          kept.set_record_id(asked.record_id());
          reply(log_.Answer(caller, kept, [&](ShownParts* shown) {
            return tally_.GetTogether(*caller.person, asked, shown);
          }));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

}  // namespace sotay::server
