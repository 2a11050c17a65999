#include "server/supervision_service.h"

#include <utility>

namespace sotay::server {

SupervisionService::SupervisionService(Directory* directory, Supervision* supervision,
                                       Evidence* evidence, ReaderPool* readers,
                                       std::function<int64_t()> now_ms)
    : directory_(*directory),
      supervision_(*supervision),
      evidence_(*evidence),
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
        const bool will = readers_.Run([caller, asked = std::move(asked), reply, read] {
          reply(read(*caller.person, asked));
        });
        if (!will) reply(Busy("the server is busy; try again shortly"));
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListRecords(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return Answer<v1::ListRecordsRequest, v1::ListRecordsResponse>(
      context, request, response, "ListRecords",
      [this](const Person& person, const v1::ListRecordsRequest& asked) {
        return supervision_.ListRecords(person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::GetRecord(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return Answer<v1::GetRecordRequest, v1::GetRecordResponse>(
      context, request, response, "GetRecord",
      [this](const Person& person, const v1::GetRecordRequest& asked) {
        return supervision_.GetRecord(person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListConflicts(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return Answer<v1::ListConflictsRequest, v1::ListConflictsResponse>(
      context, request, response, "ListConflicts",
      [this](const Person& person, const v1::ListConflictsRequest& asked) {
        return supervision_.ListConflicts(person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListQuarantine(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
  return Answer<v1::ListQuarantineRequest, v1::ListQuarantineResponse>(
      context, request, response, "ListQuarantine",
      [this](const Person& person, const v1::ListQuarantineRequest& asked) {
        return supervision_.ListQuarantine(person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListDevices(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return Answer<v1::ListDevicesRequest, v1::ListDevicesResponse>(
      context, request, response, "ListDevices",
      [this](const Person& person, const v1::ListDevicesRequest& asked) {
        return supervision_.ListDevices(person, asked);
      });
}

grpc::ServerUnaryReactor* SupervisionService::ProveRecord(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return Answer<v1::ProveRecordRequest, v1::ProveRecordResponse>(
      context, request, response, "ProveRecord",
      [this](const Person& person, const v1::ProveRecordRequest& asked) {
        return evidence_.ProveRecord(person, asked, now_ms_());
      });
}

grpc::ServerUnaryReactor* SupervisionService::ListUnits(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return Answer<v1::ListUnitsRequest, v1::ListUnitsResponse>(
      context, request, response, "ListUnits",
      [this](const Person& person, const v1::ListUnitsRequest&) {
        return supervision_.ListUnits(person);
      });
}

}  // namespace sotay::server
