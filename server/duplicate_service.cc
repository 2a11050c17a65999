#include "server/duplicate_service.h"

#include <utility>

namespace sotay::server {

DuplicateService::DuplicateService(Directory* directory, AccessLog* log,
                                   const Duplicates* duplicates, ReaderPool* readers,
                                   std::function<int64_t()> now_ms)
    : directory_(*directory),
      log_(*log),
      duplicates_(*duplicates),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* DuplicateService::ListDuplicates(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListDuplicatesRequest, v1::ListDuplicatesResponse>(
      context, request, response, "ListDuplicates",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::ListDuplicatesRequest asked,
             Reply<v1::ListDuplicatesResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          v1::AccessEntry kept;
          kept.set_kind(v1::ACCESS_KIND_LIST);
          kept.set_unit_id(asked.unit_id());
          reply(log_.Answer(caller, kept, [&](ShownParts* shown) {
            return duplicates_.ListDuplicates(*caller.person, asked, shown);
          }));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

}  // namespace sotay::server
