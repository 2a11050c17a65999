#include "server/unpacked_pushes.h"

#include <utility>

namespace sotay::server {

UnpackedPushes::Changes UnpackedPushes::Find(absl::string_view key) {
  const auto push = read_.Find([key](const Push& one) { return one.key == key; });
  return push == nullptr ? nullptr : push->changes;
}

void UnpackedPushes::Keep(std::string key, Changes changes, uint64_t forgotten) {
  read_.Keep(std::make_shared<const Push>(Push{std::move(key), std::move(changes)}), forgotten);
}

}  // namespace sotay::server
