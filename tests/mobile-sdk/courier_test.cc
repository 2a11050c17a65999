#include "mobile-sdk/core/courier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "mobile-sdk/core/another_life.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "sync/seal/random.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using ::testing::SizeIs;
using tests::IsOk;
using tests::Office;
using tests::Phone;
using tests::Set;

constexpr auto kPatience = std::chrono::seconds(20);

// A courier on its own, stepped by the test; the notebook is closed meanwhile.
class StandingCourier {
 public:
  StandingCourier(Office* office, Phone* phone)
      : link_(&office->hub, phone->device(), phone->weather) {
    phone->Close();
    Surroundings around = phone->surroundings();
    desk_.schema = BuiltinSchema();
    desk_.vault = around.vault;
    desk_.store = Store::Open(phone->dir(), around, false).value();
    desk_.meta = **desk_.store->Meta();
    desk_.device = desk_.vault->device();
    desk_.now_ms = around.now_ms;
    desk_.random_bytes = seal::RandomBytes;
    desk_.tidings = std::make_shared<Tidings>();
    desk_.tidings->Listen([this](const Event& event) { events.push_back(event); });
    desk_.files = std::make_unique<Files>(phone->dir() + "/files", FilesOf(around));
    exchange_ = std::make_unique<Exchange>(&desk_, &link_);
    files_ = std::make_unique<FileExchange>(&desk_, &link_);
    courier_ = std::make_unique<Courier>(&desk_, exchange_.get(), files_.get(), &link_);
  }
  Courier* operator->() { return courier_.get(); }

  // As if the server had lost all of ours.
  void LoseAll() { EXPECT_THAT(RewindTo(&desk_, 0), IsOk()); }

  std::vector<Event> events;

 private:
  Desk desk_;
  tests::MemoryLink link_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<FileExchange> files_;
  std::unique_ptr<Courier> courier_;
};

class CourierTest : public ::testing::Test {
 protected:
  CourierTest() : phone_(&office_, "nguyet") {
    phone_.weather->before = [this](const v1::SyncRequest& request) {
      ++calls_;
      pushes_ += request.has_push() ? 1 : 0;
      return weather_;
    };
  }

  Office office_;
  Phone phone_;
  absl::Status weather_;
  int calls_ = 0;
  int pushes_ = 0;
};

