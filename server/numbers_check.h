// The part of a store's check (store_check.h) that is about numbers the server gave
// (sync/numbering.h): in the order of a unit's log each series counts from 1 without a gap, and its
// head says how far it came.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/change.pb.h"

namespace sotay::server {

class NumbersCheck {
 public:
  // Told the key of what is wrong, and what is.
  using Fault = std::function<void(absl::string_view key, absl::string_view what)>;
  explicit NumbersCheck(Fault fault) : fault_(std::move(fault)) {}

  // An entry of the unit's log, in order of position.
  void LookAtEntry(absl::string_view key, const std::string& unit, const v1::Admission& admission);
  // The unit's head, after its log.
  void LookAtHead(const std::string& unit, const stored::v1::UnitHead& head);

 private:
  const Fault fault_;
  std::map<std::string, std::map<std::string, uint64_t>> last_;  // unit → series → last
};

}  // namespace sotay::server
