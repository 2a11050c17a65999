#include "mobile-sdk/core/grpc_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <set>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/v1/blob_service.grpc.pb.h"
#include "sotay/v1/certificate_service.grpc.pb.h"
#include "sotay/v1/enrolment_service.grpc.pb.h"
#include "sotay/v1/lineage_service.grpc.pb.h"
#include "sotay/v1/sync_service.grpc.pb.h"

namespace sotay::sdk {
namespace {

using std::chrono::seconds;

// A full push and a full answer, a mebibyte each before packing, over a network of 3 kB/s.  A dead
// connection is found out by the pings below long before.
constexpr seconds kSyncDeadline{300};
constexpr seconds kShortDeadline{30};
// Behind an exchange that is done, which is not to wait for a network that has gone since.
constexpr seconds kAsideDeadline{10};
// A piece over the same network, or the server reading a whole file through.
constexpr seconds kPieceDeadline{120};
constexpr seconds kWatchDeadline{3600};
constexpr int kReceiveBytesMax = 4 << 20;
// The server allows a ping every 30 s; a minute keeps a mobile network's mapping alive.
constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// With an ECDSA certificate, as our authority gives, no TLS 1.2 handshake can choose these.
constexpr char kCiphersBelowTls13[] = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256";

void InsistOnTls13() {
  static const int once = setenv("GRPC_SSL_CIPHER_SUITES", kCiphersBelowTls13, /*replace=*/1);
  static_cast<void>(once);
}

std::shared_ptr<grpc::Channel> ChannelTo(const GrpcAddress& address) {
  InsistOnTls13();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = address.authority_pem;
  tls.pem_cert_chain = address.certificate_pem;
  tls.pem_private_key = address.key_pem;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetCompressionAlgorithm(GRPC_COMPRESS_NONE);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A connection of its own: another notebook's has another certificate.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address.server, grpc::SslCredentials(tls), arguments);
}

// The numbers are the same on both sides.
absl::Status ToAbsl(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  v1::StatusDetails details;
  if (!details.ParseFromString(status.error_details())) return result;
  for (const auto& any : details.details()) {
    if (!absl::EndsWith(any.type_url(), "/sotay.v1.ErrorDetail")) continue;
    result.SetPayload(kErrorDetailUrl, absl::Cord(any.value()));
  }
  return result;
}

absl::Status Told(absl::Status failure, const GrpcAddress& address) {
  return ToldAsStranger(std::move(failure), [&address] {
    return Vault::MayBeRefused(address.certificate_pem, address.authority_pem,
                               absl::ToUnixMillis(absl::Now()));
  });
}

// A channel and its stubs.
struct Line {
  explicit Line(const GrpcAddress& address)
      : channel(ChannelTo(address)),
        stub(v1::SyncService::NewStub(channel)),
        lineage(v1::LineageService::NewStub(channel)),
        certificates(v1::CertificateService::NewStub(channel)),
        blobs(v1::BlobService::NewStub(channel)) {}

  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::SyncService::Stub> stub;
  const std::unique_ptr<v1::LineageService::Stub> lineage;
  const std::unique_ptr<v1::CertificateService::Stub> certificates;
  const std::unique_ptr<v1::BlobService::Stub> blobs;
};

// A server-streaming call as a Listening.
class GrpcListening : public Listening, public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  GrpcListening(std::shared_ptr<Line> line, std::function<absl::Status(absl::Status)> told,
                const v1::WatchRequest& request,
                std::function<void(const v1::WatchResponse&)> heard,
                std::function<void(const absl::Status&)> ended)
      : line_(std::move(line)),
        told_(std::move(told)),
        request_(request),
        heard_(std::move(heard)),
        ended_(std::move(ended)) {
    context_.set_deadline(std::chrono::system_clock::now() + kWatchDeadline);
    line_->stub->async()->Watch(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  ~GrpcListening() override {
    {
      absl::MutexLock lock(&mutex_);
      wanted_ = false;
    }
    context_.TryCancel();
    done_.WaitForNotification();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (Wanted()) heard_(response_);
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    if (Wanted()) {
      ended_(status.ok() ? absl::UnavailableError("the server ended the listening")
                         : told_(ToAbsl(status)));
    }
    done_.Notify();
  }

 private:
  bool Wanted() {
    absl::MutexLock lock(&mutex_);
    return wanted_;
  }

  const std::shared_ptr<Line> line_;
  const std::function<absl::Status(absl::Status)> told_;
  const v1::WatchRequest request_;
  const std::function<void(const v1::WatchResponse&)> heard_;
  const std::function<void(const absl::Status&)> ended_;
  grpc::ClientContext context_;
  v1::WatchResponse response_;
  absl::Notification done_;
  absl::Mutex mutex_;
  bool wanted_ ABSL_GUARDED_BY(mutex_) = true;
};

class GrpcLink : public Link {
 public:
  explicit GrpcLink(GrpcAddress address) : address_(std::move(address)) {}

  ~GrpcLink() override { Close(); }

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request) override {
    return Call<v1::SyncResponse>(kSyncDeadline,
                                  [&](Line* line, grpc::ClientContext* context, auto* response) {
                                    return line->stub->Sync(context, request, response);
                                  });
  }

  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest& request) override {
    return Call<v1::ListRecordHistoryResponse>(
        kShortDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->stub->ListRecordHistory(context, request, response);
        });
  }

