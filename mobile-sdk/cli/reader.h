// Who reads what is printed: their language, the names behind ids, what is known of record
// types, and how wide their screen is.  Lives as long as the schema does.
#pragma once

#include <cstddef>

#include "mobile-sdk/cli/names.h"
#include "mobile-sdk/cli/voice.h"
#include "sync/schema.h"

namespace sotay::cli {

struct Reader {
  const sync::Schema* schema = nullptr;
  Names names;
  Voice voice;
  size_t columns = 0;  // 0: not a terminal; nothing is cut or wrapped
};

}  // namespace sotay::cli
