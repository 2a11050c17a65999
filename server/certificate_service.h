// CertificateService, as gRPC sees it: the next certificate of a device, for the key the caller
// proved to hold.  Who a device is and what it may do stands in the server's table and is asked on
// every call, so that there is nothing to decide and nothing to write.
#pragma once

#include <cstdint>
#include <functional>

#include "server/authority.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/certificate_service.grpc.pb.h"

namespace sotay::server {

using CertificateServiceBase =
    v1::CertificateService::WithRawCallbackMethod_RenewCertificate<v1::CertificateService::Service>;

// Set once at construction; what it is given outlives it.
class CertificateService final : public CertificateServiceBase {
 public:
  CertificateService(Directory* directory, const Authority* authority, ReaderPool* readers,
                     std::function<int64_t()> now_ms);

  using CertificateServiceBase::RenewCertificate;
  grpc::ServerUnaryReactor* RenewCertificate(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  const Authority& authority_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
