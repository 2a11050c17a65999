// The line of text an administrator hands to one person, by QR code or by hand, and the
// one-time code within.  Made by the server's control program, read by the phone.  Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/enrolment_service.pb.h"

namespace sotay::seal {

// "sotay1:" ‖ base64url, unpadded, of: the message packed (a serialised Packed) ‖ the first 4
// bytes of SHA-256("sotay/invitation/v1\0" ‖ those bytes).  The last four find a letter lost or
// changed on the way, which would otherwise show only as a connection that fails.
// With our authority's certificates about 1,600 characters: one QR code.
std::string Encode(const v1::Invitation& invitation);

// What Encode made it from.  White space around and within is ignored, whatever a mail program
// broke into lines.  Fails with kInvalidArgument, saying what to do, when the text is no
// invitation, of a later kind, damaged, over 16 KiB, or lacks a part that enrolment needs.
absl::StatusOr<v1::Invitation> Decode(absl::string_view text);

// A new one-time code: 60 random bits as "XXXX-XXXX-XXXX", in Crockford's base32 (digits and
// capitals without I, L, O, U), to be read out over the telephone.
std::string NewCode();

// The code as it is compared and hashed, however it was typed: capitals, O as 0, I and L as 1,
// without dashes and white space.  Other characters stay, and will match nothing.
std::string NormalizeCode(absl::string_view typed);

}  // namespace sotay::seal
