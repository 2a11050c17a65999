#include "server/refusal.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

namespace sotay::server {
namespace {

constexpr char kDetailUrl[] = "type.googleapis.com/sotay.v1.ErrorDetail";

}  // namespace

absl::Status Refuse(absl::StatusCode code, const v1::ErrorDetail& detail,
                    absl::string_view message) {
  absl::Status status(code, message);
  status.SetPayload(kDetailUrl, absl::Cord(detail.SerializeAsString()));
  return status;
}

absl::Status Refuse(absl::StatusCode code, v1::Reason reason, absl::string_view message) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  return Refuse(code, detail, message);
}

v1::ErrorDetail DetailOf(const absl::Status& status) {
  v1::ErrorDetail detail;
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailUrl);
  // Ours, so it parses; a foreign payload would leave the detail empty.
  if (payload.has_value() && !detail.ParseFromString(std::string(*payload))) detail.Clear();
  return detail;
}

absl::Status DeviceUnknown() {
  return Refuse(absl::StatusCode::kUnauthenticated, v1::REASON_DEVICE_UNKNOWN,
                "this certificate is of no enrolled device; enrol the device");
}

absl::Status DeviceRevoked() {
  return Refuse(absl::StatusCode::kUnauthenticated, v1::REASON_DEVICE_REVOKED,
                "device revoked; contact your unit's administrator");
}

absl::Status EnrolmentRefused() {
  return Refuse(absl::StatusCode::kPermissionDenied, v1::REASON_ENROLMENT_REFUSED,
                "the invitation is not valid (any more); ask your administrator for a new one");
}

absl::Status RoleMayNot(absl::string_view message) {
  return Refuse(absl::StatusCode::kPermissionDenied, v1::REASON_ROLE_MAY_NOT, message);
}

absl::Status NotFound(absl::string_view what) {
  return Refuse(absl::StatusCode::kNotFound, v1::REASON_NOT_FOUND,
                absl::StrCat(what, " is not there, or not yours to see"));
}

absl::Status ButDamage(const absl::Status& status) {
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

absl::Status Malformed(absl::string_view message) {
  return Refuse(absl::StatusCode::kInvalidArgument, v1::REASON_MALFORMED, message);
}

absl::Status TooLarge(absl::string_view what, uint64_t actual, uint64_t limit,
                      absl::string_view advice) {
  return Refuse(absl::StatusCode::kInvalidArgument, v1::REASON_TOO_LARGE,
                absl::StrCat(what, ": ", actual, ", limit ", limit, "; ", advice));
}

absl::Status CannotBe(v1::Reason reason, absl::string_view message) {
  return Refuse(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status DeviceForked() {
  return Refuse(absl::StatusCode::kAborted, v1::REASON_DEVICE_FORKED,
                "this device was copied or set back; enrol it anew, nothing is lost");
}

absl::Status Busy(absl::string_view message, uint32_t retry_after_ms) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_BUSY);
  detail.set_retry_after_ms(retry_after_ms);
  return Refuse(absl::StatusCode::kUnavailable, detail, message);
}

absl::Status Stopping() {
  return Busy("the server is stopping; try again in a few seconds", 3'000);
}

absl::Status StorageFailed() {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_STORAGE);
  detail.set_retry_after_ms(kStorageRetryMs);
  return Refuse(absl::StatusCode::kResourceExhausted, detail,
                "the server's storage cannot be written; your notes stay on the device; try again "
                "in 5 min");
}

bool MayBeTakenIn(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_NOT_MEMBER:
    case v1::REASON_WRITER_MAY_NOT:
    case v1::REASON_DEVICE_REVOKED:
    case v1::REASON_BUILDS_ON_REFUSED:
    case v1::REASON_ILLEGAL_TRANSITION:
    case v1::REASON_LATE_AMENDMENT:
      return true;
    default:
      return false;
  }
}

}  // namespace sotay::server
