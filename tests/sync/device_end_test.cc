// What is told of a revoked device goes with its view, also through a server or a console that does
// not know of it.
#include "sync/device_end.h"

#include <gtest/gtest.h>

#include "sotay/v1/supervision_service.pb.h"

namespace sotay::sync {
namespace {

TEST(DeviceEnd, GoesWithTheView) {
  v1::DeviceView view;
  view.set_set_aside(3);
  EXPECT_EQ(EndOf(view).revoked_ms(), 0);
  v1::DeviceEnd end;
  end.set_revoked_ms(1'794'000'000'000);
  end.set_revoked_by("mac-khoa");
  end.set_revoked_reason("mất máy");
  NoteEnd(end, &view);
  v1::DeviceView kept;
  ASSERT_TRUE(kept.ParseFromString(view.SerializeAsString()));
  EXPECT_EQ(EndOf(kept).SerializeAsString(), end.SerializeAsString());
  EXPECT_EQ(kept.set_aside(), 3u);
}

}  // namespace
}  // namespace sotay::sync
