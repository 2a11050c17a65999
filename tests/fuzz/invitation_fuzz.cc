// Invitations: text from mails, cameras and people's fingers, and payloads somebody made up under
// a right checksum, as anybody can.
#include <array>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "sync/text.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"

namespace {

using namespace sotay;
using fuzz::Require;

constexpr char kCheckPrefix[] = "sotay/invitation/v1";  // with the NUL, as docs/protocol.md says
constexpr size_t kTextBytesMax = 16 * 1024;

bool Complete(const v1::Invitation& invitation) {
  return !invitation.address().empty() && !invitation.authority().empty() &&
         !invitation.certificate().empty() && !invitation.private_key().empty() &&
         !invitation.code().empty();
}

void CheckDecode(absl::string_view text) {
  const auto invitation = seal::Decode(text);
  if (!invitation.ok()) {
    Require(invitation.status().code() == absl::StatusCode::kInvalidArgument,
            "what is no invitation is an invalid argument");
    return;
  }
  Require(Complete(*invitation), "an invitation has all its parts");
}

std::string UnderRightChecksum(const std::string& packed) {
  const auto hash = seal::Sha256({absl::string_view(kCheckPrefix, sizeof(kCheckPrefix)), packed});
  const std::string check(hash.begin(), hash.begin() + 4);
  return absl::StrCat("sotay1:", absl::WebSafeBase64Escape(packed + check));
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::InvitationScript, script) {
  CheckDecode(script.text());
  CheckDecode(UnderRightChecksum(script.packed().SerializeAsString()));
  CheckDecode(UnderRightChecksum(script.text()));

  const std::string text = seal::Encode(script.invitation());
  const auto back = seal::Decode(text);
  const bool lawful = Complete(script.invitation()) && text.size() <= kTextBytesMax;
  Require(back.ok() == lawful, "a complete invitation is taken, and no other");
  if (back.ok()) {
    Require(back->SerializeAsString() == script.invitation().SerializeAsString(),
            "an invitation reads back");
  }

  const std::string code = seal::NormalizeCode(script.code());
  // In what is no text, taking out one letter may make another.
  if (sync::Utf8Prefix(script.code()) == script.code().size()) {
    Require(seal::NormalizeCode(code) == code, "a normal code stays as it is");
  }
}
