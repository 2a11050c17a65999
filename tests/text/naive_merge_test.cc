#include "tests/text/naive_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/text.h"
#include "tests/text/text_past.h"

namespace sotay::tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::u32string Scalars(const std::string& text) {
  std::u32string scalars;
  EXPECT_TRUE(sync::DecodeUtf8(text, &scalars)) << text;
  return scalars;
}

// What several people did, told one after another; who has seen whom is said of each edit.
class Story {
 public:
  explicit Story(const std::string& base) { Change("0", {}, "", "", base); }

  // Types over `gone`, which stands after the first `after` of the text as this author sees it.
  size_t Change(const std::string& device, const std::set<size_t>& seen, const std::string& after,
                const std::string& gone, const std::string& typed) {
    return Splice(device, seen, {SpliceOf(Closed(seen), after, gone, typed)});
  }

  size_t Splice(const std::string& device, const std::set<size_t>& seen,
                std::vector<NaiveSplice> splices) {
    edits_.push_back(
        {device, absl::StrCat(device, ".", edits_.size()), Closed(seen), std::move(splices)});
    return edits_.size() - 1;
  }

  void NameLast(const std::string& id) { edits_.back().id = id; }

  NaiveMerge merge() const { return NaiveMerge(edits_); }

  MergeShown Of(const std::set<size_t>& seen) const { return merge().At(Closed(seen)); }
  MergeShown All() const {
    std::set<size_t> all;
    for (size_t i = 0; i < edits_.size(); ++i) all.insert(i);
    return merge().At(all);
  }

 private:
  std::set<size_t> Closed(std::set<size_t> seen) const {
    const std::set<size_t> named = seen;
    for (size_t edit : named) seen.insert(edits_[edit].seen.begin(), edits_[edit].seen.end());
    return seen;
  }

  NaiveSplice SpliceOf(const std::set<size_t>& seen, const std::string& after,
                       const std::string& gone, const std::string& typed) const {
    const std::u32string text = edits_.empty() ? U"" : merge().At(seen).text;
    const std::u32string context = Scalars(after);
    const size_t found = text.find(context);
    EXPECT_NE(found, std::u32string::npos) << after;
    const size_t position = found + context.size();
    const std::u32string removed = Scalars(gone);
    EXPECT_EQ(ToUtf8(text.substr(position, removed.size())), gone);
    return {static_cast<uint32_t>(position), static_cast<uint32_t>(removed.size()), Scalars(typed)};
  }

  std::vector<MergeEdit> edits_;
};

std::vector<std::string> Readings(const MergeShown& shown, size_t span) {
  std::vector<std::string> readings;
  if (span >= shown.spans.size()) return readings;
  for (const MergeReading& reading : shown.spans[span]) readings.push_back(ToUtf8(reading.text));
  return readings;
}

std::vector<size_t> Authors(const MergeShown& shown, size_t span) {
  std::vector<size_t> authors;
  if (span >= shown.spans.size()) return authors;
  for (const MergeReading& reading : shown.spans[span]) authors.push_back(reading.edit);
  return authors;
}

using Edits = std::vector<size_t>;
// Position, length and authors.
using Mark = std::tuple<size_t, size_t, Edits>;

std::vector<Mark> Marks(const MergeShown& shown) {
  std::vector<Mark> marks;
  for (const MergeMark& mark : shown.marks) {
    marks.emplace_back(mark.position, mark.length, mark.edits);
  }
  return marks;
}

constexpr size_t kBase = 0;
const char* const kBrake = "Vết phanh dài 4,2 m. Trời mưa nhẹ.";
const char* const kCar = "Xe con đi chậm lại.";

TEST(NaiveMerge, IsEmptyWithoutEdits) {
  const MergeShown shown = NaiveMerge({}).At({});
  EXPECT_EQ(shown.text, U"");
  EXPECT_THAT(shown.spans, IsEmpty());
  EXPECT_THAT(Marks(shown), IsEmpty());
}

TEST(NaiveMerge, LetsTwoAddSentences) {
  Story story(kBrake);
  const size_t an =
      story.Change("an", {kBase}, "4,2 m.", "", " Điểm đầu cách mép đường phải 1,6 m.");
  const size_t binh = story.Change("binh", {kBase}, "nhẹ.", "", " Đã yêu cầu chụp bổ sung.");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text),
            "Vết phanh dài 4,2 m. Điểm đầu cách mép đường phải 1,6 m. Trời mưa nhẹ. "
            "Đã yêu cầu chụp bổ sung.");
  EXPECT_THAT(shown.spans, IsEmpty());
  EXPECT_THAT(Marks(shown), IsEmpty());
  ASSERT_EQ(shown.typed_by.size(), shown.text.size());
  EXPECT_EQ(shown.typed_by[19], kBase);
  EXPECT_EQ(shown.typed_by[20], an);
  EXPECT_EQ(shown.typed_by.back(), binh);

  EXPECT_EQ(ToUtf8(story.Of({kBase}).text), kBrake);
  EXPECT_EQ(ToUtf8(story.Of({binh}).text),
            "Vết phanh dài 4,2 m. Trời mưa nhẹ. Đã yêu cầu chụp bổ sung.");
}

