#include "mobile-sdk/core/lease.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/writing_clocks.h"
#include "sotay/lease.h"
#include "sync/offline_lease.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr char kClosedUrl[] = "sotay.LeaseClosed";

std::string At(int64_t ms) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

absl::Status Closed(const Lease& lease) {
  const std::string goes_on =
      "what is written here and has not come back is read as ever, new records are taken, and "
      "everything unsent is sent";
  absl::Status closed =
      lease.revoked_ms != 0
          ? absl::FailedPreconditionError(
                absl::StrCat("this device was revoked, as the server said",
                             lease.revoked_ms == kRevokedNobodyKnowsWhen
                                 ? std::string()
                                 : absl::StrCat(" on ", At(lease.revoked_ms)),
                             ": records are not read here any more; ", goes_on,
                             "; synchronise to hand it in, and see the administrator"))
          : absl::FailedPreconditionError(absl::StrCat(
                "the last contact was on ", At(lease.contact_ms), ", and without one records are ",
                "read for ", lease.days, " days, here until ", At(lease.until_ms()),
                "; synchronise, and all of it is open again; ", goes_on));
  closed.SetPayload(kClosedUrl, absl::Cord(absl::StrCat(lease.days, " ", lease.contact_ms, " ",
                                                        lease.until_ms(), " ", lease.revoked_ms)));
  return closed;
}

// The clocks at the last contact.  Of one that was not kept (by a build of before, or it cannot be
// read) there is what everything else goes by.
absl::StatusOr<stored::v1::ClockContact> ContactOf(const Store& store,
                                                   const stored::v1::Progress& progress) {
  SOTAY_ASSIGN_OR_RETURN(stored::v1::ClockContact contact, store.ClockContact());
  if (contact.wall_ms() == 0) {
    contact.Clear();
    contact.set_wall_ms(progress.last_contact_ms() + progress.skew_ms());
  }
  return contact;
}

bool SaysRevoked(const v1::SyncResponse& response) {
  return std::any_of(response.outcomes().begin(), response.outcomes().end(),
                     [](const v1::ChangeOutcome& outcome) {
                       return outcome.reason() == v1::REASON_DEVICE_REVOKED;
                     });
}

}  // namespace

int64_t Lease::until_ms() const { return days == 0 ? 0 : contact_ms + days * sync::kDayMs; }

absl::optional<LeaseClosed> LeaseClosedOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kClosedUrl);
  if (!payload.has_value()) return absl::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(std::string(*payload), ' ');
  LeaseClosed closed;
  if (parts.size() != 4 || !absl::SimpleAtoi(parts[0], &closed.days) ||
      !absl::SimpleAtoi(parts[1], &closed.contact_ms) ||
      !absl::SimpleAtoi(parts[2], &closed.until_ms) ||
      !absl::SimpleAtoi(parts[3], &closed.revoked_ms)) {
    return absl::nullopt;
  }
  return closed;
}

absl::StatusOr<Lease> LeaseNow(const Desk& desk) {
  Lease lease;
  SOTAY_ASSIGN_OR_RETURN(lease.revoked_ms, desk.store->RevokedMs());
  const auto directory = desk.store->Directory();
  if (!directory.ok() && !absl::IsDataLoss(directory.status())) return directory.status();
  // Where what the server said cannot be read, it is what it says by itself.
  lease.days = sync::kOfflineDays;
  if (directory.ok()) lease.days = directory->has_value() ? sync::OfflineDays(**directory) : 0;
  if (lease.days == 0) return lease;
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk.store->Progress());
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::ClockContact contact, ContactOf(*desk.store, progress));
  lease.contact_ms = progress.last_contact_ms();
  lease.left_ms = sync::LeaseLeftMs(lease.days, contact, ClocksNow(desk));
  return lease;
}

absl::Status CheckOpen(const Desk& desk) {
  SOTAY_ASSIGN_OR_RETURN(const Lease lease, LeaseNow(desk));
  return lease.open() ? absl::OkStatus() : Closed(lease);
}

absl::Status CheckReadable(const Desk& desk, const sync::RecordId& id) {
  const absl::Status open = CheckOpen(desk);
  if (!LeaseClosedOf(open).has_value()) return open;
  SOTAY_ASSIGN_OR_RETURN(const auto base, desk.store->Base(id));
  return base.has_value() ? open : absl::OkStatus();
}

absl::Status NoteContact(const Desk& desk, const v1::SyncResponse& response, bool pushed,
                         const sync::ClockReading& clocks, int64_t skew_ms, StoreBatch* batch) {
  SOTAY_ASSIGN_OR_RETURN(const int64_t revoked_ms, desk.store->RevokedMs());
  if (SaysRevoked(response)) {
    if (revoked_ms <= kRevokedNobodyKnowsWhen) batch->PutRevoked(clocks.wall_ms);
    return absl::OkStatus();
  }
  if (pushed && revoked_ms != 0) return absl::OkStatus();
  batch->PutClockContact(ContactAt(clocks, skew_ms));
  if (revoked_ms != 0) batch->DropRevoked();
  return absl::OkStatus();
}

absl::Status Heard(Desk* desk, absl::Status status) {
  if (DetailOf(status).reason() != v1::REASON_DEVICE_REVOKED) return status;
  absl::MutexLock lock(&desk->mutex);
  const absl::StatusOr<int64_t> known = desk->store->RevokedMs();
  if (!known.ok() || *known > kRevokedNobodyKnowsWhen) return status;
  StoreBatch batch;
  batch.PutRevoked(desk->now_ms());
  desk->store->Commit(batch).IgnoreError();
  return status;
}

}  // namespace sotay::sdk
