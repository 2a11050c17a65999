// The machine's clock that nobody sets: it counts from when the machine started, through sleep.
#pragma once

#include "sotay/surroundings.h"

namespace sotay::sdk {

// Without a boot where the machine does not tell which start it is.  Any thread.
SinceBoot MachineSinceBoot();

}  // namespace sotay::sdk