TEST_F(CourierTest, ExchangesAtOnceAndThenNowAndThen) {
  StandingCourier courier(&office_, &phone_);
  EXPECT_EQ(courier->Step(0), Courier::kIdleMs);
  EXPECT_EQ(calls_, 1);
  ASSERT_THAT(courier.events, SizeIs(1));
  EXPECT_EQ(courier.events[0].kind, Event::Kind::kSynced);
  EXPECT_EQ(courier->Step(1'000), Courier::kIdleMs);
  EXPECT_EQ(calls_, 1);
  EXPECT_EQ(courier->Step(Courier::kIdleMs), 2 * Courier::kIdleMs);
  EXPECT_EQ(calls_, 2);
}

TEST_F(CourierTest, BacksOffWithinTheBoundsAndNoEarlier) {
  StandingCourier courier(&office_, &phone_);
  weather_ = absl::UnavailableError("no network");
  int64_t now = 0;
  int64_t bound = kBackoffMsMin;
  for (int failure = 0; failure < 30; ++failure) {
    const int64_t next = courier->Step(now);
    EXPECT_EQ(calls_, failure + 1);
    EXPECT_GT(next, now);
    EXPECT_LE(next, now + bound);
    if (next - now > 1) {
      EXPECT_EQ(courier->Step(next - 1), next);
    }
    EXPECT_EQ(calls_, failure + 1);
    bound = std::min(bound * 2, kBackoffMsMax);
    now = next;
  }
  EXPECT_EQ(courier.events.size(), 30u);
  EXPECT_EQ(courier.events[0].kind, Event::Kind::kSyncFailed);
  weather_ = absl::OkStatus();
  EXPECT_EQ(courier->Step(now), now + Courier::kIdleMs);
}

TEST_F(CourierTest, ALocalChangeDoesNotHammerAServerThatIsAway) {
  StandingCourier courier(&office_, &phone_);
  weather_ = absl::UnavailableError("no network");
  int64_t next = 0;
  for (int failure = 0; failure < 8; ++failure) next = courier->Step(next);
  const int calls = calls_;
  courier->SomethingToSend();
  EXPECT_EQ(courier->Step(next - 1), next);
  EXPECT_EQ(calls_, calls);
  // But when the network is known to be back, it is tried at once.
  weather_ = absl::OkStatus();
  courier->Nudge();
  EXPECT_EQ(courier->Step(next - 1), next - 1 + Courier::kIdleMs);
  EXPECT_EQ(calls_, calls + 1);
  courier->SomethingToSend();
  EXPECT_EQ(courier->Step(next), next + Courier::kIdleMs);
  EXPECT_EQ(calls_, calls + 2);
}

TEST_F(CourierTest, WaitsAsLongAsABusyServerAsks) {
  StandingCourier courier(&office_, &phone_);
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_BUSY);
  detail.set_retry_after_ms(30'000);
  weather_ = WithDetail(absl::UnavailableError("busy"), detail);
  const int64_t next = courier->Step(0);
  EXPECT_GT(next, 30'000);
  EXPECT_LE(next, 31'000);
}

TEST_F(CourierTest, StopsForGoodWhenTheServerDoesNotKnowTheDevice) {
  StandingCourier courier(&office_, &phone_);
  weather_ = absl::UnauthenticatedError("revoked");
  EXPECT_EQ(courier->Step(0), Courier::kNever);
  weather_ = absl::OkStatus();
  courier->SomethingToSend();
  courier->Nudge();
  EXPECT_EQ(courier->Step(1'000'000'000), Courier::kNever);
  EXPECT_EQ(calls_, 1);
}

TEST_F(CourierTest, ComesOnNewsOfOthersAndNotOfItsOwn) {
  Phone binh(&office_, "binh");
  ASSERT_THAT(binh->Sync(), IsOk());
  ASSERT_THAT(phone_->Sync(), IsOk());
  ASSERT_THAT(phone_->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}), IsOk());
  calls_ = 0;
  StandingCourier courier(&office_, &phone_);
  EXPECT_EQ(courier->Step(0), 0);                 // asks
  EXPECT_EQ(courier->Step(0), Courier::kIdleMs);  // sends, takes, begins to listen
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(courier->Step(10), Courier::kIdleMs);
  EXPECT_EQ(calls_, 2);
  ASSERT_THAT(binh->Sync(), IsOk());
  ASSERT_THAT(binh->Create("inspection", "", absl::nullopt, {Set("kind", "search")}), IsOk());
  ASSERT_THAT(binh->Sync(), IsOk());
  EXPECT_EQ(courier->Step(20), 20 + Courier::kIdleMs);
  EXPECT_EQ(calls_, 3);
}

TEST_F(CourierTest, AsksBeforeItSendsUnlessTheServerIsHeard) {
  ASSERT_THAT(phone_->Sync(), IsOk());
  ASSERT_THAT(phone_->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}), IsOk());
  StandingCourier courier(&office_, &phone_);
  calls_ = pushes_ = 0;
  EXPECT_EQ(courier->Step(0), 0);
  EXPECT_EQ(pushes_, 0) << "it was away";
  EXPECT_EQ(courier->Step(0), Courier::kIdleMs);
  EXPECT_EQ(pushes_, 1);
  // Now it listens.
  courier.LoseAll();
  courier->SomethingToSend();
  EXPECT_EQ(courier->Step(10), 10 + Courier::kIdleMs);
  EXPECT_EQ(calls_, 3);
  EXPECT_EQ(pushes_, 2);
  // A call that fails is a time without contact.
  courier.LoseAll();
  weather_ = absl::UnavailableError("no network");
  courier->SomethingToSend();
  const int64_t next = courier->Step(20);
  EXPECT_EQ(pushes_, 3);
  weather_ = absl::OkStatus();
  EXPECT_EQ(courier->Step(next), next);
  EXPECT_EQ(pushes_, 3);
  EXPECT_EQ(courier->Step(next), next + Courier::kIdleMs);
  EXPECT_EQ(pushes_, 4);
}

// A listening that nothing is heard of may have died: what was said meanwhile is not known.
TEST_F(CourierTest, AsksFirstWhenTheServerWasNotHeardForAMinute) {
  ASSERT_THAT(phone_->Sync(), IsOk());
  ASSERT_THAT(phone_->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}), IsOk());
  StandingCourier courier(&office_, &phone_);
  EXPECT_EQ(courier->Step(0), 0);
  EXPECT_EQ(courier->Step(0), Courier::kIdleMs);
  const auto pushes_first = [&](int64_t now_ms) {
    courier.LoseAll();
    courier->SomethingToSend();
    const int before = pushes_;
    courier->Step(now_ms);
    const bool first = pushes_ != before;
    if (!first) courier->Step(now_ms);
    EXPECT_EQ(pushes_, before + 1);
    return first;
  };
  // It goes on by itself, too, with every look at it.
  phone_.clock_ms += Courier::kHeardMs - 1'000;
  EXPECT_TRUE(pushes_first(10));
  phone_.clock_ms += 2'000;
  EXPECT_FALSE(pushes_first(20));
  EXPECT_TRUE(pushes_first(30)) << "it listens anew, and hears";
  // A clock that was set back says nothing.
  phone_.clock_ms -= 5'000;
  EXPECT_FALSE(pushes_first(40));
  // And a network that is back is another.
  EXPECT_TRUE(pushes_first(50));
  courier->Nudge();
  EXPECT_FALSE(pushes_first(60));
}

