#include "sync/durable/crc32c.h"

#include <string>

#include "gtest/gtest.h"

namespace sotay::durable {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32c, GivesTheValuesOfTheStandard) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  std::string descending;
  for (char i = 0; i < 32; ++i) {
    ascending.push_back(i);
    descending.insert(descending.begin(), i);
  }
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(Crc32c(descending), 0x113fdb5cu);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

// The clever way against the plain one.
TEST(Crc32c, GivesTheSameForEveryRangeOfABlock) {
  std::string block;
  uint32_t state = 12345;
  for (int i = 0; i < 400; ++i) {
    state = state * 1664525 + 1013904223;
    block.push_back(static_cast<char>(state >> 24));
  }
  const Crc32cOfRanges ranges(block);
  for (size_t begin = 0; begin <= block.size(); ++begin) {
    for (size_t end = begin; end <= block.size(); ++end) {
      ASSERT_EQ(ranges.Of(begin, end), Crc32c(block.substr(begin, end - begin)))
          << begin << ".." << end;
    }
  }
}

TEST(Crc32c, GivesTheSameForAWholeBlock) {
  const std::string block(Crc32cOfRanges::kBytesMax, 'x');
  EXPECT_EQ(Crc32cOfRanges(block).Of(0, block.size()), Crc32c(block));
}

}  // namespace
}  // namespace sotay::durable
