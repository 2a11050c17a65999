// Files beside the records, as gRPC sees it; what is answered is decided in blob_exchange.h.  What
// writes runs on threads of its own, so that no reader waits for somebody's photograph.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/access_log.h"
#include "server/blob_exchange.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/blob_service.grpc.pb.h"

namespace sotay::server {

using BlobServiceBase =
    v1::BlobService::WithRawCallbackMethod_AskBlob<v1::BlobService::WithRawCallbackMethod_SendChunk<
        v1::BlobService::WithRawCallbackMethod_FinishBlob<
            v1::BlobService::WithRawCallbackMethod_ReadChunk<v1::BlobService::Service>>>>;

// What it is given outlives it.
class BlobService final : public BlobServiceBase {
 public:
  BlobService(Directory* directory, const BlobExchange* exchange, AccessLog* log,
              ReaderPool* readers, ReaderPool* writers, std::function<int64_t()> now_ms);

  using BlobServiceBase::AskBlob;
  using BlobServiceBase::FinishBlob;
  using BlobServiceBase::ReadChunk;
  using BlobServiceBase::SendChunk;
  grpc::ServerUnaryReactor* AskBlob(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SendChunk(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* FinishBlob(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReadChunk(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  // Answers on `pool` with what `read(caller, request, shown)` says, and notes what was shown, and
  // who asked for what is not there.  `counts`: towards the device's calls at a time.
  template <typename Request, typename Response, typename Read>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                   const char* method, ReaderPool* pool, Read read);
  absl::Status Begin(const sync::DeviceId& device) ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const sync::DeviceId& device) ABSL_LOCKS_EXCLUDED(mutex_);

  Directory& directory_;
  const BlobExchange& exchange_;
  AccessLog& log_;
  ReaderPool& readers_;
  ReaderPool& writers_;
  const std::function<int64_t()> now_ms_;

  absl::Mutex mutex_;
  std::map<sync::DeviceId, int> under_way_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sotay::server
