#include "sync/seal/random.h"

#include <array>
#include <bitset>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace sotay::seal {
namespace {

TEST(RandomBytes, DoNotRepeat) {
  std::set<std::array<char, 16>> seen;
  for (int i = 0; i < 10'000; ++i) {
    std::array<char, 16> bytes{};
    RandomBytes(bytes.data(), bytes.size());
    seen.insert(bytes);
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

TEST(RandomBytes, FillsAllThatWasAskedForAndNoMore) {
  for (size_t size : {size_t{0}, size_t{1}, size_t{33}, (size_t{1} << 20) + 7}) {
    std::string bytes(size + 1, 'x');
    RandomBytes(bytes.data(), size);
    EXPECT_EQ(bytes[size], 'x');
    if (size < 33) continue;
    // The last 32 bytes asked for are no longer as they were.
    EXPECT_NE(bytes.substr(size - 32, 32), std::string(32, 'x'));
  }
}

TEST(RandomBytes, HasAsManyOnesAsZeros) {
  std::string bytes(100'000, '\0');
  RandomBytes(bytes.data(), bytes.size());
  size_t ones = 0;
  for (char c : bytes) ones += std::bitset<8>(static_cast<unsigned char>(c)).count();
  // 800,000 coins: seven standard deviations are 3,130.
  EXPECT_NEAR(static_cast<int>(ones), 400'000, 3'130);
}

}  // namespace
}  // namespace sotay::seal
