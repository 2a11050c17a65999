#include "sync/text_splices.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sync/text.h"
#include "sync/text_words.h"

namespace sotay::sync {

absl::Status TextSplices::Read(const std::vector<const v1::TextEdit*>& edits, uint32_t length) {
  for (const v1::TextEdit* edit : edits) {
    if (edit->length_before() != length) {
      return absl::InvalidArgumentError(absl::StrCat("text: made on ", edit->length_before(),
                                                     " characters, the version has ", length));
    }
    for (const v1::TextSplice& splice : edit->splices()) {
      One one = {splice.position(), splice.deleted(), {}};
      if (one.position > length || one.deleted > length - one.position) {
        return absl::InvalidArgumentError(
            absl::StrCat("text: ", one.position, "+", one.deleted, " is past the end, ", length));
      }
      if (!DecodeUtf8(splice.inserted(), &one.inserted) ||
          one.inserted.find(kSpanScalar) != std::u32string::npos) {
        return absl::InvalidArgumentError("text: the insertion is no text");
      }
      length = length - one.deleted + static_cast<uint32_t>(one.inserted.size());
      typed += one.inserted.size();
      all.push_back(std::move(one));
    }
  }
  return absl::OkStatus();
}

}  // namespace sotay::sync
