#include "mobile-sdk/core/tidings.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace sotay::sdk {
namespace {

Event Refused(uint64_t sequence) {
  Event event;
  event.kind = Event::Kind::kChangeRefused;
  event.sequence = sequence;
  return event;
}

TEST(Tidings, ReachEveryListenerInOrder) {
  const auto tidings = std::make_shared<Tidings>();
  std::vector<uint64_t> one;
  std::vector<uint64_t> two;
  tidings->Listen([&](const Event& event) { one.push_back(event.sequence); });
  tidings->Listen([&](const Event& event) { two.push_back(event.sequence); });
  tidings->Tell({Refused(1), Refused(2)});
  tidings->Tell({Refused(3)});
  EXPECT_EQ(one, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(two, one);
}

TEST(Tidings, WhatAListenerTellsComesAfterWhatItHears) {
  const auto tidings = std::make_shared<Tidings>();
  std::vector<uint64_t> heard;
  tidings->Listen([&](const Event& event) {
    heard.push_back(event.sequence);
    if (event.sequence == 1) tidings->Tell({Refused(9)});
  });
  tidings->Tell({Refused(1), Refused(2)});
  EXPECT_EQ(heard, (std::vector<uint64_t>{1, 2, 9}));
}

TEST(Tidings, EndAtOnceEvenFromWithin) {
  const auto tidings = std::make_shared<Tidings>();
  int calls = 0;
  std::function<void()> end;
  end = tidings->Listen([&](const Event&) {
    ++calls;
    end();
  });
  tidings->Tell({Refused(1), Refused(2)});
  EXPECT_EQ(calls, 1);
  end();  // again: nothing
}

TEST(Tidings, EndingWaitsForTheCallThatIsRunning) {
  const auto tidings = std::make_shared<Tidings>();
  std::atomic<bool> inside{false};
  std::atomic<bool> let_go{false};
  std::atomic<bool> left{false};
  const auto end = tidings->Listen([&](const Event&) {
    inside = true;
    while (!let_go) std::this_thread::yield();
    left = true;
  });
  std::thread teller([&] { tidings->Tell({Refused(1)}); });
  while (!inside) std::this_thread::yield();
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    let_go = true;
  });
  end();
  EXPECT_TRUE(left);
  teller.join();
  later.join();
}

TEST(Tidings, MayEndAfterTheNotebookHasGone) {
  std::function<void()> end;
  {
    const auto tidings = std::make_shared<Tidings>();
    end = tidings->Listen([](const Event&) {});
  }
  end();
}

TEST(Tidings, ComeOneAtATimeFromManyThreads) {
  const auto tidings = std::make_shared<Tidings>();
  std::atomic<int> inside{0};
  std::atomic<int> worst{0};
  std::atomic<int> heard{0};
  tidings->Listen([&](const Event&) {
    worst = std::max(worst.load(), ++inside);
    ++heard;
    --inside;
  });
  std::vector<std::thread> tellers;
  for (int thread = 0; thread < 4; ++thread) {
    tellers.emplace_back([&] {
      for (uint64_t i = 0; i < 500; ++i) tidings->Tell({Refused(i)});
    });
  }
  for (std::thread& teller : tellers) teller.join();
  EXPECT_EQ(heard, 2'000);
  EXPECT_EQ(worst, 1);
}

}  // namespace
}  // namespace sotay::sdk
