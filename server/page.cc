#include "server/page.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/keys.h"
#include "server/refusal.h"
#include "sync/seal/digest.h"

namespace sotay::server {
namespace {

constexpr int32_t kPageSizeMax = 500;
constexpr size_t kQuestionBytes = 8;
constexpr size_t kTokenBytesMax = 512;

std::string HashOf(absl::string_view question) {
  const auto hash = seal::Sha256(question);
  return std::string(hash.begin(), hash.begin() + kQuestionBytes);
}

}  // namespace

std::string PageToken(absl::string_view question, const PagePlace& place) {
  std::string bytes = HashOf(question);
  PutNumber(&bytes, place.number);
  bytes.push_back(static_cast<char>(place.unit.size()));
  bytes += place.unit;
  bytes += place.record;
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<absl::optional<PagePlace>> ReadPageToken(absl::string_view question,
                                                        absl::string_view token) {
  if (token.empty()) return absl::optional<PagePlace>();
  std::string bytes;
  if (token.size() > kTokenBytesMax || !absl::WebSafeBase64Unescape(token, &bytes) ||
      bytes.size() < kQuestionBytes + 9) {
    return Malformed("page_token is not one of this server's; begin with the first page");
  }
  absl::string_view rest = bytes;
  if (rest.substr(0, kQuestionBytes) != HashOf(question)) {
    return Malformed("page_token is of another question; begin with the first page");
  }
  rest.remove_prefix(kQuestionBytes);
  PagePlace place;
  place.number = *TakeNumber(&rest);
  const auto unit_bytes = static_cast<size_t>(static_cast<unsigned char>(rest.front()));
  rest.remove_prefix(1);
  if (unit_bytes > rest.size()) {
    return Malformed("page_token is cut short; begin with the first page");
  }
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