  absl::StatusOr<v1::GetLineageResponse> GetLineage(const v1::GetLineageRequest& request) override {
    return Call<v1::GetLineageResponse>(
        kShortDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->lineage->GetLineage(context, request, response);
        });
  }

  absl::StatusOr<v1::AskBlobResponse> AskBlob(const v1::AskBlobRequest& request) override {
    return Call<v1::AskBlobResponse>(kShortDeadline,
                                     [&](Line* line, grpc::ClientContext* context, auto* response) {
                                       return line->blobs->AskBlob(context, request, response);
                                     });
  }

  absl::StatusOr<v1::SendChunkResponse> SendChunk(const v1::SendChunkRequest& request) override {
    return Call<v1::SendChunkResponse>(
        kPieceDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->blobs->SendChunk(context, request, response);
        });
  }

  absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const v1::FinishBlobRequest& request) override {
    return Call<v1::FinishBlobResponse>(
        kPieceDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->blobs->FinishBlob(context, request, response);
        });
  }

  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const v1::ReadChunkRequest& request) override {
    return Call<v1::ReadChunkResponse>(
        kPieceDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->blobs->ReadChunk(context, request, response);
        });
  }

  absl::StatusOr<v1::GetHandoversResponse> GetHandovers(
      const v1::GetHandoversRequest& request) override {
    return Call<v1::GetHandoversResponse>(
        kShortDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->lineage->GetHandovers(context, request, response);
        });
  }

  absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest& request) override {
    return Call<v1::RollKeyResponse>(
        kShortDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->certificates->RollKey(context, request, response);
        });
  }

  void Present(const std::string& certificate_pem, const std::string& key_pem) override {
    absl::MutexLock lock(&mutex_);
    address_.certificate_pem = certificate_pem;
    address_.key_pem = key_pem;
    line_ = nullptr;
  }

  absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest& request) override {
    return Call<v1::RenewCertificateResponse>(
        kShortDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->certificates->RenewCertificate(context, request, response);
        });
  }

  absl::StatusOr<v1::GetAuthorityResponse> GetAuthority(
      const v1::GetAuthorityRequest& request) override {
    return Call<v1::GetAuthorityResponse>(
        kAsideDeadline, [&](Line* line, grpc::ClientContext* context, auto* response) {
          return line->certificates->GetAuthority(context, request, response);
        });
  }

  void TrustRoots(const std::string& authority_pem) override {
    absl::MutexLock lock(&mutex_);
    address_.authority_pem = authority_pem;
    line_ = nullptr;
  }

  std::unique_ptr<Listening> Watch(const v1::WatchRequest& request,
                                   std::function<void(const v1::WatchResponse&)> heard,
                                   std::function<void(const absl::Status&)> ended) override {
    std::shared_ptr<Line> line;
    GrpcAddress address;
    {
      absl::MutexLock lock(&mutex_);
      line = Current();
      address = address_;
    }
    auto told = [address](absl::Status failure) { return Told(std::move(failure), address); };
    return std::make_unique<GrpcListening>(std::move(line), std::move(told), request,
                                           std::move(heard), std::move(ended));
  }

  void Wake() override {
    absl::MutexLock lock(&mutex_);
    line_ = nullptr;
  }

  void Close() override {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    for (grpc::ClientContext* context : running_) context->TryCancel();
  }

 private:
  std::shared_ptr<Line> Current() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (line_ == nullptr) line_ = std::make_shared<Line>(address_);
    return line_;
  }

  template <typename Response, typename Do>
  absl::StatusOr<Response> Call(seconds deadline, const Do& call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    std::shared_ptr<Line> line;
    GrpcAddress address;
    {
      absl::MutexLock lock(&mutex_);
      if (closed_) return absl::CancelledError("the notebook is being closed");
      running_.insert(&context);
      line = Current();
      address = address_;
    }
    Response response;
    const grpc::Status status = call(line.get(), &context, &response);
    {
      absl::MutexLock lock(&mutex_);
      running_.erase(&context);
      if (status.error_code() == grpc::StatusCode::UNAVAILABLE && line_ == line) line_ = nullptr;
    }
    if (!status.ok()) return Told(ToAbsl(status), address);
    return response;
  }

  absl::Mutex mutex_;
  GrpcAddress address_ ABSL_GUARDED_BY(mutex_);
  // Made anew after a call that found nobody: our own back-off decides when to try, and a channel
  // that has failed may sleep through that, or never wake (github.com/grpc/grpc/issues/33593).
  std::shared_ptr<Line> line_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<grpc::ClientContext*> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Link> ConnectGrpc(const GrpcAddress& address) {
  return std::make_unique<GrpcLink>(address);
}

absl::StatusOr<v1::EnrollResponse> EnrollOverGrpc(const GrpcAddress& address,
                                                  const v1::EnrollRequest& request) {
  const auto stub = v1::EnrolmentService::NewStub(ChannelTo(address));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kShortDeadline);
  v1::EnrollResponse response;
  const grpc::Status status = stub->Enroll(&context, request, &response);
  if (!status.ok()) return Told(ToAbsl(status), address);
  return response;
}

}  // namespace sotay::sdk
