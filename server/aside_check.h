// The part of a store's check (store_check.h) that is about what was set aside: each change is
// found three ways, by unit, by device, and by the records it names, and its id is the hash of its
// bytes. One thread.
#pragma once

#include <functional>
#include <utility>

#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/secrets_check.h"
#include "server/store.h"

namespace sotay::server {

class AsideCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  AsideCheck(Store* store, SecretsCheck* secrets, Fault fault)
      : store_(*store), secrets_(*secrets), fault_(std::move(fault)) {}

  // A row of the quarantine, and one of a device's list.
  void LookAtChange(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtPlace(absl::string_view key, const KeyParts& parts, absl::string_view value);
  // And one of a record's history.
  void LookAtHistory(absl::string_view key, const KeyParts& parts, absl::string_view value);

 private:
  bool Has(const std::string& key);

  Store& store_;
  SecretsCheck& secrets_;
  const Fault fault_;
};

}  // namespace sotay::server
