// How an invitation becomes a device.  Decides and commits with the pen, so it runs on the hub's
// thread.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/authority.h"
#include "server/pen.h"
#include "sotay/v1/enrolment_service.pb.h"

namespace sotay::server {

// Wrong codes after which an invitation is void.
constexpr uint32_t kWrongCodesMax = 5;

// Spends the ticket that belongs to the caller's key and certifies the request's key.  Asked
// again with the same code and the same key, because the answer was lost, it answers again.
//
// `again`: the key is one of a device of the same user, which gets a certificate and stays as it
// is, revoked or forked too: the certificate opens the way for what it may still hand in, and for
// nothing else.  UNAUTHENTICATED, DEVICE_UNKNOWN, when it is none.
//
// UNAUTHENTICATED, DEVICE_UNKNOWN: there is no ticket for the caller's key.  PERMISSION_DENIED,
// ENROLMENT_REFUSED: wrong, used or expired code, or too many wrong ones.  INVALID_ARGUMENT: the
// request is malformed or its key unfit.  ALREADY_EXISTS: the key is a device's already.  STORAGE.
absl::StatusOr<v1::EnrollResponse> Enrol(Pen* pen, const Authority& authority,
                                         absl::string_view caller_key_hash,
                                         const v1::EnrollRequest& request);

}  // namespace sotay::server
