#include "sync/version_vector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sotay/v1/record.pb.h"
#include "tests/support/builders.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using tests::DeviceNamed;

VersionVector Vector(std::initializer_list<VersionVector::Entry> entries) {
  VersionVector vector;
  for (const auto& [device, sequence] : entries) vector.Add(device, sequence);
  return vector;
}

const DeviceId kA = DeviceNamed("a");
const DeviceId kB = DeviceNamed("b");
const DeviceId kC = DeviceNamed("c");

TEST(VersionVector, EmptyHasNothingAndIsCoveredByAll) {
  EXPECT_FALSE(VersionVector().Has(kA, 1));
  EXPECT_TRUE(VersionVector().Covers(VersionVector()));
  EXPECT_TRUE(Vector({{kA, 1}}).Covers(VersionVector()));
  EXPECT_FALSE(VersionVector().Covers(Vector({{kA, 1}})));
}

TEST(VersionVector, ASequenceStandsForAllBeforeIt) {
  const VersionVector vector = Vector({{kA, 5}});
  EXPECT_TRUE(vector.Has(kA, 1));
  EXPECT_TRUE(vector.Has(kA, 5));
  EXPECT_FALSE(vector.Has(kA, 6));
  EXPECT_FALSE(vector.Has(kB, 1));
}

TEST(VersionVector, NeverGoesBack) {
  VersionVector vector = Vector({{kA, 5}});
  vector.Add(kA, 3);
  EXPECT_TRUE(vector.Has(kA, 5));
}

TEST(VersionVector, IsOrderedByDeviceHoweverItWasFilled) {
  EXPECT_THAT(Vector({{kC, 1}, {kA, 2}, {kB, 3}}).entries(),
              ElementsAre(Pair(kA, 2), Pair(kB, 3), Pair(kC, 1)));
  EXPECT_EQ(Vector({{kC, 1}, {kA, 2}}), Vector({{kA, 2}, {kC, 1}}));
}

TEST(VersionVector, OrdersDevicesAsUnsignedBytes) {
  const DeviceId high = *DeviceId::From(std::string(16, '\xFF'));
  const DeviceId low = *DeviceId::From(std::string(16, '\x01'));
  EXPECT_THAT(Vector({{high, 1}, {low, 1}}).entries(), ElementsAre(Pair(low, 1), Pair(high, 1)));
}

TEST(VersionVector, JoinTakesTheFurtherOfEach) {
  VersionVector vector = Vector({{kA, 1}, {kB, 7}});
  vector.Join(Vector({{kA, 4}, {kB, 2}, {kC, 1}}));
  EXPECT_EQ(vector, Vector({{kA, 4}, {kB, 7}, {kC, 1}}));
}

TEST(VersionVector, CoversIsAPartialOrder) {
  const VersionVector both = Vector({{kA, 2}, {kB, 2}});
  EXPECT_TRUE(both.Covers(Vector({{kA, 2}})));
  EXPECT_TRUE(both.Covers(both));
  EXPECT_FALSE(both.Covers(Vector({{kA, 3}})));
  EXPECT_FALSE(Vector({{kA, 3}}).Covers(both)) << "concurrent versions cover neither other";
  EXPECT_FALSE(both.Covers(Vector({{kA, 3}, {kB, 1}})));
}

TEST(VersionVector, SurvivesItsWireForm) {
  const VersionVector vector = Vector({{kB, 7}, {kA, UINT64_MAX}});
  v1::Record record;
  record.add_seen()->set_sequence(99);  // replaced, not added to
  vector.ToProto(record.mutable_seen());
  EXPECT_EQ(record.seen_size(), 2);
  EXPECT_EQ(VersionVector::FromProto(record.seen()), vector);
}

TEST(VersionVector, LeavesOutMalformedDevices) {
  v1::Record record;
  for (const std::string& id : {std::string(), std::string(15, 'x'), std::string(17, 'x')}) {
    v1::Seen* seen = record.add_seen();
    seen->set_device_id(id);
    seen->set_sequence(1);
  }
  EXPECT_TRUE(VersionVector::FromProto(record.seen()).entries().empty());
}

TEST(VersionVector, TakesTheFurtherOfADeviceNamedTwice) {
  v1::Record record;
  for (uint64_t sequence : {3, 9, 5}) {
    v1::Seen* seen = record.add_seen();
    seen->set_device_id(kA.str());
    seen->set_sequence(sequence);
  }
  EXPECT_EQ(VersionVector::FromProto(record.seen()), Vector({{kA, 9}}));
}

}  // namespace
}  // namespace sotay::sync
