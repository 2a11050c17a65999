#include "sync/device_end.h"

#include <string>

#include "google/protobuf/unknown_field_set.h"
#include "sotay/v1/supervision_service.pb.h"

namespace sotay::sync {

void NoteEnd(const v1::DeviceEnd& end, v1::DeviceView* view) {
  view->MergeFromString(end.SerializeAsString());
}

v1::DeviceEnd EndOf(const v1::DeviceView& view) {
  v1::DeviceEnd end;
  std::string bytes;
  if (!view.GetReflection()->GetUnknownFields(view).SerializeToString(&bytes) ||
      !end.ParseFromString(bytes)) {
    end.Clear();
  }
  return end;
}

}  // namespace sotay::sync
