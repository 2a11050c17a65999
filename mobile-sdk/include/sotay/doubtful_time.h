// That somebody is to look again at when something happened (docs/decisions/0033).
#pragma once

#include <cstdint>
#include <string>

#include "sync/ids.h"

namespace sotay::sdk {

// A record in which the user wrote when it happened (occurred_ms) while their clock was wrong.
struct DoubtfulTime {
  sync::RecordId record;
  std::string field;     // its name in the schema
  int64_t at_ms = 0;     // what stands in it
  int64_t ahead_ms = 0;  // how far the clock was ahead, about
  bool unknown = false;  // nobody knows how far
};

}  // namespace sotay::sdk
