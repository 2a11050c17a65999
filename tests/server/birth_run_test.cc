#include "server/birth_run.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/builders.h"

namespace sotay::server {
namespace {

using tests::RecordNamed;

TEST(BirthRun, IsReadAsItWasWritten) {
  BirthRun run;
  stored::v1::FeedRow row;
  row.set_newborn(true);
  std::vector<std::string> rows;
  for (int i = 0; i < 5; ++i) {
    row.set_type(i % 2 == 0 ? "casework.v1.Note" : "casework.v1.Case");
    row.set_dossier_id(RecordNamed(i < 3 ? "k" : "e").str());
    row.set_state(-i);
    rows.push_back(row.SerializeAsString());
    run.Add({static_cast<uint64_t>(10 + 3 * i), RecordNamed("r")}, row);
  }
  std::string bytes, again;
  run.AppendTo(25, &bytes);
  run.AppendTo(25, &again);
  EXPECT_EQ(bytes, again);
  const auto read = BirthRun::Read(25, bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->places() == run.places());
  for (size_t i = 0; i < rows.size(); ++i) {
    read->FillRow(i, &row);
    EXPECT_EQ(row.SerializeAsString(), rows[i]);
  }
  // It begins 15 before its key.
  EXPECT_FALSE(BirthRun::Read(15, bytes).has_value());
  EXPECT_TRUE(BirthRun::Read(16, bytes).has_value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(BirthRun::Read(25, bytes.substr(0, size)).has_value()) << size;
  }
  run.Clear();
  row.set_type("casework.v1.Note");
  run.Add({3, RecordNamed("r")}, row);
  bytes.clear();
  run.AppendTo(3, &bytes);
  EXPECT_LT(bytes.size(), 70u) << "of one type and one dossier no more is said";
  ASSERT_TRUE(BirthRun::Read(3, bytes).has_value());
}

}  // namespace
}  // namespace sotay::server
