// The next certificate of a device.  The one of its enrolment is good for 400 days, and a device
// whose certificate has ended cannot connect any more; so at the first contact after 60 days it
// asks for the next, for the same key, and keeps that in its directory.  Calls that run go on with
// the old one, which holds to its own end.  What fails costs nothing: it is asked again at a later
// contact.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/v1/certificate_service.pb.h"

namespace sotay::sdk {

// Any thread.
class Renewal {
 public:
  using Ask = std::function<absl::StatusOr<v1::RenewCertificateResponse>(
      const v1::RenewCertificateRequest&)>;

  // `vault` is what lies in `dir`; `ask` asks the server.
  Renewal(std::string dir, std::shared_ptr<const Vault> vault, Ask ask);

  // To be called when the server has just answered; `server_now_ms` within what BoundMs allows.
  // True: a new certificate lies in the directory. False: it is not time, or it was tried less than
  // an hour ago, or the device took another key meanwhile.  Else why there is none.
  absl::StatusOr<bool> AtContact(int64_t server_now_ms) ABSL_LOCKS_EXCLUDED(mutex_);

  // The device takes another key, which `take` puts into the directory; no certificate is written
  // there meanwhile.  Fails as that does.
  using Take = std::function<absl::StatusOr<std::shared_ptr<const Vault>>()>;
  absl::StatusOr<std::shared_ptr<const Vault>> Replace(const Take& take)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What lies in the directory, as far as this has put it there.
  std::shared_ptr<const Vault> vault() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Until when the newest certificate is good, milliseconds since 1970.
  int64_t ends_ms() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr int64_t kBetweenTriesMs = 60 * 60 * 1000;

  const std::string dir_;
  const Ask ask_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Vault> vault_ ABSL_GUARDED_BY(mutex_);
  int64_t tried_ms_ ABSL_GUARDED_BY(mutex_) = -kBetweenTriesMs;
};

}  // namespace sotay::sdk
