#include "mobile-sdk/cli/voice.h"

namespace sotay::cli {

absl::optional<Language> LanguageOf(absl::string_view code) {
  if (code == "vi") return Language::kVietnamese;
  if (code == "en") return Language::kEnglish;
  return absl::nullopt;
}

std::string Voice::Label(absl::string_view vi, absl::string_view en, absl::string_view name) const {
  const absl::string_view wanted = language_ == Language::kVietnamese ? vi : en;
  const absl::string_view other = language_ == Language::kVietnamese ? en : vi;
  if (!wanted.empty()) return std::string(wanted);
  return std::string(other.empty() ? name : other);
}

}  // namespace sotay::cli
