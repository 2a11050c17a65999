// From a person's words to an operation on a field, by the schema: the border where text is
// brought to NFC, and the only place where it may be changed, as it is not hashed yet.
// Pure; any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/notebook.h"
#include "sync/compose.h"
#include "sync/schema.h"

namespace sotay::sdk {

// Text as it is stored: NFC, lines ended by LF alone.  kInvalidArgument when it is not UTF-8
// (names the byte) or holds a NUL; `what` begins the message.
absl::StatusOr<std::string> CleanText(absl::string_view what, absl::string_view text);

// The wish that `edit` puts into words.  kInvalidArgument, naming field and expectation and never
// the value, when the type has no such field, the kind does not fit its rule, the key is
// missing or too much, or the value is not one of the field's type.
absl::StatusOr<sync::FieldEdit> ReadEdit(const sync::Schema& schema, const sync::RecordType& type,
                                         const Edit& edit);

}  // namespace sotay::sdk
