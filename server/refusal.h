// What a call is answered when it is not answered: a status whose payload is the ErrorDetail
// the wire carries.  Everything of the server below the gRPC files speaks absl::Status; the
// sentences callers know stand here, so that one cause reads the same everywhere.  Values; any
// thread.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/error.pb.h"

namespace sotay::server {

// How long a caller is asked to wait when the server is busy, and when its storage failed.
constexpr uint32_t kBusyRetryMs = 500;
constexpr uint32_t kStorageRetryMs = 5 * 60 * 1000;

absl::Status Refuse(absl::StatusCode code, v1::Reason reason, absl::string_view message);
absl::Status Refuse(absl::StatusCode code, const v1::ErrorDetail& detail,
                    absl::string_view message);

// The detail `status` carries; without a reason when it has none.
v1::ErrorDetail DetailOf(const absl::Status& status);

// UNAUTHENTICATED.
absl::Status DeviceUnknown();
absl::Status DeviceRevoked();
// PERMISSION_DENIED, one text whatever was wrong with the code.
absl::Status EnrolmentRefused();
absl::Status RoleMayNot(absl::string_view message);
// NOT_FOUND, the same for what is not there and for what is not the caller's.
absl::Status NotFound(absl::string_view what);
// What the store said while it was looked up whose something is, without its damage: of what is
// damaged nobody knows whose it is, so it is told as what is not there.  That the store cannot be
// read is told whoever asks for whatever, or what is there would be believed to be gone.
absl::Status ButDamage(const absl::Status& status);
// INVALID_ARGUMENT.
absl::Status Malformed(absl::string_view message);
absl::Status TooLarge(absl::string_view what, uint64_t actual, uint64_t limit,
                      absl::string_view advice);
// FAILED_PRECONDITION: what is asked does not go with what stands.
absl::Status CannotBe(v1::Reason reason, absl::string_view message);
// ABORTED.
absl::Status DeviceForked();
// UNAVAILABLE.
absl::Status Busy(absl::string_view message, uint32_t retry_after_ms = kBusyRetryMs);
absl::Status Stopping();
// RESOURCE_EXHAUSTED: nothing of the call was taken.
absl::Status StorageFailed();

// Whether a person's decision can make what was refused for that count: what was not allowed, or
// missed what is here by now.  What breaks a rule of its own goes on breaking it.
bool MayBeTakenIn(v1::Reason reason);

}  // namespace sotay::server
