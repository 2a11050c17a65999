#include "server/unpacked_pushes.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sotay::server {
namespace {

UnpackedPushes::Changes Holding(const std::string& bytes) {
  auto batch = std::make_shared<v1::ChangeBatch>();
  batch->add_changes(bytes);
  return batch;
}

TEST(UnpackedPushes, GivesWhatItWasToldToKeep) {
  UnpackedPushes pushes;
  EXPECT_EQ(pushes.Find("a"), nullptr);
  pushes.Keep("a", Holding("một"), 0);
  ASSERT_NE(pushes.Find("a"), nullptr);
  EXPECT_EQ(pushes.Find("a")->changes(0), "một");
  EXPECT_EQ(pushes.Find("b"), nullptr);
}

TEST(UnpackedPushes, ForgetsWhatWasNotAskedForLongest) {
  UnpackedPushes pushes;
  pushes.Keep("often", Holding("hỏi luôn"), 0);
  pushes.Keep("never", Holding("không ai hỏi"), 0);
  for (int i = 0; i < 15; ++i) {
    pushes.Keep("other " + std::to_string(i), Holding("khác"), 0);
    EXPECT_NE(pushes.Find("often"), nullptr);
  }
  EXPECT_EQ(pushes.Find("never"), nullptr);
}

// It may have been read before it was written anew.
TEST(UnpackedPushes, KeepsNothingThatWasReadBeforeItForgot) {
  UnpackedPushes pushes;
  pushes.Keep("a", Holding("một"), 0);
  const uint64_t before = pushes.forgotten();
  pushes.Forget();
  EXPECT_EQ(pushes.Find("a"), nullptr);
  pushes.Keep("a", Holding("một"), before);
  EXPECT_EQ(pushes.Find("a"), nullptr);
  pushes.Keep("a", Holding(""), pushes.forgotten());
  EXPECT_NE(pushes.Find("a"), nullptr);
}

// A reader may hold a push that was forgotten meanwhile.
TEST(UnpackedPushes, WhatAReaderHoldsStays) {
  UnpackedPushes pushes;
  pushes.Keep("held", Holding("đang đọc"), 0);
  const UnpackedPushes::Changes held = pushes.Find("held");
  for (int i = 0; i < 20; ++i) pushes.Keep(std::to_string(i), Holding("khác"), 0);
  EXPECT_EQ(pushes.Find("held"), nullptr);
  EXPECT_EQ(held->changes(0), "đang đọc");
}

}  // namespace
}  // namespace sotay::server
