#include "server/page.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/keys.h"
#include "server/refusal.h"
#include "sync/seal/vault.h"

namespace sotay::server {
namespace {

constexpr int32_t kPageSizeMax = 500;
constexpr size_t kTokenBytesMax = 512;

const std::string& TokenKey() {
  static const auto* const key = new std::string(seal::NewVaultKey());
  return *key;
}

absl::Status NotOurs() {
  return Malformed(
      "page_token is none that this server gave for this question since it started; begin with the "
      "first page");
}

}  // namespace

std::string PageToken(absl::string_view question, const PagePlace& place) {
  std::string bytes;
  PutNumber(&bytes, place.number);
  bytes.push_back(static_cast<char>(place.unit.size()));
  bytes += place.unit;
  bytes += place.record;
  return absl::WebSafeBase64Escape(seal::SealInVault(TokenKey(), question, bytes).value());
}

absl::StatusOr<absl::optional<PagePlace>> ReadPageToken(absl::string_view question,
                                                        absl::string_view token) {
  if (token.empty()) return absl::optional<PagePlace>();
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes)) {
    return NotOurs();
  }
  const auto opened = seal::OpenFromVault(TokenKey(), question, bytes);
  if (!opened.ok()) return NotOurs();
  // As it was written: what is sealed is ours.
  absl::string_view rest = *opened;
  PagePlace place;
  place.number = *TakeNumber(&rest);
  const auto unit_bytes = static_cast<size_t>(static_cast<unsigned char>(rest.front()));
  rest.remove_prefix(1);
  place.unit = std::string(rest.substr(0, unit_bytes));
  place.record = std::string(rest.substr(unit_bytes));
  return absl::optional<PagePlace>(std::move(place));
}

absl::StatusOr<size_t> PageSize(int32_t asked, size_t usual) {
  if (asked == 0) return usual;
  if (asked < 1 || asked > kPageSizeMax) {
    return Malformed(absl::StrCat("page_size ", asked, ", expected 1 to ", kPageSizeMax));
  }
  return static_cast<size_t>(asked);
}

}  // namespace sotay::server
