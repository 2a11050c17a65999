#include "mobile-sdk/core/trust.h"

#include <memory>
#include <utility>

#include "mobile-sdk/core/store.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// Told, pinned and certified; and said so.
constexpr int kRoundsMax = 3;
constexpr size_t kNonceBytes = 16;

}  // namespace

absl::StatusOr<LogTrust> LogTrustIn(const std::string& dir, const Surroundings& surroundings) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, Store::Open(dir, surroundings, /*create=*/false));
  SOTAY_ASSIGN_OR_RETURN(const auto meta, store->Meta());
  if (!meta.has_value()) return absl::NotFoundError("the enrolment was not finished; enrol again");
  SOTAY_ASSIGN_OR_RETURN(const auto handovers, store->Handovers());
  SOTAY_ASSIGN_OR_RETURN(const auto heads, store->Heads());
  return LogTrust{meta->organisation_id(),
                  handovers.empty() ? meta->log_key() : handovers.back().key(), !heads.empty()};
}

v1::GetAuthorityRequest Asking(const std::string& authority_spki, const std::string& log_key) {
  v1::GetAuthorityRequest request;
  request.set_authority(authority_spki);
  request.set_log_key(log_key);
  request.mutable_nonce()->resize(kNonceBytes);
  seal::RandomBytes(request.mutable_nonce()->data(), kNonceBytes);
  return request;
}

Trust::Trust(std::string dir, Renewal* renewal, Ways ways)
    : dir_(std::move(dir)), renewal_(*renewal), ways_(std::move(ways)) {}

absl::StatusOr<bool> Trust::Renew(int64_t server_now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const bool renewed, renewal_.AtContact(server_now_ms));
  if (renewed) ways_.changed();
  return renewed;
}

absl::StatusOr<bool> Trust::AtContact(int64_t server_now_ms) {
  bool asked = false;
  {
    absl::MutexLock lock(&mutex_);
    // A clock that was set back since is no reason to wait for it.
    asked = server_now_ms >= asked_ms_ && server_now_ms < asked_ms_ + kBetweenAsksMs;
    if (!asked) asked_ms_ = server_now_ms;
  }
  if (asked) return Renew(server_now_ms);
  bool moved = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    const absl::StatusOr<bool> pinned = AskOnce();
    if (pinned.ok() && *pinned) ways_.changed();
    const absl::StatusOr<bool> renewed = Renew(server_now_ms);
    if (!pinned.ok()) return pinned.status();
    if (!renewed.ok()) return renewed.status();
    if (!*pinned && !*renewed) break;
    moved = true;
  }
  return moved;
}

absl::StatusOr<bool> Trust::AskOnce() {
  const std::shared_ptr<const Vault> vault = renewal_.vault();
  SOTAY_ASSIGN_OR_RETURN(const std::string authority, vault->AuthoritySpki());
  v1::GetAuthorityRequest request = Asking(authority, "");
  // By one that it does not trust any more: it has none that counts.
  request.set_certified_by(vault->IssuerSpki().value_or(""));
  auto told = ways_.ask(request);
  // A server of before this, or one that was restored from before it was told.
  if (absl::IsUnimplemented(told.status()) || absl::IsNotFound(told.status())) return false;
  if (!told.ok()) return told.status();
  if (!vault->IsNews(*told)) return false;
  // Only now: whoever is no notebook has to open one for it.
  SOTAY_ASSIGN_OR_RETURN(const LogTrust held, ways_.held());
  request.set_log_key(held.log_key);
  told = ways_.ask(request);
  if (!told.ok()) return told.status();
  if (held.holds_heads && !told->log_handovers().empty()) {
    return absl::FailedPreconditionError(
        "the log's key was replaced as well; the next exchange goes over to that first");
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string pinned,
                         vault->Following(held.organisation_id, request, *told));
  if (pinned == vault->authority_pem()) return false;
  // Under the lock under which the device takes another key, and read back as a start would.
  const auto pin = [&]() -> absl::StatusOr<std::shared_ptr<const Vault>> {
    SOTAY_RETURN_IF_ERROR(Vault::SaveAuthorities(dir_, pinned));
    return Vault::Open(dir_);
  };
  SOTAY_RETURN_IF_ERROR(renewal_.Replace(pin).status());
  return true;
}

}  // namespace sotay::sdk
