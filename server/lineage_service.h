// LineageService, as gRPC sees it; what is shown is decided in lineage.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/lineage.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/lineage_service.grpc.pb.h"

namespace sotay::server {

using LineageServiceBase = v1::LineageService::WithRawCallbackMethod_GetLineage<
    v1::LineageService::WithRawCallbackMethod_GetHandovers<v1::LineageService::Service>>;

// Set once at construction; what it is given outlives it.
class LineageService final : public LineageServiceBase {
 public:
  LineageService(Directory* directory, const Lineage* lineage, ReaderPool* readers,
                 std::function<int64_t()> now_ms);

  using LineageServiceBase::GetLineage;
  grpc::ServerUnaryReactor* GetLineage(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  using LineageServiceBase::GetHandovers;
  grpc::ServerUnaryReactor* GetHandovers(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  const Lineage& lineage_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
