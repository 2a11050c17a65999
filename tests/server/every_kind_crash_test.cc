// Power is cut at any call to the disk while everything happens that can: what is left opens, holds
// together, and has what anybody was told is here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/server/every_kind_room.h"
#include "tests/support/power_cut.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using tests::IsOk;
using tests::SealedPhone;

// What there was when the machine stopped.
struct Moment {
  uint64_t call = 0;
  testing::DiskMoment disk;
  std::map<sync::DeviceId, uint64_t> told;  // by device: up to where it was told it is accepted
  bool rules = false;                       // whether the office had its own table by then
};

class EveryKindCrash : public tests::EveryKindRoom {
 protected:
  std::map<sync::DeviceId, uint64_t> Told() const {
    std::map<sync::DeviceId, uint64_t> told;
    for (const SealedPhone* phone : {&nguyet_, &dam_, &waiting_, &copied_, &ngu_, &ro_}) {
      if (phone->accepted_through > 0) told[phone->device()] = phone->accepted_through;
    }
    return told;
  }
};

TEST_F(EveryKindCrash, LeavesAWholeStoreThatHasWhatWasTold) {
  std::vector<Moment> moments;
  room_.disk.set_observer([&](const testing::FaultEnv::Call& call) {
    moments.push_back({call.number, room_.disk.Capture(), Told(), !room_.rules.empty()});
  });
  WriteOfEveryKind();
  room_.disk.set_observer(nullptr);
  ASSERT_GT(moments.size(), 300u);

  const std::string rules = room_.rules;
  constexpr testing::PowerCut kKinds[] = {
      testing::PowerCut::kDropUnsynced, testing::PowerCut::kKeepPrefix,
      testing::PowerCut::kKeepPages, testing::PowerCut::kGrowWithZeros,
      testing::PowerCut::kLoseNames};
  for (size_t i = 0; i < moments.size(); ++i) {
    const Moment& moment = moments[i];
    const testing::PowerCut kind = kKinds[i % std::size(kKinds)];
    SCOPED_TRACE(std::string(testing::Name(kind)) + " at call " + std::to_string(moment.call));
    room_.Close();
    room_.disk.Restart(testing::Survivors(moment.disk, kind, moment.call));
    room_.rules = moment.rules ? rules : "";
    ASSERT_THAT(room_.Open(), IsOk());
    ASSERT_THAT(room_.Faults(), IsEmpty());
    for (const auto& [device, through] : moment.told) {
      const auto row = room_.directory->Device(device);
      ASSERT_NE(row, nullptr);
      EXPECT_GE(row->accepted_through(), through);
    }
  }
  std::printf("%zu power cuts\n", moments.size());
}

}  // namespace
}  // namespace sotay::server
