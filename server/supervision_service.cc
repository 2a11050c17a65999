#include "server/supervision_service.h"

#include <utility>

namespace sotay::server {
namespace {

// What of a question the access log keeps.
void Keep(const v1::GetRecordRequest& request, v1::AccessEntry* asked) {
  asked->set_record_id(request.record_id());
}
void Keep(const v1::ProveRecordRequest& request, v1::AccessEntry* asked) {
  asked->set_record_id(request.record_id());
}
void Keep(const v1::ListRecordsRequest& request, v1::AccessEntry* asked) {
  asked->set_unit_id(request.unit_id());
  asked->set_type(request.type());
  asked->set_state(request.state());
  asked->set_dossier_id(request.dossier_id());
}
void Keep(const v1::ListConflictsRequest& request, v1::AccessEntry* asked) {
  asked->set_unit_id(request.unit_id());
}
void Keep(const v1::ListQuarantineRequest& request, v1::AccessEntry* asked) {
  asked->set_unit_id(request.unit_id());
}

}  // namespace

SupervisionService::SupervisionService(Directory* directory, Supervision* supervision,
                                       Evidence* evidence, AccessLog* log, ReaderPool* readers,
                                       std::function<int64_t()> now_ms)
    : directory_(*directory),
      supervision_(*supervision),
      evidence_(*evidence),
      log_(*log),
      readers_(*readers),
      now_ms_(std::move(now_ms)) {}

template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* SupervisionService::Answer(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response, const char* method,
                                                     Read read) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this, read](Caller caller, Request asked, Reply<Response> reply) {
        const bool will = readers_.Run(
            [caller, asked = std::move(asked), reply, read] { reply(read(caller, asked)); });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* SupervisionService::AnswerNoted(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response,
                                                          const char* method, v1::AccessKind kind,
                                                          Read read) {
  return Answer<Request, Response>(context, request, response, method,
                                   [this, kind, read](const Caller& caller, const Request& asked) {
                                     v1::AccessEntry kept;
                                     kept.set_kind(kind);
                                     Keep(asked, &kept);
                                     return log_.Answer(caller, kept, [&](ShownParts* shown) {
                                       return read(*caller.person, asked, shown);
                                     });
                                   });
}

grpc::ServerUnaryReactor* SupervisionService::ListRecords(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerNoted<v1::ListRecordsRequest, v1::ListRecordsResponse>(
      context, request, response, "ListRecords", v1::ACCESS_KIND_LIST,
      [this](const Person& person, const v1::ListRecordsRequest& asked, ShownParts* shown) {
        return supervision_.ListRecords(person, asked, shown);
      });
}

grpc::ServerUnaryReactor* SupervisionService::GetRecord(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return AnswerNoted<v1::GetRecordRequest, v1::GetRecordResponse>(
      context, request, response, "GetRecord", v1::ACCESS_KIND_RECORD,
      [this](const Person& person, const v1::GetRecordRequest& asked, ShownParts* shown) {
        return supervision_.GetRecord(person, asked, shown);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListConflicts(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return AnswerNoted<v1::ListConflictsRequest, v1::ListConflictsResponse>(
      context, request, response, "ListConflicts", v1::ACCESS_KIND_CONFLICTS,
      [this](const Person& person, const v1::ListConflictsRequest& asked, ShownParts* shown) {
        return supervision_.ListConflicts(person, asked, shown);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListQuarantine(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
  return AnswerNoted<v1::ListQuarantineRequest, v1::ListQuarantineResponse>(
      context, request, response, "ListQuarantine", v1::ACCESS_KIND_QUARANTINE,
      [this](const Person& person, const v1::ListQuarantineRequest& asked, ShownParts* shown) {
        return supervision_.ListQuarantine(person, asked, shown);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListDevices(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return Answer<v1::ListDevicesRequest, v1::ListDevicesResponse>(
      context, request, response, "ListDevices",
      [this](const Caller& caller, const v1::ListDevicesRequest& asked) {
        return supervision_.ListDevices(*caller.person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ProveRecord(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerNoted<v1::ProveRecordRequest, v1::ProveRecordResponse>(
      context, request, response, "ProveRecord", v1::ACCESS_KIND_PROOF,
      [this](const Person& person, const v1::ProveRecordRequest& asked, ShownParts* shown) {
        return evidence_.ProveRecord(person, asked, now_ms_(), shown);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListUnits(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return Answer<v1::ListUnitsRequest, v1::ListUnitsResponse>(
      context, request, response, "ListUnits",
      [this](const Caller& caller, const v1::ListUnitsRequest&) {
        return supervision_.ListUnits(*caller.person);
      });
}

}  // namespace sotay::server
