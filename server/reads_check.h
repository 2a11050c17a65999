// The part of a store's check (store_check.h) that is about the access log: a unit's reads are
// numbered without gap, as many as are counted, and each is where it says it belongs.  Rows come
// in order of their keys.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "server/keys.h"

namespace sotay::server {

class ReadsCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  explicit ReadsCheck(Fault fault) : fault_(std::move(fault)) {}

  void LookAtRead(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtCount(absl::string_view key, const KeyParts& parts, absl::string_view value);
  // When all rows have come.
  void End();

 private:
  const Fault fault_;
  std::map<std::string, uint64_t> newest_;   // unit or "" → number
  std::map<std::string, uint64_t> counted_;  // unit or "" → what is said to be that
};

}  // namespace sotay::server
