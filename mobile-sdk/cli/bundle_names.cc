#include "mobile-sdk/cli/bundle_names.h"

#include <utf8proc.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sotay::cli {
namespace {

constexpr size_t kNumberDigitsMin = 4;
constexpr size_t kHashDigits = 12;
constexpr size_t kStemBytesMax = 60;
constexpr size_t kNameBytesMax = 100;
constexpr size_t kExtensionBytesMax = 5;
constexpr char kOpaque[] = "bin";
constexpr char kUnnamed[] = "tep";
constexpr char kPart[] = ".part";

// None of them is a program or a page.
bool IsKept(const std::string& extension) {
  static const auto* const kKept = new std::set<std::string>{
      "jpg", "jpeg", "png", "heic", "webp", "tif",  "tiff", "gif",  "bmp", "pdf", "txt",
      "csv", "m4a",  "mp3", "wav",  "ogg",  "amr",  "aac",  "flac", "mp4", "mov", "3gp",
      "mkv", "webm", "avi", "doc",  "xls",  "docx", "xlsx", "pptx", "odt", "ods", "rtf"};
  return kKept->count(extension) != 0;
}

// The letter under a letter's marks; '-' for what has none in ASCII, 0 for a mark.
char PlainOf(utf8proc_int32_t scalar) {
  if (scalar < 0x80) {
    const char c = static_cast<char>(scalar);
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' ? c : '-';
  }
  if (scalar == 0x111) return 'd';  // đ, which Unicode takes for a letter of its own
  if (scalar == 0x110) return 'D';
  const auto category = utf8proc_category(scalar);
  const bool mark = category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
                    category == UTF8PROC_CATEGORY_ME;
  return mark ? '\0' : '-';
}

// One character of `text` taken off, without marks.
void TakePlain(absl::string_view* text, std::string* plain) {
  utf8proc_int32_t scalar = -1;
  // The cast is utf8proc's signature: it reads bytes.
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text->data()),
                       static_cast<utf8proc_ssize_t>(text->size()), &scalar);
  if (length <= 0 || scalar < 0) {
    text->remove_prefix(1);
    plain->push_back('-');
    return;
  }
  text->remove_prefix(static_cast<size_t>(length));
  // As many as a character comes apart into; the longest is 18.
  utf8proc_int32_t parts[32];
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      scalar, parts, 32, static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT),
      nullptr);
  if (count <= 0 || count > 32) return plain->push_back('-');
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    if (const char c = PlainOf(parts[i]); c != '\0') plain->push_back(c);
  }
}

// Of letters, figures, single '-' and '_'; no longer than there is room for.
std::string StemOf(absl::string_view plain) {
  std::string stem;
  for (const char c : plain.substr(0, kStemBytesMax)) {
    const char kept = c == '.' ? '-' : c;
    if (kept == '-' && (stem.empty() || stem.back() == '-')) continue;
    stem.push_back(kept);
  }
  while (!stem.empty() && stem.back() == '-') stem.pop_back();
  return stem.empty() ? kUnnamed : stem;
}

}  // namespace

std::string BundledName(uint64_t number, absl::string_view sha256, absl::string_view title) {
  std::string plain;
  while (!title.empty()) TakePlain(&title, &plain);
  const size_t dot = plain.rfind('.');
  std::string extension =
      dot == std::string::npos ? "" : absl::AsciiStrToLower(plain.substr(dot + 1));
  const bool kept = extension.size() <= kExtensionBytesMax && IsKept(extension);
  const std::string stem = StemOf(kept ? plain.substr(0, dot) : plain);
  std::string digits = absl::StrCat(number);
  digits.insert(0, kNumberDigitsMin - std::min(kNumberDigitsMin, digits.size()), '0');
  return absl::StrCat(digits, "_", absl::BytesToHexString(sha256).substr(0, kHashDigits), "_", stem,
                      ".", kept ? extension : kOpaque);
}

bool IsNameOf(absl::string_view name, absl::string_view sha256) {
  const size_t dot = name.rfind('.');
  if (dot == absl::string_view::npos || name.size() > kNameBytesMax || !IsBundledName(name)) {
    return false;
  }
  const std::string extension(name.substr(dot + 1));
  if (!IsKept(extension) && extension != kOpaque) return false;
  absl::string_view stem = name.substr(name.find('_') + 1, dot - name.find('_') - 1);
  const std::string hash = absl::BytesToHexString(sha256).substr(0, kHashDigits);
  if (!absl::ConsumePrefix(&stem, hash) || !absl::ConsumePrefix(&stem, "_")) return false;
  return !stem.empty() && std::all_of(stem.begin(), stem.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

bool IsBundledName(absl::string_view name) {
  absl::ConsumeSuffix(&name, kPart);
  const size_t digits = std::min(name.size(), name.find_first_not_of("0123456789"));
  if (digits < kNumberDigitsMin) return false;
  name.remove_prefix(digits);
  if (!absl::ConsumePrefix(&name, "_") || name.size() <= kHashDigits) return false;
  const absl::string_view hash = name.substr(0, kHashDigits);
  name.remove_prefix(kHashDigits);
  return hash.find_first_not_of("0123456789abcdef") == absl::string_view::npos &&
         absl::StartsWith(name, "_") && name.find('/') == absl::string_view::npos;
}

}  // namespace sotay::cli
