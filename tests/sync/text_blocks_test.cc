// A text under somebody's hands, against a string that is spliced anew each time.
#include "sync/text_blocks.h"

#include <algorithm>
#include <string>

#include "gtest/gtest.h"
#include "sync/text.h"
#include "tests/laws/chance.h"

namespace sotay::sync {
namespace {

using laws::Chance;

std::string Utf8(const std::u32string& scalars) {
  std::string text;
  AppendScalars(scalars.data(), scalars.size(), &text);
  return text;
}

std::u32string Some(Chance* chance, size_t count) {
  std::u32string scalars;
  for (; count > 0; --count) {
    scalars.push_back(chance->Percent(80) ? U'a' + static_cast<char32_t>(chance->Below(26))
                                          : U'\u1EA0' + static_cast<char32_t>(chance->Below(80)));
  }
  return scalars;
}

// The text and what it should be.
class Both {
 public:
  explicit Both(const std::u32string& start) : blocks_(start), plain_(start) {}

  size_t length() const { return plain_.size(); }
  void Splice(size_t position, size_t deleted, const std::u32string& typed) {
    blocks_.Splice(static_cast<uint32_t>(position), static_cast<uint32_t>(deleted), typed);
    plain_.replace(position, deleted, typed);
  }
  void Check() const {
    ASSERT_EQ(blocks_.length(), plain_.size());
    ASSERT_EQ(blocks_.Text(), Utf8(plain_));
  }

 private:
  TextBlocks blocks_;
  std::u32string plain_;
};

TEST(TextBlocks, IsTheTextAfterAnyEdits) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Chance chance(seed);
    Both both(Some(&chance, chance.Below(6'000)));
    both.Check();
    size_t cursor = 0;
    for (int edit = 0; edit < 400; ++edit) {
      if (chance.Percent(40)) cursor = chance.Below(both.length() + 1);
      cursor = std::min(cursor, both.length());
      // Mostly keystrokes; now and then a paste of several blocks, or most of the text deleted.
      const size_t most = chance.Percent(90) ? 4 : chance.Percent(90) ? 300 : 5'000;
      const size_t deleted =
          chance.Percent(50) ? 0 : std::min(both.length() - cursor, chance.Below(most));
      const std::u32string typed = Some(&chance, chance.Percent(30) ? 0 : chance.Below(most));
      both.Splice(cursor, deleted, typed);
      cursor += typed.size();
      if (edit % 8 == 0) {
        ASSERT_NO_FATAL_FAILURE(both.Check()) << seed << " " << edit;
      }
    }
    ASSERT_NO_FATAL_FAILURE(both.Check()) << seed;
    both.Splice(0, both.length(), {});
    ASSERT_NO_FATAL_FAILURE(both.Check()) << seed;
    both.Splice(0, 0, U"lại từ đầu");
    ASSERT_NO_FATAL_FAILURE(both.Check()) << seed;
  }
}

// Where blocks meet and are full, from either side.
TEST(TextBlocks, IsTheTextWhereBlocksMeet) {
  Chance chance(1);
  for (size_t length = 1'020; length < 1'030; ++length) {
    for (size_t position = length - 6; position <= length; ++position) {
      Both both(Some(&chance, length + 1'024));
      for (int i = 0; i < 8; ++i) both.Splice(position, i % 3 == 2 ? 2 : 0, U"x");
      both.Splice(position - 3, 6, {});
      ASSERT_NO_FATAL_FAILURE(both.Check()) << length << " " << position;
    }
  }
}

TEST(TextBlocks, TypingAtOnePlaceKeepsItsOrder) {
  Chance chance(2);
  Both both(Some(&chance, 3'000));
  const size_t from_end = 2;  // always before the last characters of a full block
  for (int i = 0; i < 5'000; ++i) {
    both.Splice(both.length() - from_end, 0, Some(&chance, 1));
  }
  both.Check();
}

}  // namespace
}  // namespace sotay::sync
