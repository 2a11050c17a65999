// What a real server says in its log: one JSON object a line, next to nothing about strangers, and
// what an operator must know.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "server/config.h"
#include "tests/e2e/office.h"
#include "tests/server/stranger.h"

namespace sotay::tests {
namespace {

// The events of the log so far, oldest first.
std::vector<nlohmann::json> EventsOf(const Office& office) {
  std::vector<nlohmann::json> events;
  std::ifstream log(office.space() / "server.log");
  for (std::string line; std::getline(log, line);) {
    if (line.rfind("sotayd: listening", 0) == 0) continue;  // for people, on stdout
    events.push_back(nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false));
    EXPECT_TRUE(events.back().is_object()) << line;
  }
  return events;
}

std::vector<nlohmann::json> EventsOf(const Office& office, const std::string& name) {
  std::vector<nlohmann::json> events;
  for (nlohmann::json& event : EventsOf(office)) {
    if (event.is_object() && event["event"] == name) events.push_back(std::move(event));
  }
  return events;
}

TEST(ServerLog, SaysALineOrTwoAboutAHundredStrangers) {
  Office office;
  office.StartServer();
  ASSERT_FALSE(HasFatalFailure());
  const auto where = server::SplitAddress(office.address());
  ASSERT_TRUE(where.ok()) << where.status();
  for (int i = 0; i < 50; ++i) {
    KnockOverTls(where->port, Papers());  // no certificate
    UntilClosed(where->port, Http2Preface(), "", std::chrono::seconds(3));
  }
  EXPECT_EQ(office.StopServer(), 0);
  const size_t said = EventsOf(office, "transport").size();
  EXPECT_GE(said, 1u);
  EXPECT_LE(said, 4u);
}

TEST(ServerLog, SaysThatARaggedEndWasCut) {
  Office office;
  office.StartServer();
  ASSERT_FALSE(HasFatalFailure());
  office.MakeUnit({"nguyet"});
  office.KillServer();
  std::string log;
  for (const auto& file : std::filesystem::directory_iterator(office.space() / "server/store")) {
    if (file.path().extension() == ".log") log = std::max(log, file.path().string());
  }
  ASSERT_FALSE(log.empty());
  const uint64_t whole = std::filesystem::file_size(log);
  std::ofstream(log, std::ios::app) << "torn!";
  office.StartServer();
  ASSERT_FALSE(HasFatalFailure());
  const auto cuts = EventsOf(office, "log_cut");
  ASSERT_EQ(cuts.size(), 1u);
  EXPECT_EQ(cuts[0]["bytes_before"], whole + 5);
  EXPECT_EQ(cuts[0]["bytes_after"], whole);
  const std::string copy = office.space() / "server/store/" + cuts[0]["copy"].get<std::string>();
  EXPECT_EQ(std::filesystem::file_size(copy), whole + 5);
  office.Invite("nguyet");  // served as before
  EXPECT_EQ(office.StopServer(), 0);
}

}  // namespace
}  // namespace sotay::tests
