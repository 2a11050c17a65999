// Numbers, and what repeats have together, as gRPC sees them; both are decided in tally.h.
#pragma once

#include <cstdint>
#include <functional>

#include "server/access_log.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "server/tally.h"
#include "sotay/v1/tally_service.grpc.pb.h"

namespace sotay::server {

using TallyServiceBase = v1::TallyService::WithRawCallbackMethod_CountRecords<
    v1::TallyService::WithRawCallbackMethod_GetTogether<v1::TallyService::Service>>;

// Set once at construction; what it is given outlives it.
class TallyService final : public TallyServiceBase {
 public:
  TallyService(Directory* directory, AccessLog* log, const Tally* tally, ReaderPool* readers,
               std::function<int64_t()> now_ms);

  using TallyServiceBase::CountRecords;
  using TallyServiceBase::GetTogether;
  // Shows nothing of a record, so the access log does not say that it was asked.
  grpc::ServerUnaryReactor* CountRecords(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetTogether(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  AccessLog& log_;
  const Tally& tally_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
