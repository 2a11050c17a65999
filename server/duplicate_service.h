// Suggested duplicates, as gRPC sees them; which are suggested is decided in duplicates.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/duplicates.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/duplicate_service.grpc.pb.h"

namespace sotay::server {

using DuplicateServiceBase =
    v1::DuplicateService::WithRawCallbackMethod_ListDuplicates<v1::DuplicateService::Service>;

// Set once at construction; what it is given outlives it.
class DuplicateService final : public DuplicateServiceBase {
 public:
  DuplicateService(Directory* directory, AccessLog* log, const Duplicates* duplicates,
                   ReaderPool* readers, std::function<int64_t()> now_ms);

  using DuplicateServiceBase::ListDuplicates;
  grpc::ServerUnaryReactor* ListDuplicates(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  AccessLog& log_;
  const Duplicates& duplicates_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
