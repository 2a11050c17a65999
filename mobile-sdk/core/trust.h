// Which authorities the device trusts, and how it learns that another follows
// (docs/decisions/0029-authority-roll.md): it asks at a contact, holds what it is told against both
// authorities' signatures and the log's key, pins both, and fetches a certificate by the newer one.
// Wherever it is cut short, the next contact goes on; either certificate opens the way meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/renewal.h"
#include "sotay/notebook.h"
#include "sotay/v1/certificate_service.pb.h"

namespace sotay::sdk {

// What the device goes by where it is told of another authority.
struct LogTrust {
  std::string organisation_id;
  std::string log_key;  // it takes heads by, DER
  // It holds heads of logs: to another key it goes over only as 0026 says, in an exchange.
  bool holds_heads = false;
};
// A question nobody was answered before.
v1::GetAuthorityRequest Asking(const std::string& authority_spki, const std::string& log_key);
// That of the notebook in `dir`, which is not open.  Fails as Store::Open.
absl::StatusOr<LogTrust> LogTrustIn(const std::string& dir, const Surroundings& surroundings);

// Any thread.
class Trust {
 public:
  struct Ways {
    std::function<absl::StatusOr<v1::GetAuthorityResponse>(const v1::GetAuthorityRequest&)> ask;
    std::function<absl::StatusOr<LogTrust>()> held;
    // Renewal::vault() is another: called with no lock held.
    std::function<void()> changed;
  };
  // The vault of `renewal` lies in `dir`; it outlives this.
  Trust(std::string dir, Renewal* renewal, Ways ways);

  // To be called when the server has just answered; also renews the certificate when it is time.
  // True: there is another vault.  False: all is as it was, or it was asked less than an hour ago.
  // Else why what was told is not taken; the authorities are as they were then.
  absl::StatusOr<bool> AtContact(int64_t server_now_ms) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr int64_t kBetweenAsksMs = 60 * 60 * 1000;

  absl::StatusOr<bool> AskOnce();
  absl::StatusOr<bool> Renew(int64_t server_now_ms);

  const std::string dir_;
  Renewal& renewal_;
  const Ways ways_;
  absl::Mutex mutex_;
  int64_t asked_ms_ ABSL_GUARDED_BY(mutex_) = -kBetweenAsksMs;
};

}  // namespace sotay::sdk
