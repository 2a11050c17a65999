// The record types every build knows: casework/v1.  Any thread.
#pragma once

#include <memory>

#include "sync/schema.h"

namespace sotay::sdk {

// Built once, shared by every notebook of the process.
std::shared_ptr<const sync::Schema> BuiltinSchema();

}  // namespace sotay::sdk
