// How a device ended that was revoked, and what somebody said came of its loss: in its row, and as
// it is told, each beside the message's own fields (device_end.proto, device_loss.proto).  Pure;
// any thread.
#pragma once

#include "sotay/stored/v1/device_loss.pb.h"
#include "sotay/v1/device_end.pb.h"

namespace sotay::v1 {
class DeviceView;
}
namespace sotay::stored::v1 {
class DeviceRow;
}

namespace sotay::sync {

// Somebody said so, and nobody had before.
void NoteSettled(const stored::v1::DeviceLoss& loss, stored::v1::DeviceRow* row);
void NoteEnd(const v1::DeviceEnd& end, v1::DeviceView* view);
// Leaves when it was revoked, and by whom: what its owner is told.
void LeaveOutReasons(v1::DeviceView* view);

// Empty where the device was not revoked, or the server does not tell.
v1::DeviceEnd EndOf(const stored::v1::DeviceRow& row);
v1::DeviceEnd EndOf(const v1::DeviceView& view);

}  // namespace sotay::sync
