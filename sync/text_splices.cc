#include "sync/text_splices.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/text.h"
#include "sync/text_words.h"

namespace sotay::sync {

namespace {

absl::Status MadeOnAnother(uint32_t made_on, uint32_t length) {
  return absl::InvalidArgumentError(
      absl::StrCat("text: made on ", made_on, " characters, the version has ", length));
}

}  // namespace

absl::StatusOr<TextSplices> TextSplices::Read(const std::vector<const v1::TextEdit*>& edits) {
  TextSplices read;
  if (!edits.empty()) read.length_before = edits.front()->length_before();
  uint32_t length = read.length_before;
  for (const v1::TextEdit* edit : edits) {
    if (edit->length_before() != length) return MadeOnAnother(edit->length_before(), length);
    for (const v1::TextSplice& splice : edit->splices()) {
      One& one = read.all.emplace_back();
      one.position = splice.position();
      one.deleted = splice.deleted();
      if (one.position > length || one.deleted > length - one.position) {
        return absl::InvalidArgumentError(
            absl::StrCat("text: ", one.position, "+", one.deleted, " is past the end, ", length));
      }
      if (!DecodeUtf8(splice.inserted(), &one.inserted) ||
          one.inserted.find(kSpanScalar) != std::u32string::npos) {
        return absl::InvalidArgumentError("text: the insertion is no text");
      }
      length = length - one.deleted + static_cast<uint32_t>(one.inserted.size());
      read.typed += one.inserted.size();
    }
  }
  return read;
}

absl::Status TextSplices::CheckFits(uint32_t length) const {
  return length == length_before ? absl::OkStatus() : MadeOnAnother(length_before, length);
}

}  // namespace sotay::sync
