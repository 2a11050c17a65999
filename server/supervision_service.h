// Central reading, as gRPC sees it; what is shown is decided in supervision.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/evidence.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "server/supervision.h"
#include "sotay/v1/supervision_service.grpc.pb.h"

namespace sotay::server {

using SupervisionServiceBase = v1::SupervisionService::WithRawCallbackMethod_ListRecords<
    v1::SupervisionService::WithRawCallbackMethod_GetRecord<
        v1::SupervisionService::WithRawCallbackMethod_ListConflicts<
            v1::SupervisionService::WithRawCallbackMethod_ListQuarantine<
                v1::SupervisionService::WithRawCallbackMethod_ListDevices<
                    v1::SupervisionService::WithRawCallbackMethod_ProveRecord<
                        v1::SupervisionService::WithRawCallbackMethod_ListUnits<
                            v1::SupervisionService::Service>>>>>>>;

// Set once at construction; what it is given outlives it.
class SupervisionService final : public SupervisionServiceBase {
 public:
  SupervisionService(Directory* directory, Supervision* supervision, Evidence* evidence,
                     AccessLog* log, ReaderPool* readers, std::function<int64_t()> now_ms);

  using SupervisionServiceBase::GetRecord;
  using SupervisionServiceBase::ListConflicts;
  using SupervisionServiceBase::ListDevices;
  using SupervisionServiceBase::ListQuarantine;
  using SupervisionServiceBase::ListRecords;
  using SupervisionServiceBase::ListUnits;
  using SupervisionServiceBase::ProveRecord;
  grpc::ServerUnaryReactor* ListRecords(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetRecord(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListConflicts(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListQuarantine(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ProveRecord(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListUnits(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  // Answers with what `read(caller, request)` says, on the reader pool.
  template <typename Request, typename Response, typename Read>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                   const char* method, Read read);
  // The same with what `read(person, request, shown)` shows, noted in the access log.
  template <typename Request, typename Response, typename Read>
  grpc::ServerUnaryReactor* AnswerNoted(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                        const char* method, v1::AccessKind kind, Read read);

  Directory& directory_;
  Supervision& supervision_;
  Evidence& evidence_;
  AccessLog& log_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
