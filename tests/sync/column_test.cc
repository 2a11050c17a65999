#include "sync/column.h"

#include <string>

#include "gtest/gtest.h"

namespace sotay::sync {
namespace {

TEST(Column, NumbersComeBackInTheirShortestForm) {
  for (const uint64_t number : {uint64_t{0}, uint64_t{127}, uint64_t{128}, UINT64_MAX}) {
    std::string column;
    PutNumber(number, &column);
    bool failed = false;
    EXPECT_EQ(ColumnReader(column, &failed).Number(), number);
    EXPECT_FALSE(failed);
    EXPECT_EQ(Unfolded(Folded(number)), number);
  }
  for (const std::string& odd : {std::string("\x80"), std::string("\x80\0", 2),
                                 std::string(9, '\xff') + "\x02", std::string(10, '\xff')}) {
    bool failed = false;
    ColumnReader(odd, &failed).Number();
    EXPECT_TRUE(failed);
  }
}

}  // namespace
}  // namespace sotay::sync
