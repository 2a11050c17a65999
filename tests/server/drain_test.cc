// Stopping: a server that is asked to stop ends what phones are listening to with a reason to come
// back, keeps what it acknowledged, and goes with exit code 0.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/notebook.h"
#include "tests/e2e/office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using std::chrono::steady_clock;

// How a listening went.
struct Watching {
  bool HasHeard() {
    const auto heard_something = [this] { return heard > 0; };
    absl::MutexLock lock(&mutex);
    return mutex.AwaitWithTimeout(absl::Condition(&heard_something), absl::Seconds(10));
  }
  bool HasEnded() {
    absl::MutexLock lock(&mutex);
    return mutex.AwaitWithTimeout(absl::Condition(&over), absl::Seconds(10));
  }

  absl::Mutex mutex;
  int heard = 0;
  bool over = false;
  absl::Status ended;
};

class DrainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    office_.StartServer();
    ASSERT_FALSE(HasFatalFailure());
    office_.MakeUnit({"nguyet"});
    ASSERT_THAT(sdk::Notebook::Enroll(dir_, office_.Invite("nguyet"), "máy"), IsOk());
    const auto vault = sdk::Vault::Open(dir_);
    ASSERT_THAT(vault, IsOk());
    sdk::GrpcAddress address;
    address.server = office_.address();
    address.authority_pem = (*vault)->authority_pem();
    address.certificate_pem = (*vault)->certificate_pem();
    address.key_pem = *(*vault)->KeyPem();
    link_ = sdk::ConnectGrpc(address);
  }

  std::unique_ptr<sdk::Listening> Watch(Watching* watching) {
    v1::SyncRequest pull;
    pull.set_protocol(1);
    const auto synced = link_->Sync(pull);
    EXPECT_THAT(synced, IsOk());
    v1::WatchRequest request;
    *request.mutable_cursors() = synced->cursors();
    return link_->Watch(
        request,
        [watching](const v1::WatchResponse&) {
          absl::MutexLock lock(&watching->mutex);
          ++watching->heard;
        },
        [watching](const absl::Status& status) {
          absl::MutexLock lock(&watching->mutex);
          watching->ended = status;
          watching->over = true;
        });
  }

  Office office_;
  const std::string dir_ = office_.space() / "phone";
  std::unique_ptr<sdk::Link> link_;
};

TEST_F(DrainTest, EndsAnOpenWatchWithAReasonToComeBackAndGoesWithZero) {
  Watching watching;
  const auto listening = Watch(&watching);
  ASSERT_TRUE(watching.HasHeard());
  const auto began = steady_clock::now();
  EXPECT_EQ(office_.StopServer(), 0);
  // Much less than the 20 s a call that hangs would be given.
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(10));
  ASSERT_TRUE(watching.HasEnded());
  EXPECT_THAT(watching.ended, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(sdk::DetailOf(watching.ended).reason(), v1::REASON_BUSY);
  EXPECT_GT(sdk::DetailOf(watching.ended).retry_after_ms(), 0u);
  EXPECT_EQ(office_.Check().exit_code, 0);
}

TEST_F(DrainTest, KeepsWhatItAcknowledgedAndServesAgain) {
  auto notebook = sdk::Notebook::Open(dir_);
  ASSERT_THAT(notebook, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  sdk::Edit kind;
  kind.field = "kind";
  kind.value = "criminal";
  sdk::Edit title = kind;
  title.field = "title";
  title.value = "Vụ trộm cắp tài sản";
  ASSERT_THAT((*notebook)->Create("case", "vkskv1", absl::nullopt, {kind, title}), IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  // The phone keeps its connection and does nothing with it.
  const auto began = steady_clock::now();
  EXPECT_EQ(office_.StopServer(), 0);
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_THAT((*notebook)->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  office_.StartServer();
  // A new connection, as a new channel makes it at once.
  notebook->reset();
  notebook = sdk::Notebook::Open(dir_);
  ASSERT_THAT(notebook, IsOk());
  EXPECT_THAT((*notebook)->Sync(), IsOk());
  EXPECT_EQ((*notebook)->GetStatus()->accepted_through, 1u);
  EXPECT_EQ((*notebook)->GetStatus()->outbox, 0u);
  EXPECT_EQ(office_.StopServer(), 0);
}

// An app that begins while there is no server.
TEST_F(DrainTest, IsFoundByAnAppThatMetNobodyBefore) {
  EXPECT_EQ(office_.StopServer(), 0);
  auto notebook = sdk::Notebook::Open(dir_);
  ASSERT_THAT(notebook, IsOk());
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT((*notebook)->Sync(), StatusIs(absl::StatusCode::kUnavailable));
  }
  office_.StartServer();
  // Asked again, it asks: what it answers is no memory of an earlier failure.
  EXPECT_THAT((*notebook)->Sync(), IsOk());
  EXPECT_EQ(office_.StopServer(), 0);
}

}  // namespace
}  // namespace sotay::tests
