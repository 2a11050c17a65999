#include "sync/text_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/text/naive_text.h"
#include "tests/text/text_past.h"

namespace sotay::tests {
namespace {

using sync::TextOrigin;
using sync::TextTree;
using sync::TextVersion;

void Type(TextTree* tree, const std::string& author, const TextVersion& seen, uint32_t position,
          uint32_t deleted, const std::string& typed) {
  ASSERT_THAT(TextTree::Edit(tree, tree->Author(author), seen).Splice(position, deleted, typed),
              IsOk());
}

TEST(TextTree, IsEmptyAtFirst) {
  TextTree tree;
  EXPECT_EQ(tree.Text(), "");
  EXPECT_EQ(tree.TextAt({}), "");
  EXPECT_TRUE(tree.Blame().empty());
}

TEST(TextTree, KeepsWhatTwoTypeAtOnePlaceWhole) {
  TextTree tree;
  Type(&tree, "nguyet", {}, 0, 0, "Sổ thiếu chữ ký. ");
  const TextVersion both = tree.version();
  Type(&tree, "luong", both, 17, 0, "Đã nhắc cán bộ. ");
  // Nguyệt types backwards, as one does who puts a sentence before another.
  Type(&tree, "nguyet", both, 17, 0, "trưa.");
  Type(&tree, "nguyet", {both[0], 0}, 17, 0, "lúc ");
  EXPECT_EQ(tree.Text(), "Sổ thiếu chữ ký. Đã nhắc cán bộ. lúc trưa.");
}

TEST(TextTree, DeletedByTwoIsDeletedOnce) {
  TextTree tree;
  Type(&tree, "a", {}, 0, 0, "một hai ba");
  const TextVersion first = tree.version();
  Type(&tree, "b", first, 4, 4, "");
  Type(&tree, "c", first, 0, 8, "");
  EXPECT_EQ(tree.Text(), "ba");
  EXPECT_EQ(tree.TextAt(first), "một hai ba");
  EXPECT_EQ(tree.TextAt({first[0], 4}), "một ba");
  EXPECT_EQ(tree.TextAt({first[0], 0, 8}), "ba");
}

TEST(TextTree, RefusesWhatDoesNotFit) {
  TextTree tree;
  Type(&tree, "a", {}, 0, 0, "đã");
  TextTree::Edit edit(&tree, tree.Author("a"), tree.version());
  EXPECT_THAT(edit.Splice(3, 0, "x"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(edit.Splice(1, 2, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(edit.Splice(0, UINT32_MAX, ""), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(edit.Splice(0, 0, "\xC3"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(edit.Splice(2, 0, "."), IsOk());
  EXPECT_EQ(edit.length(), 3);
}

TEST(TextTree, HasRoomForSoManyAuthorsAndNoMore) {
  TextTree tree;
  Type(&tree, "first", {}, 0, 0, "chung");
  const TextVersion seen = tree.version();
  for (uint32_t i = 1; i < TextTree::kAuthorsMax; ++i) {
    ASSERT_THAT(TextTree::Edit(&tree, tree.Author(absl::StrCat(i)), seen).Splice(0, 5, ""), IsOk());
  }
  EXPECT_THAT(TextTree::Edit(&tree, tree.Author("last"), seen).Splice(0, 5, ""),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(tree.Text(), "");
  EXPECT_EQ(tree.TextAt(seen), "chung");
}

TEST(TextTree, SaysWhoTypedWhat) {
  TextTree tree;
  Type(&tree, "a", {}, 0, 0, "một ba");
  Type(&tree, "b", tree.version(), 4, 0, "hai ");
  const std::vector<TextOrigin> blame = tree.Blame();
  ASSERT_EQ(blame.size(), 3);
  EXPECT_EQ(tree.AuthorId(blame[0].author), "a");
  EXPECT_EQ(blame[0].length, 4);
  EXPECT_EQ(tree.AuthorId(blame[1].author), "b");
  EXPECT_EQ(blame[1].event, 0);
  EXPECT_EQ(blame[2].event, 4);
}

std::vector<std::pair<std::string, uint32_t>> Origins(const TextTree& tree) {
  std::vector<std::pair<std::string, uint32_t>> origins;
  for (const TextOrigin& origin : tree.Blame()) {
    for (uint32_t i = 0; i < origin.length; ++i) {
      origins.emplace_back(tree.AuthorId(origin.author), origin.event + i);
    }
  }
  return origins;
}

// Whatever the order of arrival: the text, every author's versions, and who typed what.
void ExpectNaive(uint64_t seed, size_t edits_max) {
  SCOPED_TRACE(seed);
  laws::Chance chance(seed);
  const std::vector<NaiveEdit> past =
      MakeTextPast(&chance, 2 + chance.Below(4), 4 + chance.Below(edits_max));
  NaiveText naive;
  for (const NaiveEdit& edit : past) naive.Apply(edit);
  for (int order = 0; order < 3; ++order) {
    TextTree tree;
    for (const NaiveEdit& edit : order == 0 ? past : Reordered(past, &chance)) {
      ASSERT_THAT(ApplyTo(&tree, edit), IsOk());
    }
    ASSERT_EQ(tree.Text(), ToUtf8(naive.Text()));
    ASSERT_EQ(Origins(tree), naive.Origins());
    for (const NaiveEdit& edit : past) {
      ASSERT_EQ(tree.TextAt(VersionIn(&tree, edit.seen)), ToUtf8(naive.TextAt(edit.seen)));
    }
    ASSERT_EQ(tree.Text(), ToUtf8(naive.Text()));
  }
}

TEST(TextTree, IsWhatTheNaiveTextIs) {
  for (uint64_t seed = 1; seed <= 4'000 && !HasFailure(); ++seed) ExpectNaive(seed, 12);
}

TEST(TextTree, IsWhatTheNaiveTextIsWhenItIsLong) {
  for (uint64_t seed = 1; seed <= 8 && !HasFailure(); ++seed) ExpectNaive(seed, 200);
}

}  // namespace
}  // namespace sotay::tests
