// Every recorded trace, typed as its people typed it, ends on the text it is known to end on.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/text/trace.h"
#include "tests/text/trace_replay.h"

namespace sotay::tests {
namespace {

TEST(TextTraces, EndAsTheyAreKnownToEnd) {
  const auto paths = TracesIn(SOTAY_TRACES);
  if (!paths.ok()) GTEST_SKIP() << "no folder of traces: " << paths.status().message();
  ASSERT_FALSE(paths->empty());
  for (const std::string& path : *paths) {
    SCOPED_TRACE(path);
    SOTAY_ASSERT_OK_AND_ASSIGN(const Trace trace, ReadTrace(path));
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto seen, SeenBySteps(trace));
    sync::TextTree tree;
    ASSERT_THAT(Replay(trace, seen, &tree), IsOk());
    EXPECT_TRUE(tree.Text() == trace.end);
    // Half-way, for whoever wrote the last step of that half.
    const size_t half = trace.steps.size() / 2;
    sync::TextTree part;
    Trace first_half = trace;
    first_half.steps.resize(half);
    ASSERT_THAT(Replay(first_half, seen, &part), IsOk());
    EXPECT_TRUE(tree.TextAt(part.version()) == part.Text());
  }
}

std::string FileOf(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + "/" + name;
  std::ofstream(path) << content;
  return path;
}

TEST(TextTraces, AreReadPlainToo) {
  const std::string path = FileOf("two.json", R"({"endContent": "ab", "numAgents": 2, "txns": [
      {"parents": [], "agent": 0, "patches": [[0, 0, "a"]]},
      {"parents": [0], "agent": 1, "patches": [[1, 0, "b"]]}]})");
  SOTAY_ASSERT_OK_AND_ASSIGN(const Trace trace, ReadTrace(path));
  EXPECT_EQ(trace.name, "two");
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto seen, SeenBySteps(trace));
  sync::TextTree tree;
  ASSERT_THAT(Replay(trace, seen, &tree), IsOk());
  EXPECT_EQ(tree.Text(), "ab");
}

TEST(TextTraces, AreRefusedWhenTheyAreNone) {
  for (const char* content : {"", "[]", "{}", R"({"endContent": 1, "txns": []})",
                              R"({"endContent": "", "txns": [{"patches": [[0]]}]})"}) {
    EXPECT_THAT(ReadTrace(FileOf("none.json", content)),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << content;
  }
  EXPECT_THAT(ReadTrace("/nowhere.json"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(TracesIn("/nowhere"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace sotay::tests
