// CertificateService, as gRPC sees it: the next certificate of a device, for the key the caller
// proved to hold, another key (device_roll.h), and another authority (authorities.h).  Who a device
// is and what it may do stands in the server's table and is asked on every call, so that for a
// certificate there is nothing to decide and nothing to write.
#pragma once

#include <cstdint>
#include <functional>

#include "server/authorities.h"
#include "server/hub.h"
#include "server/reader_pool.h"
#include "server/rpc.h"
#include "sotay/v1/certificate_service.grpc.pb.h"

namespace sotay::server {

using CertificateServiceBase = v1::CertificateService::WithRawCallbackMethod_RenewCertificate<
    v1::CertificateService::WithRawCallbackMethod_RollKey<
        v1::CertificateService::WithRawCallbackMethod_GetAuthority<
            v1::CertificateService::Service>>>;

// Set once at construction; what it is given outlives it.
class CertificateService final : public CertificateServiceBase {
 public:
  CertificateService(Directory* directory, Hub* hub, const Authorities* authorities,
                     AuthorityTeller teller, ReaderPool* readers, std::function<int64_t()> now_ms);

  using CertificateServiceBase::RenewCertificate;
  grpc::ServerUnaryReactor* RenewCertificate(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;
  using CertificateServiceBase::RollKey;
  grpc::ServerUnaryReactor* RollKey(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  using CertificateServiceBase::GetAuthority;
  grpc::ServerUnaryReactor* GetAuthority(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  Hub& hub_;
  const Authorities& authorities_;
  const AuthorityTeller teller_;
  ReaderPool& readers_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
