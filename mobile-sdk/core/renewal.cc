#include "mobile-sdk/core/renewal.h"

#include <utility>

#include "sync/status_macros.h"

namespace sotay::sdk {
Renewal::Renewal(std::string dir, std::shared_ptr<const Vault> vault, Ask ask)
    : dir_(std::move(dir)), ask_(std::move(ask)), vault_(std::move(vault)) {}

absl::StatusOr<bool> Renewal::AtContact(int64_t server_now_ms) {
  std::shared_ptr<const Vault> vault;
  {
    absl::MutexLock lock(&mutex_);
    // A clock that was set back since is no reason to wait for it.
    const bool tried = server_now_ms >= tried_ms_ && server_now_ms < tried_ms_ + kBetweenTriesMs;
    if (tried || !vault_->RenewalIsDue(server_now_ms)) return false;
    tried_ms_ = server_now_ms;
    vault = vault_;
  }
  v1::RenewCertificateRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_authority(), vault->AuthoritySpki());
  SOTAY_ASSIGN_OR_RETURN(const v1::RenewCertificateResponse response, ask_(request));
  const std::shared_ptr<const Vault> asked_for = vault;
  SOTAY_ASSIGN_OR_RETURN(vault, vault->Renewed(response.certificate()));
  // Looked at and written under the lock under which the device takes another key: a certificate of
  // the key before must not come to lie over the new one's.  Nor one by an authority that another
  // follows by now.
  absl::MutexLock lock(&mutex_);
  if (vault_->rolls().size() != asked_for->rolls().size()) return false;
  if (vault_->authority_pem() != asked_for->authority_pem()) return false;
  SOTAY_RETURN_IF_ERROR(vault->SaveRenewed(dir_));
  vault_ = std::move(vault);
  return true;
}

absl::StatusOr<std::shared_ptr<const Vault>> Renewal::Replace(const Take& take) {
  absl::MutexLock lock(&mutex_);
  SOTAY_ASSIGN_OR_RETURN(vault_, take());
  return vault_;
}

std::shared_ptr<const Vault> Renewal::vault() const {
  absl::MutexLock lock(&mutex_);
  return vault_;
}

int64_t Renewal::ends_ms() const {
  absl::MutexLock lock(&mutex_);
  return vault_->certificate_ends_ms();
}

}  // namespace sotay::sdk
