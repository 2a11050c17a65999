// The phone's link to a MemoryHub in the same process, with a network in between that does what a
// test tells it.  Any thread; set the hooks while no call is under way.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "mobile-sdk/core/link.h"
#include "tests/support/memory_hub.h"

namespace sotay::tests {

// What happens on the way.  Empty hooks: nothing.
struct Weather {
  // Not OK: the request never arrives, and the call fails so.
  std::function<absl::Status(const v1::SyncRequest&)> before;
  // Not OK: the server did its work, and the answer is lost so.
  std::function<absl::Status(const v1::SyncResponse&)> after;
  // Not OK: a call for a history fails so.
  std::function<absl::Status(const v1::ListRecordHistoryRequest&)> before_history;
  // The answer as it arrives.
  std::function<void(v1::SyncResponse*)> alter;
  // How often the request arrives; the last answer counts.
  int copies = 1;
};

class MemoryLink : public sdk::Link {
 public:
  MemoryLink(MemoryHub* hub, const sync::DeviceId& device, std::shared_ptr<Weather> weather);

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request) override;
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest& request) override;
  // A MemoryHub signs no heads, so nobody asks.
  absl::StatusOr<v1::GetLineageResponse> GetLineage(const v1::GetLineageRequest&) override {
    return absl::UnimplementedError("GetLineage");
  }
  // Its phones keep their keys elsewhere.
  absl::StatusOr<v1::GetHandoversResponse> GetHandovers(const v1::GetHandoversRequest&) override {
    return absl::UnimplementedError("GetHandovers");
  }
  absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest&) override {
    return absl::UnimplementedError("RollKey");
  }
  void Present(const std::string&, const std::string&) override {}
  absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest&) override {
    return absl::UnimplementedError("RenewCertificate");
  }
  // Says the state at once, on the calling thread; later news on the thread of whoever made them.
  std::unique_ptr<sdk::Listening> Watch(const v1::WatchRequest& request,
                                        std::function<void(const v1::WatchResponse&)> heard,
                                        std::function<void(const absl::Status&)> ended) override;
  void Close() override { closed_ = true; }

 private:
  MemoryHub& hub_;
  const sync::DeviceId device_;
  const std::shared_ptr<Weather> weather_;
  std::atomic<bool> closed_{false};
};

}  // namespace sotay::tests
