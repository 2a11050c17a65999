#include "sotay/draft.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_blocks.h"
#include "sync/text_words.h"

namespace sotay::sdk {
namespace {

constexpr size_t kFew = 64;  // characters: a keystroke, a word, a line

// Whether CleanText leaves it as it is, whatever stands before it.  In blocks of a known length,
// which compilers make into vector instructions: people paste pages.
bool IsPlain(absl::string_view typed) {
  constexpr size_t kBlock = 64;
  const auto odd = [](char c) { return static_cast<uint8_t>((c <= 0) | (c == '\r')); };
  uint8_t any = 0;
  for (; typed.size() >= kBlock; typed.remove_prefix(kBlock)) {
    for (size_t i = 0; i < kBlock; ++i) any |= odd(typed[i]);
  }
  for (const char c : typed) any |= odd(c);
  return any == 0;
}

}  // namespace

Draft::Draft(std::unique_ptr<sync::TextBlocks> text) : text_(std::move(text)) {}
Draft::Draft(Draft&&) noexcept = default;
Draft& Draft::operator=(Draft&&) noexcept = default;
Draft::~Draft() = default;

absl::StatusOr<Draft> Draft::On(absl::string_view shown) {
  std::u32string scalars;
  if (!sync::DecodeUtf8(shown, &scalars)) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: byte ", sync::Utf8Prefix(shown), " is not UTF-8"));
  }
  return Draft(std::make_unique<sync::TextBlocks>(scalars));
}

uint32_t Draft::length() const { return text_->length(); }
std::string Draft::text() const { return text_->Text(); }

absl::Status Draft::Splice(uint32_t position, uint32_t deleted, absl::string_view typed) {
  if (position > length() || deleted > length() - position) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: ", position, "+", deleted, " is past the end, ", length()));
  }
  char32_t few[kFew];
  std::string clean;
  std::u32string many;
  sync::TextBlocks::Scalars scalars;
  const bool plain = IsPlain(typed);
  if (plain && typed.size() <= kFew) {
    std::transform(typed.begin(), typed.end(), few,
                   [](char c) { return static_cast<unsigned char>(c); });
    scalars = {few, typed.size()};
  } else {
    if (!plain) {
      SOTAY_ASSIGN_OR_RETURN(clean, CleanText("text", typed));
      typed = clean;
    }
    sync::DecodeUtf8(typed, &many);
    if (!plain && many.find(sync::kSpanScalar) != std::u32string::npos) {
      return absl::InvalidArgumentError("text: U+FFFC stands for a conflict, nobody can type it");
    }
    scalars = many;
  }
  if (deleted == 0 && scalars.empty()) return absl::OkStatus();
  Note(position, deleted, typed);
  text_->Splice(position, deleted, scalars);
  cursor_ = position + static_cast<uint32_t>(scalars.size());
  return absl::OkStatus();
}

// Whether it is the same when it is normalised together with what was typed before it: a mark typed
// on its own would become one with its letter, and all positions after it would be wrong.
bool Draft::StaysItself(absl::string_view typed) const {
  if (IsPlain(typed.substr(0, 1))) return true;
  size_t last = typed_.size();
  while (last > runs_.back().typed_from &&
         (static_cast<unsigned char>(typed_[last - 1]) & 0xC0) == 0x80) {
    --last;
  }
  if (last > runs_.back().typed_from) --last;
  const std::string joined = absl::StrCat(absl::string_view(typed_).substr(last), typed);
  const absl::StatusOr<std::string> clean = CleanText("text", joined);
  return clean.ok() && *clean == joined;
}

void Draft::Note(uint32_t position, uint32_t deleted, absl::string_view typed) {
  if (!runs_.empty()) {
    Run& last = runs_.back();
    if (goes_on_) {
      // Typing, and what is erased after the place where it goes on.
      if (position == cursor_ && (typed.empty() || StaysItself(typed))) {
        last.deleted += deleted;
        typed_.append(typed.data(), typed.size());
        return;
      }
    } else if (position == last.position ||
               (typed.empty() && position + deleted == last.position)) {
      // Nothing was typed yet: erasing goes on, forwards or backwards, or typing begins.
      last.position = position;
      last.deleted += deleted;
      typed_.append(typed.data(), typed.size());
      goes_on_ = !typed.empty();
      return;
    }
  }
  runs_.push_back({position, deleted, typed_.size()});
  typed_.append(typed.data(), typed.size());
  goes_on_ = !typed.empty();
}

std::vector<Edit> Draft::Edits(const std::string& field) const {
  std::vector<Edit> edits;
  for (size_t i = 0; i < runs_.size(); ++i) {
    const size_t end = i + 1 < runs_.size() ? runs_[i + 1].typed_from : typed_.size();
    Edit& edit = edits.emplace_back();
    edit.kind = Edit::Kind::kSplice;
    edit.field = field;
    edit.position = runs_[i].position;
    edit.deleted = runs_[i].deleted;
    edit.value = typed_.substr(runs_[i].typed_from, end - runs_[i].typed_from);
  }
  return edits;
}

}  // namespace sotay::sdk
