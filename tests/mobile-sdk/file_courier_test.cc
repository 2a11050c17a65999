// The courier and files: they go when there is nothing else to do, and hold up no note.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mobile-sdk/core/builtin_schema.h"
#include "mobile-sdk/core/courier.h"
#include "mobile-sdk/core/file_exchange.h"
#include "sync/seal/digest.h"
#include "sync/seal/random.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/memory_link.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using tests::IsOk;
using tests::Office;
using tests::Phone;
using tests::Set;

// A hub, and beside it whoever takes files: one at a time, and believes everything.
class FileLink : public tests::MemoryLink {
 public:
  using MemoryLink::MemoryLink;

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request) override {
    calls.push_back("sync");
    return MemoryLink::Sync(request);
  }
  absl::StatusOr<v1::AskBlobResponse> AskBlob(const v1::AskBlobRequest&) override {
    calls.push_back("ask");
    if (!weather.ok()) return weather;
    v1::AskBlobResponse response;
    response.set_bytes(taken.size());
    response.set_whole(whole);
    return response;
  }
  absl::StatusOr<v1::SendChunkResponse> SendChunk(const v1::SendChunkRequest& request) override {
    calls.push_back("send");
    if (!weather.ok()) return weather;
    EXPECT_EQ(request.offset(), taken.size());
    const auto hash = seal::Sha256(request.data());
    EXPECT_EQ(request.sha256(), std::string(hash.begin(), hash.end()));
    taken += request.data();
    v1::SendChunkResponse response;
    response.set_bytes(taken.size());
    return response;
  }
  absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const v1::FinishBlobRequest&) override {
    calls.push_back("finish");
    if (!weather.ok()) return weather;
    whole = true;
    return v1::FinishBlobResponse();
  }

  std::vector<std::string> TakeCalls() { return std::exchange(calls, {}); }

  std::vector<std::string> calls;
  std::string taken;
  bool whole = false;
  absl::Status weather;
};

class FileCourier : public ::testing::Test {
 protected:
  FileCourier() : phone_(&office_, "nguyet"), link_(&office_.hub, phone_.device(), phone_.weather) {
    EXPECT_THAT(phone_->Sync(), IsOk());
    const auto visit = phone_->Create("inspection", "", absl::nullopt, {Set("kind", "search")});
    EXPECT_THAT(visit, IsOk());
    EXPECT_THAT(phone_->Attach(*visit,
                               [this, at = size_t{0}](size_t max) mutable {
                                 std::string some = bytes_.substr(at, max);
                                 at += some.size();
                                 return absl::StatusOr<std::string>(std::move(some));
                               },
                               "attachment", {}),
                IsOk());
    phone_.Close();
    Surroundings around = phone_.surroundings();
    desk_.schema = BuiltinSchema();
    desk_.vault = around.vault;
    desk_.store = Store::Open(phone_.dir(), around, false).value();
    desk_.files = std::make_unique<Files>(phone_.dir() + "/files", FilesOf(around));
    desk_.meta = **desk_.store->Meta();
    desk_.device = desk_.vault->device();
    desk_.now_ms = around.now_ms;
    desk_.random_bytes = seal::RandomBytes;
    desk_.tidings = std::make_shared<Tidings>();
    exchange_ = std::make_unique<Exchange>(&desk_, &link_);
    files_ = std::make_unique<FileExchange>(&desk_, &link_);
    courier_ = std::make_unique<Courier>(&desk_, exchange_.get(), files_.get(), &link_);
  }
  // Until the notes are through.
  void SendNotes() {
    while (courier_->Step(0) == 0 && link_.calls.back() == "sync" && link_.calls.size() < 5 &&
           !files_->Waits()) {
    }
    EXPECT_THAT(link_.TakeCalls(), Each("sync"));
  }

  const std::string bytes_ = std::string(kPieceBytes, 'a') + std::string(kPieceBytes, 'b') + "c";
  Office office_;
  Phone phone_;
  FileLink link_;
  Desk desk_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<FileExchange> files_;
  std::unique_ptr<Courier> courier_;
};

TEST_F(FileCourier, SendsAPieceAStepOnceTheNotesAreThrough) {
  SendNotes();
  EXPECT_EQ(courier_->Step(1), 1) << "there is more, at once";
  EXPECT_THAT(link_.TakeCalls(), ElementsAre("ask", "send"));
  EXPECT_EQ(courier_->Step(2), 2);
  EXPECT_THAT(link_.TakeCalls(), ElementsAre("send"));
  courier_->Step(3);
  EXPECT_THAT(link_.TakeCalls(), ElementsAre("send"));
  courier_->Step(4);
  EXPECT_THAT(link_.TakeCalls(), ElementsAre("finish"));
  EXPECT_EQ(link_.taken, bytes_);
  EXPECT_EQ(courier_->Step(5), Courier::kIdleMs) << "and nothing is left";
  EXPECT_THAT(link_.TakeCalls(), ElementsAre());
}

TEST_F(FileCourier, ANoteGoesBeforeTheNextPiece) {
  SendNotes();
  courier_->Step(1);
  link_.TakeCalls();
  courier_->SomethingToSend();
  courier_->Step(2);
  EXPECT_THAT(link_.TakeCalls(), Each("sync"));
}

TEST_F(FileCourier, AFileThatCannotGoHoldsUpNoNote) {
  SendNotes();
  link_.weather = absl::UnavailableError("no network for files");
  int64_t now = 1;
  for (int failure = 0; failure < 8; ++failure) {
    const int64_t next = courier_->Step(now);
    EXPECT_THAT(link_.TakeCalls(), ElementsAre("ask"));
    EXPECT_GT(next, now);
    EXPECT_LE(next, now + kBackoffMsMax);
    now = next;
  }
  courier_->SomethingToSend();
  const int64_t next = courier_->Step(now - 1);
  EXPECT_THAT(link_.TakeCalls(), Each("sync")) << "at once";
  EXPECT_GT(next, now - 1) << "and the file goes on waiting";
  // A server that knows of no files is asked once, and that is that.
  link_.weather = absl::UnimplementedError("an old server");
  EXPECT_GT(courier_->Step(next), next + kBackoffMsMax);
  EXPECT_THAT(link_.TakeCalls(), ElementsAre("ask"));
}

}  // namespace
}  // namespace sotay::sdk
