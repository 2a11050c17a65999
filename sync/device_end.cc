#include "sync/device_end.h"

#include "sotay/stored/v1/server.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sync/beside.h"

namespace sotay::sync {

void NoteSettled(const stored::v1::DeviceLoss& loss, stored::v1::DeviceRow* row) {
  row->MergeFromString(loss.SerializeAsString());
}

void NoteEnd(const v1::DeviceEnd& end, v1::DeviceView* view) {
  view->MergeFromString(end.SerializeAsString());
}

void LeaveOutReasons(v1::DeviceView* view) {
  v1::DeviceEnd end = EndOf(*view);
  end.clear_revoked_reason();
  end.clear_settled_ms();
  end.clear_settled_by();
  end.clear_settled_reason();
  view->DiscardUnknownFields();
  NoteEnd(end, view);
}

v1::DeviceEnd EndOf(const stored::v1::DeviceRow& row) {
  v1::DeviceEnd end;
  if (row.state() != v1::DEVICE_STATE_REVOKED) return end;
  end.set_revoked_ms(row.revoked_ms());
  end.set_revoked_by(row.revoked_by());
  end.set_revoked_reason(row.revoked_reason());
  const auto loss = ReadBeside<stored::v1::DeviceLoss>(row);
  end.set_settled_ms(loss.settled_ms());
  end.set_settled_by(loss.settled_by());
  end.set_settled_reason(loss.settled_reason());
  return end;
}

v1::DeviceEnd EndOf(const v1::DeviceView& view) { return ReadBeside<v1::DeviceEnd>(view); }

}  // namespace sotay::sync
