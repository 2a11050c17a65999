// Two prosecutors of one office, each with a phone that knows it, and an inspection the first of
// them has begun and not sent.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {

class TwoPhones : public ::testing::Test {
 protected:
  TwoPhones() : nguyet_(&office_, "nguyet"), binh_(&office_, "binh") {
    EXPECT_THAT(nguyet_->Sync(), IsOk());
    EXPECT_THAT(binh_->Sync(), IsOk());
    auto root = nguyet_->Create("inspection", "", absl::nullopt,
                                {Set("kind", "scene_examination"), Set("place", "Km 12+300")});
    EXPECT_THAT(root, IsOk());
    root_ = *root;
  }

  sync::RecordId Note(Phone& phone, const std::string& body) {
    auto id = phone->Create("note", "", root_, {Text("body", body)});
    EXPECT_THAT(id, IsOk());
    return id.value_or(sync::RecordId());
  }
  std::string Body(Phone& phone, const sync::RecordId& id) {
    const auto view = phone->Read(id);
    EXPECT_THAT(view, IsOk());
    return view.ok() ? NoteIn(*view).body() : "";
  }
  sdk::SyncState State(Phone& phone, const sync::RecordId& id) {
    const auto view = phone->Read(id);
    EXPECT_THAT(view, IsOk());
    const auto lines = phone->List();
    for (const sdk::RecordLine& line : *lines) {
      if (line.id == id) {
        EXPECT_EQ(line.sync_state, view->state);
      }
    }
    return view->state;
  }
  void ExpectAllAgree() {
    EXPECT_EQ(nguyet_->Digest().value(), binh_->Digest().value());
    EXPECT_EQ(nguyet_->Digest().value(), office_.hub.Digest(nguyet_.device()));
  }

  Office office_;
  Phone nguyet_;
  Phone binh_;
  sync::RecordId root_;
};

}  // namespace sotay::tests
