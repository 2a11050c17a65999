// A link to nobody, for notebooks that never leave the cellar.
#pragma once

#include <functional>
#include <memory>

#include "mobile-sdk/core/link.h"

namespace sotay::tests {

class NoLink : public sdk::Link {
 public:
  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest&) override {
    return absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest&) override {
    return absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::GetLineageResponse> GetLineage(const v1::GetLineageRequest&) override {
    return absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::GetHandoversResponse> GetHandovers(const v1::GetHandoversRequest&) override {
    return absl::UnavailableError("no network");
  }
  absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest&) override {
    return absl::UnavailableError("no network");
  }
  void Present(const std::string&, const std::string&) override {}
  absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest&) override {
    return absl::UnavailableError("no network");
  }
  std::unique_ptr<sdk::Listening> Watch(const v1::WatchRequest&,
                                        std::function<void(const v1::WatchResponse&)>,
                                        std::function<void(const absl::Status&)>) override {
    return nullptr;
  }
  void Close() override {}
};

}  // namespace sotay::tests
