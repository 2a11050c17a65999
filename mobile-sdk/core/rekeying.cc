#include "mobile-sdk/core/rekeying.h"

#include <utility>

#include "sync/status_macros.h"

namespace sotay::sdk {

Rekeying::Rekeying(std::string dir, Desk* desk, Link* link)
    : dir_(std::move(dir)), desk_(*desk), link_(*link) {}

absl::Status Rekeying::Begin() {
  std::shared_ptr<const Vault> vault;
  {
    absl::ReaderMutexLock lock(&desk_.mutex);
    vault = desk_.vault;
  }
  return vault->BeginRoll(dir_);
}

bool Rekeying::IsPending(const Vault& vault) const { return vault.RollIsPending(dir_); }

absl::StatusOr<bool> Rekeying::AtContact(bool again) {
  const int64_t since_ms = desk_.now_ms() - refused_ms_;
  if (!again && since_ms >= 0 && since_ms < kBetweenTriesMs) return false;
  std::shared_ptr<const Vault> vault;
  v1::KeyRoll roll;
  {
    absl::ReaderMutexLock lock(&desk_.mutex);
    vault = desk_.vault;
    if (!IsPending(*vault)) return false;
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk_.store->Progress());
    roll.set_device_id(desk_.device.str());
    roll.set_last_sequence(progress.last_sequence());
    if (progress.last_sequence() != 0) roll.set_head(progress.head());
    roll.set_signed_ms(desk_.now_ms());
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::RollKeyRequest request,
                         vault->SignRoll(dir_, desk_.meta.organisation_id(), std::move(roll)));
  const absl::StatusOr<v1::RollKeyResponse> response = link_.RollKey(request);
  if (!response.ok()) {
    if (MayGoOn(response.status())) refused_ms_ = desk_.now_ms();
    return response.status();
  }
  SOTAY_ASSIGN_OR_RETURN(vault, vault->Rolled(dir_, response->certificate()));
  SOTAY_ASSIGN_OR_RETURN(const std::string key_pem, vault->KeyPem());
  {
    absl::MutexLock lock(&desk_.mutex);
    desk_.vault = vault;
  }
  if (desk_.renewal != nullptr) desk_.renewal->Replace(vault);
  link_.Present(vault->certificate_pem(), key_pem);
  return true;
}

// What was taken is answered as it was, so whatever else is said was said by a server that did not
// take it, or cannot tell.
bool Rekeying::MayGoOn(const absl::Status& failure) {
  return !absl::IsUnavailable(failure) && !absl::IsDeadlineExceeded(failure) &&
         !absl::IsCancelled(failure) && !absl::IsResourceExhausted(failure);
}

absl::Status Rekeying::ShowAgain() {
  v1::RollKeyRequest request;
  {
    absl::ReaderMutexLock lock(&desk_.mutex);
    for (const v1::KeyRoll& roll : desk_.vault->rolls()) *request.add_rolls() = roll;
  }
  if (request.rolls().empty()) {
    return absl::FailedPreconditionError("the device's key is the one of its enrolment");
  }
  return link_.RollKey(request).status();
}

}  // namespace sotay::sdk
