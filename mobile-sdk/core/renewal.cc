#include "mobile-sdk/core/renewal.h"

#include <limits>
#include <utility>

#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr int64_t kBetweenTriesMs = 60 * 60 * 1000;

}  // namespace

Renewal::Renewal(std::string dir, std::shared_ptr<const Vault> vault, Ask ask)
    : dir_(std::move(dir)),
      ask_(std::move(ask)),
      vault_(std::move(vault)),
      next_try_ms_(std::numeric_limits<int64_t>::min()) {}

absl::StatusOr<bool> Renewal::AtContact(int64_t server_now_ms) {
  std::shared_ptr<const Vault> vault;
  {
    absl::MutexLock lock(&mutex_);
    if (server_now_ms < next_try_ms_ || !vault_->RenewalIsDue(server_now_ms)) return false;
    next_try_ms_ = server_now_ms + kBetweenTriesMs;
    vault = vault_;
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::RenewCertificateResponse response, ask_());
  SOTAY_ASSIGN_OR_RETURN(vault, vault->Renewed(response.certificate()));
  SOTAY_RETURN_IF_ERROR(vault->SaveCertificates(dir_));
  absl::MutexLock lock(&mutex_);
  vault_ = std::move(vault);
  return true;
}

int64_t Renewal::ends_ms() const {
  absl::MutexLock lock(&mutex_);
  return vault_->certificate_ends_ms();
}

}  // namespace sotay::sdk
