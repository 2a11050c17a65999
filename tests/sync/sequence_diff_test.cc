#include "sync/sequence_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace sotay::sync {
namespace {

using Sequence = std::vector<uint32_t>;

constexpr int64_t kPlenty = int64_t{1} << 40;

// The length of a longest common subsequence, by the table everybody knows.
size_t LongestByTable(const Sequence& a, const Sequence& b) {
  std::vector<size_t> row(b.size() + 1, 0);
  for (const uint32_t x : a) {
    size_t diagonal = 0;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t above = row[j + 1];
      row[j + 1] = x == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

// Whether the matches are of equal elements and ascend in both.
bool IsCommon(const Sequence& a, const Sequence& b, const std::vector<Match>& matches) {
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i].a >= a.size() || matches[i].b >= b.size()) return false;
    if (a[matches[i].a] != b[matches[i].b]) return false;
    if (i > 0 && (matches[i].a <= matches[i - 1].a || matches[i].b <= matches[i - 1].b)) {
      return false;
    }
  }
  return true;
}

std::vector<Match> Common(const Sequence& a, const Sequence& b, int64_t steps = kPlenty) {
  return CommonSubsequence(a, b, &steps);
}

TEST(SequenceDiff, IsAsLongAsCanBeForAllShortSequences) {
  std::vector<Sequence> all = {{}};
  for (size_t from = 0, length = 0; length < 5; ++length) {
    for (const size_t until = all.size(); from < until; ++from) {
      for (uint32_t letter = 0; letter < 3; ++letter) {
        Sequence longer = all[from];
        longer.push_back(letter);
        all.push_back(std::move(longer));
      }
    }
  }
  ASSERT_EQ(all.size(), 364u);
  for (const Sequence& a : all) {
    for (const Sequence& b : all) {
      const std::vector<Match> matches = Common(a, b);
      ASSERT_TRUE(IsCommon(a, b, matches));
      ASSERT_EQ(matches.size(), LongestByTable(a, b));
    }
  }
}

struct Chance {
  uint64_t state;
  uint32_t Below(size_t count) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>((state >> 33) % count);
  }
  Sequence Some(size_t length, size_t letters) {
    Sequence sequence(length);
    for (uint32_t& letter : sequence) letter = Below(letters);
    return sequence;
  }
};

TEST(SequenceDiff, IsAsLongAsCanBeForLongerOnes) {
  Chance chance = {7};
  for (int i = 0; i < 3'000; ++i) {
    const size_t letters = 1 + chance.Below(30);
    const Sequence a = chance.Some(chance.Below(90), letters);
    const Sequence b = chance.Some(chance.Below(90), letters);
    const std::vector<Match> matches = Common(a, b);
    ASSERT_TRUE(IsCommon(a, b, matches)) << i;
    ASSERT_EQ(matches.size(), LongestByTable(a, b)) << i;
  }
}

TEST(SequenceDiff, IsRightWhereverWorkRunsOut) {
  Chance chance = {11};
  for (int i = 0; i < 100; ++i) {
    const size_t letters = 1 + chance.Below(60);
    const Sequence a = chance.Some(chance.Below(50), letters);
    const Sequence b = chance.Some(chance.Below(50), letters);
    const size_t best = LongestByTable(a, b);
    for (int64_t steps = 0; steps < 1'500; steps += 1 + steps / 10) {
      int64_t left = steps;
      const std::vector<Match> matches = CommonSubsequence(a, b, &left);
      ASSERT_TRUE(IsCommon(a, b, matches)) << i << ", " << steps;
      ASSERT_LE(matches.size(), best);
      ASSERT_LE(left, steps);
      ASSERT_GE(left + static_cast<int64_t>(a.size() + b.size()), 0) << i << ", " << steps;
    }
  }
}

TEST(SequenceDiff, FindsWhatStandsOnceOnEitherSideWithoutSearching) {
  Sequence a;
  Sequence b;
  for (uint32_t i = 0; i < 1'000; ++i) {  // between two that stand once, what stands everywhere
    a.insert(a.end(), {10 + i, 0, 1, 2});
    b.insert(b.end(), {10 + i, 3, 4, 0});
  }
  std::reverse(b.begin() + 400, b.begin() + 800);  // and a part of them in another order
  EXPECT_GE(Common(a, b, 0).size(), 900u);
}

struct Hostile {
  std::string what;
  Sequence a;
  Sequence b;
};

std::vector<Hostile> HostileSequences() {
  constexpr uint32_t kLength = 131'072;
  Chance chance = {13};
  Sequence up(kLength);
  std::iota(up.begin(), up.end(), 0u);
  const Sequence down(up.rbegin(), up.rend());
  Sequence mixed = up;
  for (uint32_t i = kLength - 1; i > 0; --i) std::swap(mixed[i], mixed[chance.Below(i + 1)]);
  Sequence turned = up;
  std::rotate(turned.begin(), turned.begin() + kLength / 2, turned.end());
  Sequence halved;
  Sequence thirds;
  for (uint32_t i = 0; i < kLength; ++i) {
    halved.push_back(i % 2);
    thirds.push_back(i % 3 == 0 ? 0 : 1);
  }
  return {
      {"one against another", Sequence(kLength, 0), Sequence(kLength, 1)},
      {"one against half as many", Sequence(kLength, 0), Sequence(kLength / 2, 0)},
      {"two in turn against three", halved, thirds},
      {"two in turn against one", halved, Sequence(kLength, 1)},
      {"reversed", up, down},
      {"mixed", up, mixed},
      {"turned around the middle", up, turned},
      {"at random, of two", chance.Some(kLength, 2), chance.Some(kLength, 2)},
      {"at random, of a thousand", chance.Some(kLength, 1'000), chance.Some(kLength, 1'000)},
  };
}

TEST(SequenceDiff, DoesNoMoreWorkThanItMay) {
  constexpr int64_t kSteps = 1 << 20;
  for (const Hostile& hostile : HostileSequences()) {
    int64_t left = kSteps;
    const std::vector<Match> matches = CommonSubsequence(hostile.a, hostile.b, &left);
    EXPECT_TRUE(IsCommon(hostile.a, hostile.b, matches)) << hostile.what;
    EXPECT_GE(left + static_cast<int64_t>(hostile.a.size() + hostile.b.size()), 0) << hostile.what;
    EXPECT_LE(left, kSteps) << hostile.what;
  }
}

TEST(SequenceDiff, SpendsLittleOnWhatIsNearlyAlike) {
  Sequence a(131'072);
  std::iota(a.begin(), a.end(), 0u);
  Sequence b = a;
  for (size_t i = 0; i < 100; ++i) b[1'000 * i + 500] += 1'000'000;
  int64_t left = kPlenty;
  EXPECT_EQ(CommonSubsequence(a, b, &left).size(), a.size() - 100);
  EXPECT_LT(kPlenty - left, 1'000'000);
}

}  // namespace
}  // namespace sotay::sync
