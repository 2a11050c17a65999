// Dossiers that proved to be secret, as gRPC sees it.  Acts run on the hub's thread (secrecy.h);
// lists are read by the pool.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "server/access_log.h"
#include "server/hub.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/secrecy_service.grpc.pb.h"

namespace sotay::server {

using SecrecyServiceBase = v1::SecrecyService::WithRawCallbackMethod_SealDossier<
    v1::SecrecyService::WithRawCallbackMethod_ListSealed<
        v1::SecrecyService::WithRawCallbackMethod_ListHolders<
            v1::SecrecyService::WithRawCallbackMethod_Destroy<
                v1::SecrecyService::WithRawCallbackMethod_Confirm<
                    v1::SecrecyService::WithRawCallbackMethod_NoteBackupsGone<
                        v1::SecrecyService::Service>>>>>>;

// Set once at construction; what it is given outlives it.
class SecrecyService final : public SecrecyServiceBase {
 public:
  // `backups`: where the backup is written; empty when there is none.
  SecrecyService(Directory* directory, Store* store, Hub* hub, AccessLog* log, ReaderPool* readers,
                 std::function<int64_t()> now_ms, std::function<void()> acted, std::string backups);

  using SecrecyServiceBase::Confirm;
  using SecrecyServiceBase::Destroy;
  using SecrecyServiceBase::ListHolders;
  using SecrecyServiceBase::ListSealed;
  using SecrecyServiceBase::NoteBackupsGone;
  using SecrecyServiceBase::SealDossier;
  grpc::ServerUnaryReactor* SealDossier(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListSealed(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListHolders(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Destroy(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Confirm(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* NoteBackupsGone(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;

 private:
  void AddBackups(const std::string& dossier, v1::ListHoldersResponse* holders) const;
  // Answers with what `act(pen, person, request)` says.
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
  const std::string backups_;
};

}  // namespace sotay::server
