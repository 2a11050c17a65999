// The merge of words (docs/words.md) against the page written down naively: every version of random
// pasts, arriving in several orders, as a whole and in eras.
#include "sync/text_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sync/text.h"
#include "sync/text_history.h"
#include "sync/text_splices.h"
#include "sync/text_words.h"
#include "tests/laws/cases.h"
#include "tests/text/word_stage.h"

namespace sotay::tests {
namespace {

using laws::Chance;
using sync::ChangeId;
using sync::DeviceId;
using sync::TextHistory;
using sync::TextMerge;
using sync::TextSplices;
using sync::VersionVector;

constexpr size_t kEditsMax = 9;
constexpr size_t kCrowdedEditsMax = 14;
constexpr int kOrders = 3;

std::set<std::u32string> Tokens(const std::u32string& text) {
  std::set<std::u32string> tokens;
  const auto at = [&](size_t i) { return text[i]; };
  for (size_t from = 0, to = 0; from < text.size(); from = to) {
    to = from + 1;
    while (sync::JoinedAt(at, text.size(), to)) ++to;
    tokens.insert(text.substr(from, to - from));
  }
  tokens.erase(std::u32string(1, sync::kSpanScalar));
  return tokens;
}

// Every word of the whole stood so on the screen of somebody who wrote.
void ExpectNoWordNobodyWrote(const Stage& stage) {
  std::set<std::u32string> written;
  for (size_t i = 0; i < stage.past.edits.size(); ++i) {
    written.merge(Tokens(stage.naive.At(stage.VersionAfter(i)).text));
  }
  for (const std::u32string& token : Tokens(stage.naive.At(stage.Everything()).text)) {
    EXPECT_EQ(written.count(token), 1u) << Utf8Of(token);
  }
}

// An edit changes what its author was shown by its splices, and leaves the other spans as they
// were.
void ExpectSplicesAlone(const Stage& stage) {
  for (size_t i = 0; i < stage.past.edits.size(); ++i) {
    const MergeShown before = stage.naive.At(stage.past.edits[i].seen);
    std::u32string text = before.text;
    std::vector<std::string> spans(text.size());  // by place
    auto span = before.spans.begin();
    for (size_t place = 0; place < text.size(); ++place) {
      if (text[place] == sync::kSpanScalar) spans[place] = Told(*span++);
    }
    for (const NaiveSplice& splice : stage.past.edits[i].splices) {
      text.replace(splice.position, splice.deleted, splice.inserted);
      const auto from = spans.begin() + static_cast<std::ptrdiff_t>(splice.position);
      spans.insert(spans.erase(from, from + static_cast<std::ptrdiff_t>(splice.deleted)),
                   splice.inserted.size(), "");
    }
    std::string left;
    for (const std::string& one : spans) left += one;
    std::string shown;
    const MergeShown after = stage.naive.At(stage.VersionAfter(i));
    for (const auto& one : after.spans) shown += Told(one);
    ASSERT_EQ(after.text, text) << "edit " << i;
    ASSERT_EQ(shown, left) << "edit " << i;
  }
}

// `pasts` of them from `from` on: every version, in several orders of arrival.
void ExpectAsThePageSays(size_t pasts, size_t edits_max, Vocabulary vocabulary,
                         Company company = Company::kApart) {
  size_t eras = 0;
  const size_t first = laws::FirstSeed();
  for (size_t seed = first; seed < first + pasts; ++seed) {
    Chance chance(seed);
    const Stage stage(MakeWordPast(&chance, edits_max, vocabulary, company));
    SCOPED_TRACE(laws::HowToRepeat(seed));
    ExpectSplicesAlone(stage);
    ExpectNoWordNobodyWrote(stage);
    if (::testing::Test::HasFailure()) return;
    for (int order = 0; order < kOrders; ++order) {
      TextMerge merge;
      TextHistory history(1 + chance.Below(4));  // an era may begin after so many edits
      for (size_t edit : CausalOrder(stage.past.edits, &chance)) {
        ASSERT_THAT(stage.Add(edit, &merge), IsOk()) << "edit " << edit;
        ASSERT_THAT(stage.Add(edit, &history), IsOk()) << "edit " << edit;
        if (chance.Below(3) == 0) {  // asking changes nothing
          merge.At(stage.Vector(stage.VersionAfter(edit)));
          history.At(stage.Vector(stage.VersionAfter(edit)));
        }
      }
      for (const std::set<size_t>& version : stage.Versions()) {
        const VersionVector vector = stage.Vector(version);
        const std::string told = Told(stage.naive.At(version));
        const sync::TextMerged merged = merge.At(vector);
        ASSERT_EQ(Told(merged, merge.BlameAt(vector)), told) << "order " << order;
        const sync::TextMerged by_eras = history.At(vector);
        ASSERT_EQ(Told(by_eras, history.BlameAt(vector)), told)
            << "order " << order << ", eras: " << history.eras();
        ASSERT_EQ(by_eras.typed, merged.typed);
        ASSERT_EQ(by_eras.top, merged.top);
      }
      eras += history.eras();
      laws::CountCases(stage.Versions().size());
    }
  }
  // Or nothing was shown of them.
  if (pasts > 100) EXPECT_GT(eras, pasts * kOrders * (company == Company::kTogether ? 5 : 4) / 4);
}

TEST(TextMerge, ShowsWhatThePageSaysWhateverTheOrder) {
  ExpectAsThePageSays(laws::CasesFor(9), kEditsMax, Vocabulary::kMany);
}

TEST(TextMerge, ShowsWhatThePageSaysWherePeopleCrowd) {
  ExpectAsThePageSays(laws::CasesFor(9), kCrowdedEditsMax, Vocabulary::kFew);
}

TEST(TextMerge, ShowsWhatThePageSaysWherePeopleSyncOften) {
  ExpectAsThePageSays(laws::CasesFor(4), kCrowdedEditsMax, Vocabulary::kMany, Company::kTogether);
  ExpectAsThePageSays(laws::CasesFor(5), kCrowdedEditsMax, Vocabulary::kFew, Company::kTogether);
}

// A region that comes to meet an earlier one is widened by those who stand between them, too.
TEST(TextMerge, WidensByWhoStandsBetweenRegions) {
  const Stage stage = StageOf({{'A', "0836d289", {}, {{0, 0, U"445"}, {0, 3, U"54 "}}},
                               {'B', "f718b761", {0}, {{2, 1, U"5"}, {2, 0, U"4"}}},
                               {'B', "64f6a985", {0, 1}, {{3, 1, U"4"}, {0, 2, U",a"}}},
                               {'B', "e9c8aa4a", {0, 1, 2}, {{1, 1, U"a"}}},
                               {'B', "ccf8a677", {0, 1, 2, 3}, {{1, 0, U"ba"}}},
                               {'C', "64beb009", {0}, {{0, 0, U"44"}}},
                               {'C', "65f97ef4", {0, 5}, {{0, 0, U" ,5"}, {0, 3, U"a4"}}},
                               {'C', "417943ec", {0, 5, 6}, {{6, 1, U",b"}, {6, 2, U" "}}},
                               {'C', "363a41b1", {0, 5, 6, 7}, {{0, 1, U"4b"}, {7, 1, U""}}},
                               {'C', "689be1f9", {0, 5, 6, 7, 8}, {{5, 2, U"a,"}, {2, 0, U"4b"}}},
                               {'A', "99a3f93a", {0}, {{2, 0, U",,"}}},
                               {'C', "0f52d37b", {0, 5, 6, 7, 8, 9}, {{2, 0, U"ab "}}},
                               {'B', "d678ebd2", {0, 1, 2, 3, 4}, {{2, 2, U"b"}}}});
  ExpectAsThePageSays(stage, TextMerge());
  ExpectAsThePageSays(stage, TextHistory(1));
}

// Two people who edit one text without knowing of each other: the case of the field.  Nothing where
// by chance what the second does fits no text.
absl::optional<Stage> TwoUnaware(size_t seed) {
  Chance chance(seed);
  WordPast past = MakeWordPast(&chance, 2);  // a text and an edit that has seen it
  MergeEdit other = past.edits[1];
  other.device = std::string(16, 'Z');
  other.id = std::string(32, static_cast<char>('a' + chance.Below(26)));
  other.splices = MakeWordPast(&chance, 2).edits[1].splices;
  size_t left = NaiveMerge({past.edits[0]}).At({0}).text.size();
  v1::TextEdit travels;
  travels.set_length_before(static_cast<uint32_t>(left));
  for (NaiveSplice& splice : other.splices) {
    splice.position = static_cast<uint32_t>(std::min<size_t>(splice.position, left));
    splice.deleted =
        static_cast<uint32_t>(std::min<size_t>(splice.deleted, left - splice.position));
    left = left - splice.deleted + splice.inserted.size();
    v1::TextSplice* const out = travels.add_splices();
    out->set_position(splice.position);
    out->set_deleted(splice.deleted);
    out->set_inserted(Utf8Of(splice.inserted));
  }
  past.edits[1].seen = other.seen = {0};
  past.edits.push_back(std::move(other));
  past.splices.push_back(std::move(travels));
  Stage stage(std::move(past));
  if (!stage.naive.fits(1) || !stage.naive.fits(2)) return absl::nullopt;
  return stage;
}

// M12: a word or a number that the merge shows of everything and that stood so on nobody's screen;
// empty: there is none.  The screens are as the page says.
template <typename Merge>
std::string WordNobodyWrote(const Stage& stage, Merge merge) {
  std::set<std::u32string> written;
  for (size_t edit = 0; edit < stage.past.edits.size(); ++edit) {
    written.merge(Tokens(stage.naive.At(stage.VersionAfter(edit)).text));
    const absl::Status added = stage.Add(edit, &merge);
    if (!added.ok()) return added.ToString();
  }
  std::u32string shown;
  if (!sync::DecodeUtf8(merge.At(stage.Vector(stage.Everything())).text, &shown)) return "no text";
  for (const std::u32string& token : Tokens(shown)) {
    if (written.count(token) == 0) return Utf8Of(token);
  }
  return "";
}

TEST(TextMerge, ShowsNoWordNobodyWrote) {
  const size_t first = laws::FirstSeed();
  for (size_t seed = first; seed < first + laws::CasesFor(20); ++seed) {
    const absl::optional<Stage> stage = TwoUnaware(seed);
    if (!stage.has_value()) continue;
    ASSERT_EQ(WordNobodyWrote(*stage, TextMerge()), "") << laws::HowToRepeat(seed);
    ASSERT_EQ(WordNobodyWrote(*stage, TextHistory(1)), "") << laws::HowToRepeat(seed);
    laws::CountCases(1);
  }
}

// --- planted faults: they merge as the product does, and show it otherwise -----------------------

// What both have typed stands side by side, as it does where letters are merged.
struct ShowsBothReadings : TextMerge {
  sync::TextMerged At(const VersionVector& version) {
    sync::TextMerged shown = TextMerge::At(version);
    std::string text;
    size_t from = 0;
    const std::string mark = Utf8Of(std::u32string(1, sync::kSpanScalar));
    for (const auto& span : shown.spans) {
      const size_t at = shown.text.find(mark, from);
      text += shown.text.substr(from, at - from);
      for (const sync::TextReading& reading : span) text += reading.text;
      from = at + mark.size();
    }
    shown.text = text + shown.text.substr(from);
    shown.spans.clear();
    return shown;
  }
};

// Of each span its first reading is shown, and half of it.
struct CutsWords : TextMerge {
  sync::TextMerged At(const VersionVector& version) {
    sync::TextMerged shown = TextMerge::At(version);
    const std::string mark = Utf8Of(std::u32string(1, sync::kSpanScalar));
    for (const auto& span : shown.spans) {
      std::u32string reading;
      sync::DecodeUtf8(span.front().text, &reading);
      shown.text.replace(shown.text.find(mark), mark.size(),
                         Utf8Of(reading.substr(0, reading.size() / 2)));
    }
    shown.spans.clear();
    return shown;
  }
};

template <typename Faulty>
void FindsOut() {
  for (size_t seed = 1; seed <= 2'000; ++seed) {
    const absl::optional<Stage> stage = TwoUnaware(seed);
    if (!stage.has_value()) continue;
    ASSERT_EQ(WordNobodyWrote(*stage, TextMerge()), "");
    const std::string word = WordNobodyWrote(*stage, Faulty());
    if (word.empty()) continue;
    std::cout << "M12: found at seed " << seed << ": " << word << "\n";
    return;
  }
  FAIL() << "not found in 2,000 seeds";
}

TEST(TextMerge, M12_FindsWhoShowsBothReadingsAsOneWord) { FindsOut<ShowsBothReadings>(); }
TEST(TextMerge, M12_FindsWhoCutsWords) { FindsOut<CutsWords>(); }

TEST(TextMerge, AddsNothingOfAnEditThatDoesNotFit) {
  TextMerge merge;
  const DeviceId device = *DeviceId::From(std::string(16, 'a'));
  const auto add = [&](uint64_t sequence, uint32_t length, uint32_t position, uint32_t deleted,
                       const std::string& inserted) {
    v1::TextEdit edit;
    edit.set_length_before(length);
    v1::TextSplice* splice = edit.add_splices();
    splice->set_position(position);
    splice->set_deleted(deleted);
    splice->set_inserted(inserted);
    VersionVector seen;
    if (sequence > 1) seen.Add(device, sequence - 1);
    const auto splices = TextSplices::Read({&edit});
    if (!splices.ok()) return splices.status();
    return merge.Add(sequence, *ChangeId::From(std::string(32, static_cast<char>(sequence))),
                     device, sequence, seen, *splices);
  };
  ASSERT_THAT(add(1, 0, 0, 0, "dài 4,2 m"), IsOk());
  using absl::StatusCode;
  EXPECT_THAT(add(2, 8, 0, 0, "x"), StatusIs(StatusCode::kInvalidArgument, ::testing::_));
  EXPECT_THAT(add(2, 9, 10, 0, "x"), StatusIs(StatusCode::kInvalidArgument, ::testing::_));
  EXPECT_THAT(add(2, 9, 5, 5, "x"), StatusIs(StatusCode::kInvalidArgument, ::testing::_));
  EXPECT_THAT(add(2, 9, 0, 0, "\xFF"), StatusIs(StatusCode::kInvalidArgument, ::testing::_));
  EXPECT_THAT(add(2, 9, 0, 0, "\uFFFC"), StatusIs(StatusCode::kInvalidArgument, ::testing::_));
  VersionVector all;
  all.Add(device, 2);
  EXPECT_EQ(merge.At(all).text, "dài 4,2 m");
  ASSERT_THAT(add(2, 9, 4, 3, "4,5"), IsOk());
  EXPECT_EQ(merge.At(all).text, "dài 4,5 m");
}

}  // namespace
}  // namespace sotay::tests
