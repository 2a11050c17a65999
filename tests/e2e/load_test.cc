// `./dev bench load`, on a server that is up: what it says was acknowledged is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/e2e/office.h"

namespace sotay::tests {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(Load, SendsToAServerThatIsUpAndSaysWhatItLeavesThere) {
  Office office;
  office.StartServer();
  office.MakeUnit({});
  const Ended load = tests::Run({SOTAY_BENCH, "--json", "load", "--address", office.address(),
                                 "--admin", office.space() / "administrator", "--phones", "3",
                                 "--notes", "20", "--push-notes", "5", "--connections", "2"});
  ASSERT_EQ(load.exit_code, 0) << load.err;
  EXPECT_THAT(load.err, HasSubstr("3 people with a phone each, and 60 notes in the server at " +
                                  office.address() + ": not for one that is in use"));
  EXPECT_THAT(load.out, HasSubstr("load.notes_per_s"));

  const Ended told = office.Administrator({"devices"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  uint64_t received = 0;
  for (const json& device : json::parse(told.out)) {
    received += device["accepted_through"].get<uint64_t>();
  }
  EXPECT_GE(received, 60u);
  ASSERT_EQ(office.StopServer(), 0);
  EXPECT_EQ(office.Check().exit_code, 0);
}

}  // namespace
}  // namespace sotay::tests
