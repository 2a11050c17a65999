// Whether the feeds of a store say what its records say: each record stands where its row has it,
// once; among births as long as it is newborn, else in a row of its own; and a row that says that
// a record is gone from its birth is there of those that have gone, and of no other.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"
#include "sync/schema.h"

namespace sotay::server {

class FeedCheck {
 public:
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;

  // Both outlive it.
  FeedCheck(Store* store, const sync::Schema* schema, Fault fault)
      : store_(*store), schema_(*schema), fault_(std::move(fault)) {}

  // Rows in the order of their keys.
  void LookAtBirths(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtFiled(absl::string_view key, const KeyParts& parts, absl::string_view value);
  void LookAtRow(absl::string_view key, const KeyParts& parts, absl::string_view value);

 private:
  void LookAtBirth(absl::string_view unit, const FeedPlace& place);

  Store& store_;
  const sync::Schema& schema_;
  const Fault fault_;
  std::map<std::string, FeedPlace> born_;  // unit → the last place in its runs so far
};

}  // namespace sotay::server
