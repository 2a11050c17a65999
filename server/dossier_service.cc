#include "server/dossier_service.h"

#include <utility>

#include "server/dossiers.h"
#include "server/event_log.h"

namespace sotay::server {

DossierService::DossierService(Directory* directory, Store* store, Hub* hub, AccessLog* log,
                               ReaderPool* readers, std::function<int64_t()> now_ms,
                               std::function<void()> acted)
    : directory_(*directory),
      store_(*store),
      hub_(*hub),
      log_(*log),
      readers_(*readers),
      now_ms_(std::move(now_ms)),
      acted_(std::move(acted)) {}

template <typename Request, typename Response, typename Act>
grpc::ServerUnaryReactor* DossierService::AnswerWithPen(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response,
                                                        const char* method, Act act) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this, act](const Caller& caller, Request asked, Reply<Response> reply) {
        const auto run = [this, act, device = caller.device, asked = std::move(asked),
                          reply](Pen* pen) {
          // The right may have gone while the call waited for the pen.
          const absl::StatusOr<Caller> now = directory_.CallerOf(device);
          if (!now.ok()) return reply(now.status());
          absl::StatusOr<Response> done = act(pen, *now->person, asked);
          if (done.ok()) {
            Say(Severity::kInfo, "dossier_act",
                {{"unit", done->act().unit_id()},
                 {"number", done->act().number()},
                 {"by", now->person->user.user_id()}});
            acted_();
          }
          if (absl::IsNotFound(done.status())) {
            // Whoever tries ids is to be seen trying.
            v1::AccessEntry tried;
            tried.set_kind(v1::ACCESS_KIND_RECORD);
            tried.set_record_id(asked.record_id());
            const absl::Status noted = log_.Note(*now, tried, {}, done.status());
            if (!noted.ok()) done = noted;
          }
          reply(std::move(done));
        };
        const absl::Status refused = hub_.Submit(run);
        if (!refused.ok()) reply(refused);
      });
}

grpc::ServerUnaryReactor* DossierService::RestrictDossier(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::RestrictDossierRequest, v1::RestrictDossierResponse>(
      context, request, response, "RestrictDossier", &server::RestrictDossier);
}

grpc::ServerUnaryReactor* DossierService::OpenDossier(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::OpenDossierRequest, v1::OpenDossierResponse>(
      context, request, response, "OpenDossier", &server::OpenDossier);
}

grpc::ServerUnaryReactor* DossierService::ListDossierActs(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListDossierActsRequest, v1::ListDossierActsResponse>(
      context, request, response, "ListDossierActs",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::ListDossierActsRequest asked,
             Reply<v1::ListDossierActsResponse> reply) {
        const bool will = readers_.Run([this, caller, asked = std::move(asked), reply] {
          reply(server::ListDossierActs(directory_, &store_, *caller.person, asked));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

}  // namespace sotay::server
