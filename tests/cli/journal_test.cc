#include "mobile-sdk/cli/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using ::testing::ElementsAre;
using tests::StatusIs;

class ImportJournalTest : public ::testing::Test {
 protected:
  ImportJournalTest()
      : path_(absl::StrCat(::testing::TempDir(), "journal-", ::getpid(), "-",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name())) {}
  ~ImportJournalTest() override { std::remove(path_.c_str()); }

  std::unique_ptr<ImportJournal> Open() {
    auto journal = ImportJournal::Open(path_);
    EXPECT_TRUE(journal.ok()) << journal.status();
    return *std::move(journal);
  }
  void Append(const std::string& bytes) { std::ofstream(path_, std::ios::app) << bytes; }
  static sync::RecordId Id(char byte) {
    return *sync::RecordId::From(std::string(sync::RecordId::kSize, byte));
  }

  const std::string path_;
};

TEST_F(ImportJournalTest, RemembersRowsAcrossRuns) {
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Begin("một\nhai", 7).ok());
    ASSERT_TRUE(journal->Made("một\nhai", Id('a')).ok());
    ASSERT_TRUE(journal->Finish("một\nhai").ok());
    ASSERT_TRUE(journal->Begin("ba", 8).ok());
    ASSERT_TRUE(journal->Made("ba", Id('b')).ok());
    ASSERT_TRUE(journal->Made("ba", Id('c')).ok());
  }
  const auto journal = Open();
  EXPECT_TRUE(journal->Done("một\nhai"));
  EXPECT_FALSE(journal->Begun("một\nhai").has_value());
  EXPECT_FALSE(journal->Done("ba"));
  const auto trace = journal->Begun("ba");
  ASSERT_TRUE(trace.has_value());
  EXPECT_THAT(trace->made, ElementsAre(Id('b'), Id('c')));
  EXPECT_EQ(trace->sequence, 10u);
  EXPECT_FALSE(journal->Begun("bốn").has_value());
}

TEST_F(ImportJournalTest, CountsOnFromWhereARowWasBegunAgain) {
  {
    const auto journal = Open();
    ASSERT_TRUE(journal->Begin("ba", 8).ok());
    ASSERT_TRUE(journal->Made("ba", Id('b')).ok());
    ASSERT_TRUE(journal->Begin("ba", 20).ok());
    ASSERT_TRUE(journal->Made("ba", Id('c')).ok());
  }
  const auto trace = Open()->Begun("ba");
  ASSERT_TRUE(trace.has_value());
  EXPECT_THAT(trace->made, ElementsAre(Id('b'), Id('c')));
  EXPECT_EQ(trace->sequence, 21u);
}

TEST_F(ImportJournalTest, ForgetsALineThatACrashHasTorn) {
  ASSERT_TRUE(Open()->Begin("ba", 8).ok());
  Append("done 6");
  EXPECT_FALSE(Open()->Done("ba"));
  ASSERT_TRUE(Open()->Finish("ba").ok());
  EXPECT_TRUE(Open()->Done("ba"));
}

TEST_F(ImportJournalTest, SaysWhenItCannotBeRead) {
  Append("begin acht 6261\n");
  EXPECT_THAT(ImportJournal::Open(path_), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace sotay::cli
