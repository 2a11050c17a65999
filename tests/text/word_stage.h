// A random or a written past of a text on stage: in numbers the product understands, and beside it
// the page said naively.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "sync/ids.h"
#include "sync/text_merge.h"
#include "sync/text_splices.h"
#include "sync/version_vector.h"
#include "tests/support/status_matchers.h"
#include "tests/text/word_past.h"

namespace sotay::tests {

// One past, in numbers the product understands: edit i is the change i + 1 of its device.
struct Stage {
  explicit Stage(WordPast made) : past(std::move(made)), naive(past.edits) {}

  sync::DeviceId DeviceOf(size_t edit) const {
    return *sync::DeviceId::From(past.edits[edit].device);
  }
  sync::VersionVector Vector(const std::set<size_t>& version) const {
    sync::VersionVector vector;
    for (size_t edit : version) vector.Add(DeviceOf(edit), edit + 1);
    return vector;
  }
  template <typename Merge>
  absl::Status Add(size_t edit, Merge* merge) const {
    auto splices = sync::TextSplices::Read({&past.splices[edit]});
    if (!splices.ok()) return splices.status();
    return merge->Add(edit, *sync::ChangeId::From(past.edits[edit].id), DeviceOf(edit), edit + 1,
                      Vector(past.edits[edit].seen), *std::move(splices));
  }
  std::set<size_t> VersionAfter(size_t edit) const {
    std::set<size_t> version = past.edits[edit].seen;
    version.insert(edit);
    return version;
  }
  std::set<size_t> Everything() const {
    std::set<size_t> all;
    for (size_t i = 0; i < past.edits.size(); ++i) all.insert(i);
    return all;
  }
  // Every version somebody ever saw, and the whole.
  std::vector<std::set<size_t>> Versions() const {
    std::vector<std::set<size_t>> versions;
    for (size_t i = 0; i < past.edits.size(); ++i) {
      versions.push_back(past.edits[i].seen);
      versions.push_back(VersionAfter(i));
    }
    versions.push_back(Everything());
    return versions;
  }

  WordPast past;
  NaiveMerge naive;
};

// All that is shown, and who typed it, in words to compare.
std::string Told(const sync::TextMerged& merged, const std::vector<sync::TextBlame>& blame);
std::string Told(const std::vector<MergeReading>& span);
std::string Told(const MergeShown& shown);

struct Line {
  char device;
  const char* id;
  std::set<size_t> seen;
  std::vector<NaiveSplice> splices;
};

Stage StageOf(const std::vector<Line>& lines);

// Every version, with an era as soon as one may begin.
template <typename Merge>
void ExpectAsThePageSays(const Stage& stage, Merge merge) {
  for (size_t edit = 0; edit < stage.past.edits.size(); ++edit) {
    ASSERT_THAT(stage.Add(edit, &merge), IsOk()) << "edit " << edit;
  }
  for (const std::set<size_t>& version : stage.Versions()) {
    const sync::VersionVector vector = stage.Vector(version);
    ASSERT_EQ(Told(merge.At(vector), merge.BlameAt(vector)), Told(stage.naive.At(version)));
  }
}

}  // namespace sotay::tests