// Waits until `done`, as a person would.
bool Eventually(const std::function<bool()>& done) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return done();
}

TEST(RunningCourier, CarriesWhatOneWritesToTheOther) {
  Office office;
  Phone nguyet(&office, "nguyet");
  Phone binh(&office, "binh");
  ASSERT_THAT(nguyet->Sync(), IsOk());
  ASSERT_THAT(binh->Sync(), IsOk());
  nguyet->RunCourier();
  binh->RunCourier();
  std::atomic<int> heard{0};
  const auto end = binh->Listen([&](const Event& event) {
    if (event.kind == Event::Kind::kRecordChanged) ++heard;
  });
  std::vector<sync::RecordId> written;
  for (int i = 0; i < 20; ++i) {
    SOTAY_ASSERT_OK_AND_ASSIGN(
        const sync::RecordId id,
        nguyet->Create("inspection", "", absl::nullopt, {Set("kind", "prison")}));
    written.push_back(id);
  }
  EXPECT_TRUE(Eventually([&] { return binh->List().value().size() == written.size(); }));
  EXPECT_TRUE(Eventually([&] { return heard >= 20; }));
  EXPECT_TRUE(Eventually([&] { return nguyet->GetStatus().value().outbox == 0; }));
  EXPECT_EQ(nguyet->Digest().value(), binh->Digest().value());
}

TEST(RunningCourier, EndsWithTheNotebookWhateverItIsDoing) {
  Office office;
  for (int round = 0; round < 10; ++round) {
    Phone phone(&office, "nguyet");
    phone.weather->before = [&](const v1::SyncRequest&) {
      std::this_thread::sleep_for(std::chrono::milliseconds(round));
      return absl::UnavailableError("no network");
    };
    phone->RunCourier();
    std::this_thread::sleep_for(std::chrono::milliseconds(round));
    phone->NudgeCourier();
    phone.Close();
  }
}

}  // namespace
}  // namespace sotay::sdk
