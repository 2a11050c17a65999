// Who read what, as gRPC sees it; what is shown is decided in access_reading.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/access_reading.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/access_service.grpc.pb.h"

namespace sotay::server {

using AccessServiceBase =
    v1::AccessService::WithRawCallbackMethod_ListAccess<v1::AccessService::Service>;

// Set once at construction; what it is given outlives it.
class AccessService final : public AccessServiceBase {
 public:
  AccessService(Directory* directory, AccessLog* log, const AccessReading* reading,
                ReaderPool* readers, std::function<int64_t()> now_ms);

  using AccessServiceBase::ListAccess;
  grpc::ServerUnaryReactor* ListAccess(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  AccessLog& log_;
  const AccessReading& reading_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
