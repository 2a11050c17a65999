#include "mobile-sdk/core/trust.h"

#include <memory>
#include <utility>

#include "mobile-sdk/core/store.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// Told, pinned and certified; and said so.
constexpr int kRoundsMax = 3;

}  // namespace

absl::StatusOr<LogTrust> LogTrustIn(const std::string& dir, const Surroundings& surroundings) {
  SOTAY_ASSIGN_OR_RETURN(const auto store, Store::Open(dir, surroundings, /*create=*/false));
  SOTAY_ASSIGN_OR_RETURN(const auto meta, store->Meta());
  if (!meta.has_value()) return absl::NotFoundError("the enrolment was not finished; enrol again");
  SOTAY_ASSIGN_OR_RETURN(const auto handovers, store->Handovers());
  return LogTrust{meta->organisation_id(),
                  handovers.empty() ? meta->log_key() : handovers.back().key()};
}

Trust::Trust(std::string dir, Renewal* renewal, Ways ways)
    : dir_(std::move(dir)), renewal_(*renewal), ways_(std::move(ways)) {}

absl::StatusOr<bool> Trust::AtContact(int64_t server_now_ms) {
  {
    absl::MutexLock lock(&mutex_);
    // A clock that was set back since is no reason to wait for it.
    if (server_now_ms >= asked_ms_ && server_now_ms < asked_ms_ + kBetweenAsksMs) return false;
    asked_ms_ = server_now_ms;
  }
  bool moved = false;
  for (int round = 0; round < kRoundsMax; ++round) {
    SOTAY_ASSIGN_OR_RETURN(const bool pinned, AskOnce());
    if (pinned) ways_.changed();
    SOTAY_ASSIGN_OR_RETURN(const bool renewed, renewal_.AtContact(server_now_ms));
    if (renewed) ways_.changed();
    if (!pinned && !renewed) break;
    moved = true;
  }
  return moved;
}

absl::StatusOr<bool> Trust::AskOnce() {
  const std::shared_ptr<const Vault> vault = renewal_.vault();
  v1::GetAuthorityRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_authority(), vault->AuthoritySpki());
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_certified_by(), vault->IssuerSpki());
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
  SOTAY_ASSIGN_OR_RETURN(const std::string pinned,
                         vault->Following(held.organisation_id, held.log_key, *told));
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
