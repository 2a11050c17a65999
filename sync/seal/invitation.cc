#include "sync/seal/invitation.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

constexpr absl::string_view kFamily = "sotay";
constexpr absl::string_view kHead = "sotay1:";
constexpr char kCheckPrefix[] = "sotay/invitation/v1";
constexpr size_t kCheckBytes = 4;
// Ten times what ours need.
constexpr size_t kTextBytesMax = 16 * 1024;
constexpr size_t kMessageBytesMax = 64 * 1024;
// An invitation is packed once and typed never; the strongest packing is a smaller QR code.
constexpr int kPackLevel = 19;

constexpr char kAlphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr int kCodeLetters = 12;
constexpr int kGroupLetters = 4;

std::string CheckOf(absl::string_view packed) {
  const std::array<uint8_t, 32> hash =
      Sha256({absl::string_view(kCheckPrefix, sizeof(kCheckPrefix)), packed});
  return std::string(hash.begin(), hash.begin() + kCheckBytes);
}

absl::Status Damaged(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("invitation is damaged (", what,
                                                 "); copy it again, whole, or ask for a new one"));
}

// Without white space, also the kinds that come with text copied from web pages and mails.
std::string WithoutSpace(absl::string_view text) {
  std::string kept =
      absl::StrReplaceAll(text, {{"\xc2\xa0", ""}, {"\xe2\x80\x8b", ""}, {"\xef\xbb\xbf", ""}});
  kept.erase(
      std::remove_if(kept.begin(), kept.end(),
                     [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); }),
      kept.end());
  return kept;
}

absl::StatusOr<std::string> PayloadOf(absl::string_view letters) {
  for (size_t i = 0; i < letters.size(); ++i) {
    const char c = letters[i];
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') {
      return Damaged(absl::StrCat("character ", kHead.size() + i + 1, " is none of ours"));
    }
  }
  std::string payload;
  // The last letter has bits to spare; only one way of filling them is ours.
  if (!absl::WebSafeBase64Unescape(letters, &payload) ||
      absl::WebSafeBase64Escape(payload) != letters || payload.size() <= kCheckBytes) {
    return Damaged(absl::StrCat(letters.size(), " characters after the head, cut short"));
  }
  return payload;
}

absl::Status CheckComplete(const v1::Invitation& invitation) {
  const char* missing = invitation.address().empty()       ? "address"
                        : invitation.authority().empty()   ? "authority"
                        : invitation.certificate().empty() ? "certificate"
                        : invitation.private_key().empty() ? "private key"
                        : invitation.code().empty()        ? "code"
                                                           : nullptr;
  if (missing == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invitation has no ", missing, "; ask for a new one"));
}

}  // namespace

std::string Encode(const v1::Invitation& invitation) {
  std::string payload = Pack(invitation.SerializeAsString(), kPackLevel).SerializeAsString();
  payload.append(CheckOf(payload));
  return absl::StrCat(kHead, absl::WebSafeBase64Escape(payload));
}

absl::StatusOr<v1::Invitation> Decode(absl::string_view text) {
  if (text.size() > kTextBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("invitation of ", text.size(), " bytes, limit ", kTextBytesMax,
                     "; copy only the line that begins with ", kHead));
  }
  const std::string letters = WithoutSpace(text);
  if (!absl::StartsWithIgnoreCase(letters, kHead)) {
    if (absl::StartsWithIgnoreCase(letters, kFamily) && absl::StrContains(letters, ':')) {
      return absl::InvalidArgumentError(
          absl::StrCat("invitation is of another kind than ", kHead, "; update this program"));
    }
    return absl::InvalidArgumentError(absl::StrCat("this is no invitation: one begins with ", kHead,
                                                   "; copy it again from its beginning"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string payload,
                         PayloadOf(absl::string_view(letters).substr(kHead.size())));
  const absl::string_view packed_bytes(payload.data(), payload.size() - kCheckBytes);
  if (!absl::EndsWith(payload, CheckOf(packed_bytes))) {
    return Damaged("a character is wrong or missing");
  }
  v1::Packed packed;
  if (!packed.ParseFromArray(packed_bytes.data(), static_cast<int>(packed_bytes.size()))) {
    return Damaged("its packing cannot be read");
  }
  absl::StatusOr<std::string> message = Unpack(packed, kMessageBytesMax);
  if (!message.ok()) return Damaged(message.status().message());
  v1::Invitation invitation;
  if (!invitation.ParseFromString(*message)) return Damaged("its content cannot be read");
  SOTAY_RETURN_IF_ERROR(CheckComplete(invitation));
  return invitation;
}

std::string NewCode() {
  std::array<unsigned char, kCodeLetters> chance;
  RandomBytes(chance.data(), chance.size());
  std::string code;
  for (int i = 0; i < kCodeLetters; ++i) {
    if (i > 0 && i % kGroupLetters == 0) code.push_back('-');
    // 32 letters divide 256: each is equally likely.
    code.push_back(kAlphabet[chance[static_cast<size_t>(i)] % 32]);
  }
  return code;
}

std::string NormalizeCode(absl::string_view typed) {
  // Keyboards turn a hyphen into U+2010 … U+2015 or a minus sign.
  std::string code = absl::StrReplaceAll(WithoutSpace(typed), {{"-", ""},
                                                               {"\xe2\x80\x90", ""},
                                                               {"\xe2\x80\x91", ""},
                                                               {"\xe2\x80\x92", ""},
                                                               {"\xe2\x80\x93", ""},
                                                               {"\xe2\x80\x94", ""},
                                                               {"\xe2\x80\x95", ""},
                                                               {"\xe2\x88\x92", ""}});
  absl::AsciiStrToUpper(&code);
  for (char& c : code) {
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
  }
  return code;
}

}  // namespace sotay::seal