TEST(NaiveMerge, AsksWhichOfTwoNumbers) {
  Story story(kBrake);
  const size_t an = story.Change("an", {kBase}, "4,", "2", "5");
  const size_t binh = story.Change("binh", {kBase}, "4,", "2", "7");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Vết phanh dài \uFFFC m. Trời mưa nhẹ.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("4,5", "4,7"));
  EXPECT_THAT(Authors(shown, 0), ElementsAre(an, binh));
  EXPECT_EQ(shown.typed_by[14], std::string::npos);
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 18, Edits{an, binh})));

  story.Change("chi", {an, binh}, "dài ", "\uFFFC", "4,6");
  const MergeShown settled = story.All();
  EXPECT_EQ(ToUtf8(settled.text), "Vết phanh dài 4,6 m. Trời mưa nhẹ.");
  EXPECT_THAT(settled.spans, IsEmpty());
  EXPECT_THAT(Marks(settled), IsEmpty());
}

TEST(NaiveMerge, KeepsASpanBesideWhichOneTypes) {
  Story story(kBrake);
  const size_t an = story.Change("an", {kBase}, "4,", "2", "5");
  const size_t binh = story.Change("binh", {kBase}, "4,", "2", "7");
  story.Splice("chi", {an, binh}, {{14, 0, U"k"}, {16, 0, U"z"}});

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Vết phanh dài k\uFFFCz m. Trời mưa nhẹ.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("4,5", "4,7"));
  EXPECT_THAT(Marks(shown), IsEmpty());
}

TEST(NaiveMerge, ReadsASpanInAReading) {
  Story story(kBrake);
  const size_t an = story.Change("an", {kBase}, "4,", "2", "5");
  const size_t binh = story.Change("binh", {kBase}, "4,", "2", "7");
  const size_t chi = story.Change("chi", {an, binh}, "phanh d", "à", "a");
  const size_t dung = story.Change("dung", {an, binh}, "phanh ", "dài \uFFFC m", "");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Vết phanh \uFFFC. Trời mưa nhẹ.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("dai ⟦4,5 | 4,7⟧ m", ""));
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 12, Edits{chi, dung})));
}

TEST(NaiveMerge, MarksASentenceInWhichTwoChangedWords) {
  Story story("Trời mưa nhẹ. Đường ướt.");
  const size_t an = story.Change("an", {kBase}, "Trời ", "mưa", "nắng");
  const size_t binh = story.Change("binh", {kBase}, "mưa ", "nhẹ", "gắt");
  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Trời nắng gắt. Đường ướt.");
  EXPECT_THAT(shown.spans, IsEmpty());
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 14, Edits{an, binh})));

  const size_t chi = story.Change("chi", {an, binh}, "Đường ", "ướt", "khô");
  EXPECT_EQ(ToUtf8(story.All().text), "Trời nắng gắt. Đường khô.");
  EXPECT_THAT(Marks(story.All()), ElementsAre(Mark(0, 14, Edits{an, binh})));

  story.Change("dung", {chi}, "", "Trời", "Hôm nay trời");
  EXPECT_EQ(ToUtf8(story.All().text), "Hôm nay trời nắng gắt. Đường khô.");
  EXPECT_THAT(Marks(story.All()), IsEmpty());
}

TEST(NaiveMerge, AsksWhenAPassageGoesInWhichAnotherWrites) {
  Story story(kCar);
  const size_t an = story.Change("an", {kBase}, "đi", " chậm lại", "");
  const size_t binh = story.Change("binh", {kBase}, "đi ", "chậm", "nhanh");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Xe con đi\uFFFC.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("", " nhanh lại"));
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 11, Edits{an, binh})));
}

TEST(NaiveMerge, LetsAWordGoThatBothDelete) {
  Story story(kCar);
  story.Change("an", {kBase}, "đi", " chậm", "");
  story.Change("binh", {kBase}, "đi", " chậm", "");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Xe con đi lại.");
  EXPECT_THAT(shown.spans, IsEmpty());
  EXPECT_THAT(Marks(shown), IsEmpty());
}

