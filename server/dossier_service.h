// Who may see which dossier, as gRPC sees it.  Acts run on the hub's thread (dossiers.h); lists are
// read by the pool.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/hub.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/dossier_service.grpc.pb.h"

namespace sotay::server {

using DossierServiceBase = v1::DossierService::WithRawCallbackMethod_RestrictDossier<
    v1::DossierService::WithRawCallbackMethod_OpenDossier<
        v1::DossierService::WithRawCallbackMethod_ListDossierActs<v1::DossierService::Service>>>;

// Set once at construction; what it is given outlives it.
class DossierService final : public DossierServiceBase {
 public:
  DossierService(Directory* directory, Store* store, Hub* hub, AccessLog* log, ReaderPool* readers,
                 std::function<int64_t()> now_ms, std::function<void()> acted);

  using DossierServiceBase::ListDossierActs;
  using DossierServiceBase::OpenDossier;
  using DossierServiceBase::RestrictDossier;
  grpc::ServerUnaryReactor* RestrictDossier(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* OpenDossier(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListDossierActs(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;

 private:
  // Answers with what `say(pen, person, request)` says.
  template <typename Request, typename Response, typename Act>
  grpc::ServerUnaryReactor* AnswerWithPen(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response, const char* method, Act act);

  Directory& directory_;
  Store& store_;
  Hub& hub_;
  AccessLog& log_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
  // Called after each act, which no phone could give back to a restored server.
  const std::function<void()> acted_;
};

}  // namespace sotay::server
