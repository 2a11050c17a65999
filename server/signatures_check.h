// The part of a store's check (store_check.h) that is about signatures: what the logs say of them
// (sync/seal/signatures_replay.h), and that each object's row names its newest.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"
#include "sotay/v1/change.pb.h"
#include "sync/schema.h"
#include "sync/seal/signatures_replay.h"

namespace sotay::server {

class SignaturesCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  SignaturesCheck(Store* store, const sync::Schema* schema, Fault fault)
      : store_(*store), replay_(schema), fault_(std::move(fault)) {}

  // An entry of the unit's log, in order of position.
  void LookAtEntry(absl::string_view key, const std::string& unit, const v1::Change& change,
                   const v1::Admission& admission);
  // Which signature of a record stands, as the store says.
  void LookAtRow(const KeyParts& parts, absl::string_view value);
  // After everything was looked at.
  void End();

 private:
  absl::StatusOr<seal::PastRecord> Before(const std::string& unit, uint64_t position,
                                          const sync::RecordId& record);

  Store& store_;
  seal::SignaturesReplay replay_;
  const Fault fault_;
  std::map<sync::RecordId, std::string> rows_;
};

}  // namespace sotay::server
