// The way to the server: the second seam of the phone.  In an app it is gRPC (grpc_link.h); in a
// simulation, a network that drops, doubles and delays.
//
// A failed call carries a serialised v1::ErrorDetail as the payload kErrorDetailUrl of its
// status where the server gave one (see DetailOf).  Every call has a deadline of its own, after
// which it fails with kDeadlineExceeded.  Any thread; calls may run side by side.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "sotay/v1/blob_service.pb.h"
#include "sotay/v1/certificate_service.pb.h"
#include "sotay/v1/error.pb.h"
#include "sotay/v1/lineage_service.pb.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::sdk {

constexpr char kErrorDetailUrl[] = "sotay.v1.ErrorDetail";

// There: TLS did not let the two come together: one of them was shown a certificate that it does
// not take.
// By name whose it is: kServers or kDevices.
constexpr char kStrangerUrl[] = "sotay.Stranger";
constexpr char kServers[] = "server's";
constexpr char kDevices[] = "device's";

// A failed call as it is to be told.  That the other side is not ours, or went over to another
// authority while we were away, is no want of a network, though worth trying again: it may be
// another network.  `may_be_refused`: of this device's own certificate (Vault::MayBeRefused).
absl::Status ToldAsStranger(absl::Status failure, const std::function<bool()>& may_be_refused);

// What the server said beside the status; empty when it said nothing.
inline v1::ErrorDetail DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  if (const auto payload = status.GetPayload(kErrorDetailUrl)) {
    if (!detail.ParseFromString(std::string(*payload))) detail.Clear();
  }
  return detail;
}

inline absl::Status WithDetail(absl::Status status, const v1::ErrorDetail& detail) {
  status.SetPayload(kErrorDetailUrl, absl::Cord(detail.SerializeAsString()));
  return status;
}

// A listening that goes on until this is destroyed.  The destructor waits until no callback runs
// and must therefore not be called from one.
class Listening {
 public:
  virtual ~Listening() = default;
};

class Link {
 public:
  // Ends every call.
  virtual ~Link() = default;

  virtual absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request) = 0;
  virtual absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest& request) = 0;
  virtual absl::StatusOr<v1::GetLineageResponse> GetLineage(
      const v1::GetLineageRequest& request) = 0;

  virtual absl::StatusOr<v1::GetHandoversResponse> GetHandovers(
      const v1::GetHandoversRequest& request) = 0;

  // Files beside the records.  A link that carries none says so.
  virtual absl::StatusOr<v1::AskBlobResponse> AskBlob(const v1::AskBlobRequest&) {
    return absl::UnimplementedError("this link carries no files");
  }
  virtual absl::StatusOr<v1::SendChunkResponse> SendChunk(const v1::SendChunkRequest&) {
    return absl::UnimplementedError("this link carries no files");
  }
  virtual absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const v1::FinishBlobRequest&) {
    return absl::UnimplementedError("this link carries no files");
  }
  virtual absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const v1::ReadChunkRequest&) {
    return absl::UnimplementedError("this link carries no files");
  }

  // For the key of this link.
  virtual absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest& request) = 0;
  virtual absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest& request) = 0;
  // A link that knows no authority says so.
  virtual absl::StatusOr<v1::GetAuthorityResponse> GetAuthority(const v1::GetAuthorityRequest&) {
    return absl::UnimplementedError("this link knows no authority");
  }
  // These are the roots from now on; running calls end as they began.
  virtual void TrustRoots(const std::string& /*authority_pem*/) {}
  // The device has another key or certificate from now on; running calls end as they began.
  virtual void Present(const std::string& certificate_pem, const std::string& key_pem) = 0;

  // Calls `heard` on every message, on a thread of the link's, and `ended` once at the end,
  // unless the listening was destroyed before.
  virtual std::unique_ptr<Listening> Watch(const v1::WatchRequest& request,
                                           std::function<void(const v1::WatchResponse&)> heard,
                                           std::function<void(const absl::Status&)> ended) = 0;

  // The network may be back: forget what was learnt of its absence.
  virtual void Wake() {}
  // Ends running calls with kCancelled, and every later one.
  virtual void Close() = 0;
};

}  // namespace sotay::sdk
