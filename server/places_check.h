// Whether each row stands under the key that its value names, and what it belongs to is there: a
// row that was moved, or put beside itself under another key, would be read by nobody or for
// somebody else.  Part of `sotayd check` (store_check.h).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"

namespace sotay::server {

class PlacesCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  PlacesCheck(const Tables& tables, Fault fault);

  // Any row; of tables that name their place in other ways nothing is asked here.
  void LookAt(absl::string_view key, const KeyParts& parts, absl::string_view value);
  // Whether the device is that user's.
  bool IsOf(const sync::DeviceId& device, absl::string_view user) const;

 private:
  struct Device {
    std::string user;
    uint64_t accepted_through = 0;
  };

  template <typename Message>
  Message Read(absl::string_view value) const;
  bool HasDevice(absl::string_view id) const { return devices_.count(std::string(id)) != 0; }

  const Fault fault_;
  std::set<std::string> units_, users_;
  std::map<std::string, Device> devices_;
  uint64_t lives_ = 0;
};

}  // namespace sotay::server
