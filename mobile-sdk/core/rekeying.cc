#include "mobile-sdk/core/rekeying.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// Worth asking again, whatever it was called: of a server that has not said why, nothing is final.
absl::Status Unclear(const absl::Status& failure) {
  if (!absl::IsUnauthenticated(failure) && !absl::IsAborted(failure)) return failure;
  return absl::UnavailableError(
      absl::StrCat("the server has not said clearly what became of the key: ", failure.message()));
}

}  // namespace

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

bool Rekeying::MayBePending(const Vault& vault) const {
  const auto pending = vault.RollIsPending(dir_);
  return !pending.ok() || *pending;
}

absl::StatusOr<bool> Rekeying::AtContact(bool again) {
  may_go_on_ = true;
  const int64_t since_ms = desk_.now_ms() - refused_ms_;
  if (!again && since_ms >= 0 && since_ms < kBetweenTriesMs) return false;
  std::shared_ptr<const Vault> vault;
  v1::KeyRoll roll;
  {
    absl::ReaderMutexLock lock(&desk_.mutex);
    vault = desk_.vault;
    SOTAY_ASSIGN_OR_RETURN(const bool pending, vault->RollIsPending(dir_));
    if (!pending) return false;
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk_.store->Progress());
    roll.set_device_id(desk_.device.str());
    roll.set_last_sequence(progress.last_sequence());
    if (progress.last_sequence() != 0) roll.set_head(progress.head());
    roll.set_signed_ms(desk_.now_ms());
  }
  SOTAY_ASSIGN_OR_RETURN(v1::RollKeyRequest request,
                         vault->SignRoll(dir_, desk_.meta.organisation_id(), std::move(roll)));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_authority(), vault->AuthoritySpki());
  may_go_on_ = false;
  const absl::StatusOr<v1::RollKeyResponse> response = link_.RollKey(request);
  if (!response.ok()) {
    may_go_on_ = IsRefusal(response.status());
    if (!may_go_on_) return Unclear(response.status());
    refused_ms_ = desk_.now_ms();
    return response.status();
  }
  const auto take = [&] { return vault->Rolled(dir_, response->certificate()); };
  SOTAY_ASSIGN_OR_RETURN(vault, desk_.renewal != nullptr ? desk_.renewal->Replace(take) : take());
  SOTAY_ASSIGN_OR_RETURN(const std::string key_pem, vault->KeyPem());
  {
    absl::MutexLock lock(&desk_.mutex);
    // Where it trusts another authority since, too.
    if (desk_.renewal != nullptr) vault = desk_.renewal->vault();
    desk_.vault = vault;
  }
  link_.Present(vault->certificate_pem(), key_pem);
  return true;
}

// What was taken is answered as it was, so a server that says why it does not take it has not, nor
// has one that does not know the call.  Whatever else is said may come from anybody on the way, of
// a roll that was taken.
bool Rekeying::IsRefusal(const absl::Status& failure) {
  if (absl::IsUnimplemented(failure)) return true;
  const bool busy = absl::IsUnavailable(failure) || absl::IsDeadlineExceeded(failure) ||
                    absl::IsCancelled(failure) || absl::IsResourceExhausted(failure);
  return !busy && DetailOf(failure).reason() != v1::REASON_UNSPECIFIED;
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
  const absl::Status shown = link_.RollKey(request).status();
  return shown.ok() || IsRefusal(shown) ? shown : Unclear(shown);
}

}  // namespace sotay::sdk
