// What is told of a device that was revoked, beside what is told of any (device_end.proto).  Pure;
// any thread.
#pragma once

#include "sotay/v1/device_end.pb.h"

namespace sotay::v1 {
class DeviceView;
}

namespace sotay::sync {

void NoteEnd(const v1::DeviceEnd& end, v1::DeviceView* view);
// Empty where the device was not revoked, or the server does not tell.
v1::DeviceEnd EndOf(const v1::DeviceView& view);

}  // namespace sotay::sync
