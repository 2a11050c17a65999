// What an edit by somebody who has seen everything does to the disputes of a text.  Pure; any
// thread.
#pragma once

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/merged_record.h"

namespace sotay::v1 {
class TextEdit;
}

namespace sotay::sync {

// The disputes of a text, once `before` was edited: spans whose place is gone are settled,
// sentences that were touched have been read (docs/words.md).  `edits` are all text operations one
// edit has for it, in their order, since what it types and takes away again touches nothing.  They
// fit the text.  Null: none are left.
std::shared_ptr<const TextDisputes> DisputesAfter(const TextDisputes& disputes,
                                                  absl::string_view before,
                                                  const std::vector<const v1::TextEdit*>& edits);

}  // namespace sotay::sync
