// The phones' service, as gRPC sees it: Sync hands its push to the hub and reads its answer on
// the reader pool; Watch is a stream that says only "there is news".  What is decided is decided
// in exchange.h, hub.h and watchers.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/exchange.h"
#include "server/hub.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "server/supervision.h"
#include "server/watchers.h"
#include "sotay/v1/sync_service.grpc.pb.h"

namespace sotay::server {

// Requests are taken as bytes, so that identity comes before parsing.
using SyncServiceBase =
    v1::SyncService::WithRawCallbackMethod_Sync<v1::SyncService::WithRawCallbackMethod_Watch<
        v1::SyncService::WithRawCallbackMethod_ListRecordHistory<v1::SyncService::Service>>>;

// Set once at construction; what it is given outlives it.
class SyncService final : public SyncServiceBase {
 public:
  SyncService(Directory* directory, Exchange* exchange, Hub* hub, Watchers* watchers,
              Supervision* supervision, AccessLog* log, ReaderPool* readers,
              std::function<int64_t()> now_ms);

  using SyncServiceBase::ListRecordHistory;
  using SyncServiceBase::Sync;
  using SyncServiceBase::Watch;
  grpc::ServerUnaryReactor* Sync(grpc::CallbackServerContext* context,
                                 const grpc::ByteBuffer* request,
                                 grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* ListRecordHistory(grpc::CallbackServerContext* context,
                                              const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;

 private:
  void Serve(const Caller& caller, v1::SyncRequest request, Reply<v1::SyncResponse> reply);

  Directory& directory_;
  Exchange& exchange_;
  Hub& hub_;
  Watchers& watchers_;
  Supervision& supervision_;
  AccessLog& log_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
