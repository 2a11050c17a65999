// Writes a hostile history: people, what they have seen, and how long the text is that they see.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/text_merge.h"
#include "sync/version_vector.h"
#include "tests/bench/text/hostile.h"

namespace sotay::bench {

class HostileWriter {
 public:
  // Splices by `splice(edit, length)`.
  using Splices = std::function<void(v1::TextEdit*, uint32_t)>;

  HostileWriter(std::string name, std::string what);

  // One edit of `device`, made on all of `seen` and its own.  Returns what the device has seen
  // afterwards.
  sync::VersionVector Write(size_t device, sync::VersionVector seen, const Splices& splices);
  // The same for who knows how long the text is, which is sooner done.
  sync::VersionVector WriteOn(uint32_t length, size_t device, sync::VersionVector seen,
                              const Splices& splices);

  // As many bytes as a history has.
  bool full() const;
  HostileText Done() { return std::move(text_); }

 private:
  HostileText text_;
  sync::TextMerge merge_;
  sync::VersionVector measured_;  // many write on the same
  absl::optional<uint32_t> length_;
  size_t bytes_ = 0;
  absl::Status failed_;
};

// In an edit: takes characters away at a place and types there.
void Splice(v1::TextEdit* edit, uint32_t position, uint32_t deleted, const std::string& inserted);

// Words again and again, until they are that long.
std::string Repeated(const std::string& words, size_t bytes);

// What a change weighs besides its edit: a salt, an id for each parent, a device, names and
// numbers.
constexpr size_t kChangeBytes = 130;

sync::ChangeId HostileChange(uint64_t sequence);

}  // namespace sotay::bench
