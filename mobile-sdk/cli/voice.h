// The language the commands speak: Vietnamese unless asked otherwise.  A phrase stands in both
// languages where it is used, so that neither is forgotten.  Values; any thread.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace sotay::cli {

enum class Language { kVietnamese, kEnglish };

// "vi" or "en"; nothing else.
absl::optional<Language> LanguageOf(absl::string_view code);

class Voice {
 public:
  explicit Voice(Language language = Language::kVietnamese) : language_(language) {}

  Language language() const { return language_; }
  // The one of the two that is to be said.
  std::string operator()(absl::string_view vi, absl::string_view en) const {
    const absl::string_view said = language_ == Language::kVietnamese ? vi : en;
    return std::string(said);
  }
  // The same for labels of a schema, of which one may be missing: then the other, then `name`.
  std::string Label(absl::string_view vi, absl::string_view en, absl::string_view name) const;

 private:
  Language language_;
};

}  // namespace sotay::cli
