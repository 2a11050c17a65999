// Histories of one text made to be dear: what somebody could send who wants a server to work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/text_merge.h"
#include "sync/version_vector.h"

namespace sotay::bench {

struct HostileEdit {
  sync::DeviceId device;
  uint64_t sequence;  // its number in the history, from 1
  sync::VersionVector seen;
  v1::TextEdit edit;
};

struct HostileText {
  std::string name;  // for scripts
  std::string what;
  std::vector<HostileEdit> edits;  // each after all it has seen

  // As changes would weigh on the wire: the edits, and what a change carries besides.
  size_t bytes() const;
};

// Each makes one, of some 200 kB; always the same.
std::vector<HostileText (*)()> HostileTexts();

// Merges all edits as a server does that loads the record, and asks for the text.
absl::StatusOr<sync::TextMerged> MergeAll(const HostileText& text);

}  // namespace sotay::bench