TEST(NaiveMerge, ShowsOnceWhatBothWriteAlike) {
  Story story(kCar);
  const size_t an = story.Change("an", {kBase}, "đi ", "chậm", "nhanh");
  story.NameLast("2");
  const size_t binh = story.Change("binh", {kBase}, "đi ", "chậm", "nhanh");
  story.NameLast("1");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Xe con đi nhanh lại.");
  EXPECT_THAT(shown.spans, IsEmpty());
  EXPECT_THAT(Marks(shown), IsEmpty());
  for (size_t place = 10; place < 15; ++place) EXPECT_EQ(shown.typed_by[place], binh);

  // Who goes on from there takes away what was not shown.
  story.Change("chi", {an, binh}, "nhan", "h", "");
  EXPECT_EQ(ToUtf8(story.All().text), "Xe con đi nhan lại.");
  EXPECT_THAT(story.All().spans, IsEmpty());
}

TEST(NaiveMerge, AsksWhenTwoOfThreeWriteAlike) {
  Story story(kCar);
  const size_t an = story.Change("an", {kBase}, "đi ", "chậm", "nhanh");
  const size_t binh = story.Change("binh", {kBase}, "đi ", "chậm", "nhanh");
  const size_t chi = story.Change("chi", {kBase}, "đi ", "chậm", "vội");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Xe con đi \uFFFC lại.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("nhanh", "nhanh", "vội"));
  EXPECT_THAT(Authors(shown, 0), ElementsAre(an, binh, chi));
}

TEST(NaiveMerge, AsksWhichOfThree) {
  Story story(kCar);
  const size_t an = story.Change("an", {kBase}, "đi ", "chậm", "nhanh");
  const size_t binh = story.Change("binh", {kBase}, "đi ", "chậm", "đều");
  const size_t chi = story.Change("chi", {kBase}, "đi ", "chậm", "vội");
  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "Xe con đi \uFFFC lại.");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("nhanh", "đều", "vội"));
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 16, Edits{an, binh, chi})));

  // One settles what two wrote, without the third.
  const size_t dung = story.Change("dung", {an, binh}, "đi ", "\uFFFC", "rất êm");
  EXPECT_EQ(ToUtf8(story.Of({dung}).text), "Xe con đi rất êm lại.");
  const MergeShown later = story.All();
  EXPECT_EQ(ToUtf8(later.text), "Xe con đi \uFFFC lại.");
  ASSERT_EQ(later.spans.size(), 1u);
  EXPECT_THAT(Readings(later, 0), ElementsAre("vội", "rất êm"));
  EXPECT_THAT(Authors(later, 0), ElementsAre(chi, dung));
  EXPECT_THAT(Marks(later), ElementsAre(Mark(0, 16, Edits{chi, dung})));
}

TEST(NaiveMerge, AsksWhenTwoAppendWithoutASpace) {
  Story story("x ");
  const size_t an = story.Change("an", {kBase}, "x ", "", "foo");
  const size_t binh = story.Change("binh", {kBase}, "x ", "", "bar");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "x \uFFFC");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("foo", "bar"));
  EXPECT_THAT(Marks(shown), ElementsAre(Mark(0, 3, Edits{an, binh})));
}

TEST(NaiveMerge, AsksWhenWordsRunTogether) {
  Story story("foo, bar");
  story.Change("an", {kBase}, "foo", ",", "");
  story.Change("binh", {kBase}, "foo,", " ", "");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "\uFFFC");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("foo bar", "foo,bar"));
}

TEST(NaiveMerge, AsksWhenOneCutsAWordAndOneGoesOnWithIt) {
  Story story("abcd");
  story.Change("an", {kBase}, "ab", "", " ");
  story.Change("binh", {kBase}, "abcd", "", "x");

  const MergeShown shown = story.All();
  EXPECT_EQ(ToUtf8(shown.text), "\uFFFC");
  ASSERT_EQ(shown.spans.size(), 1u);
  EXPECT_THAT(Readings(shown, 0), ElementsAre("ab cd", "abcdx"));
}

TEST(NaiveMerge, TakesNothingOfAnEditThatDoesNotFit) {
  Story story("abc");
  const size_t far = story.Splice("an", {kBase}, {{0, 1, U""}, {1, 2, U""}});
  const size_t span = story.Splice("binh", {kBase}, {{0, 1, U""}, {0, 0, U"x\uFFFC"}});
  const size_t fits = story.Splice("an", {far, span}, {{3, 0, U"d"}, {0, 4, U"ef"}});

  const NaiveMerge merge = story.merge();
  EXPECT_FALSE(merge.fits(far));
  EXPECT_FALSE(merge.fits(span));
  EXPECT_TRUE(merge.fits(fits));
  EXPECT_EQ(ToUtf8(story.Of({far, span}).text), "abc");
  EXPECT_EQ(ToUtf8(story.All().text), "ef");
  EXPECT_THAT(story.All().spans, IsEmpty());
  EXPECT_THAT(Marks(story.All()), IsEmpty());
}

}  // namespace
}  // namespace sotay::tests
