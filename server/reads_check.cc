#include "server/reads_check.h"

#include "absl/strings/str_cat.h"
#include "server/store.h"

namespace sotay::server {

void ReadsCheck::LookAtRead(absl::string_view key, const KeyParts& parts, absl::string_view value) {
  uint64_t& newest = newest_[parts.name];
  if (parts.number != newest + 1) fault_(key, absl::StrCat("expected number ", newest + 1));
  newest = parts.number;
  v1::AccessEntry read;
  if (!read.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    fault_(key, "cannot be read");
  } else if (read.number() != parts.number || ShelfOf(read) != parts.name) {
    fault_(key, "holds another read");
  }
}

void ReadsCheck::LookAtCount(absl::string_view key, const KeyParts& parts,
                             absl::string_view value) {
  const absl::optional<uint64_t> number = TakeNumber(&value);
  if (!number.has_value()) return fault_(key, "cannot be read");
  counted_[parts.name] = *number;
}

void ReadsCheck::End() {
  for (const auto& [unit, number] : newest_) counted_.emplace(unit, 0);
  for (const auto& [unit, number] : counted_) {
    if (newest_[unit] != number) fault_(ReadsKey(unit), "counts other reads");
  }
}

}  // namespace sotay::server
