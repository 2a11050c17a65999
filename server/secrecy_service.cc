#include "server/secrecy_service.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "server/backup_lives.h"
#include "server/event_log.h"
#include "server/secrecy.h"
#include "sync/durable/open.h"

namespace sotay::server {
namespace {

const std::string& Named(const v1::SealDossierRequest& asked) { return asked.record_id(); }
template <typename Request>
const std::string& Named(const Request& asked) {
  return asked.dossier_id();
}

}  // namespace

SecrecyService::SecrecyService(Directory* directory, Store* store, Hub* hub, AccessLog* log,
                               ReaderPool* readers, std::function<int64_t()> now_ms,
                               std::function<void()> acted, std::string backups)
    : directory_(*directory),
      store_(*store),
      hub_(*hub),
      log_(*log),
      readers_(*readers),
      now_ms_(std::move(now_ms)),
      acted_(std::move(acted)),
      backups_(std::move(backups)) {}

template <typename Request, typename Response, typename Act>
grpc::ServerUnaryReactor* SecrecyService::AnswerWithPen(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response,
                                                        const char* method, Act act) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this, act, method](const Caller& caller, Request asked, Reply<Response> reply) {
        const auto run = [this, act, method, device = caller.device, asked = std::move(asked),
                          reply](Pen* pen) {
          // The right may have gone while the call waited for the pen.
          const absl::StatusOr<Caller> now = directory_.CallerOf(device);
          if (!now.ok()) return reply(now.status());
          absl::StatusOr<Response> done = act(pen, *now->person, asked);
          if (done.ok()) {
            Say(Severity::kInfo, "secrecy_act",
                {{"method", method},
                 {"unit", done->sealed().act().unit_id()},
                 {"number", done->sealed().act().number()},
                 {"by", now->person->user.user_id()}});
            acted_();
          }
          if (absl::IsNotFound(done.status())) {
            // Whoever tries ids is to be seen trying.
            v1::AccessEntry tried;
            tried.set_kind(v1::ACCESS_KIND_RECORD);
            tried.set_record_id(Named(asked));
            const absl::Status noted = log_.Note(*now, tried, {}, done.status());
            if (!noted.ok()) done = noted;
          }
          reply(std::move(done));
        };
        const absl::Status refused = hub_.Submit(run);
        if (!refused.ok()) reply(refused);
      });
}

grpc::ServerUnaryReactor* SecrecyService::SealDossier(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::SealDossierRequest, v1::SealDossierResponse>(
      context, request, response, "SealDossier", &server::SealDossier);
}

grpc::ServerUnaryReactor* SecrecyService::Destroy(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::DestroyRequest, v1::DestroyResponse>(context, request, response,
                                                                "Destroy", &AskDestruction);
}

grpc::ServerUnaryReactor* SecrecyService::Confirm(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::ConfirmRequest, v1::ConfirmResponse>(context, request, response,
                                                                "Confirm", &ConfirmDestruction);
}

grpc::ServerUnaryReactor* SecrecyService::NoteBackupsGone(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerWithPen<v1::NoteBackupsGoneRequest, v1::NoteBackupsGoneResponse>(
      context, request, response, "NoteBackupsGone", &server::NoteBackupsGone);
}

grpc::ServerUnaryReactor* SecrecyService::ListSealed(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListSealedRequest, v1::ListSealedResponse>(
      context, request, response, "ListSealed",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](const Caller& caller, const v1::ListSealedRequest& asked,
             const Reply<v1::ListSealedResponse>& reply) {
        reply(server::ListSealed(directory_, store_.blobs(), *caller.person, asked));
      });
}

void SecrecyService::AddBackups(const std::string& dossier,
                                v1::ListHoldersResponse* holders) const {
  const auto before = ChainsBefore(backups_, dossier, durable::StoreOptions());
  // A directory that is not mounted has what it has.
  if (!before.ok()) {
    holders->add_backups(backups_);
    return;
  }
  for (const std::string& chain : *before) holders->add_backups(chain);
}

grpc::ServerUnaryReactor* SecrecyService::ListHolders(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request,
                                                      grpc::ByteBuffer* response) {
  return AnswerUnary<v1::ListHoldersRequest, v1::ListHoldersResponse>(
      context, request, response, "ListHolders",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](Caller caller, v1::ListHoldersRequest asked, Reply<v1::ListHoldersResponse> reply) {
        // What was read a moment ago is gathered still.
        log_.Flush([this, caller, asked = std::move(asked), reply](const absl::Status& written) {
          if (!written.ok()) return reply(written);
          const bool will = readers_.Run([this, caller, asked, reply] {
            auto holders = server::ListHolders(directory_, &store_, *caller.person, asked);
            if (holders.ok() && !backups_.empty()) AddBackups(asked.dossier_id(), &*holders);
            reply(std::move(holders));
          });
          if (!will) reply(Busy("the server is busy; try again shortly"));
        });
      });
}

}  // namespace sotay::server
