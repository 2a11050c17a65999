// The courier and files: they go when there is nothing else to do, and hold up no note.
#include "mobile-sdk/core/courier.h"
#include "tests/mobile-sdk/file_room.h"

namespace sotay::sdk {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using tests::IsOk;

class FileCourier : public tests::FileRoom {
 protected:
  FileCourier() {
    const auto id = Attach(bytes_);
    EXPECT_THAT(id, IsOk());
    id_ = id.value_or(sync::RecordId());
    Stand();
    courier_ = std::make_unique<Courier>(&desk_, exchange_.get(), files_.get(), link_.get());
  }
  // Until the notes are through.
  void SendNotes() {
    while (courier_->Step(0) == 0 && server_.calls.back() == "sync" && server_.calls.size() < 5 &&
           !files_->Waits()) {
    }
    EXPECT_THAT(server_.TakeCalls(), Each("sync"));
  }

  const std::string bytes_ = std::string(kPieceBytes, 'a') + std::string(kPieceBytes, 'b') + "c";
  sync::RecordId id_;
  std::unique_ptr<Courier> courier_;
};

TEST_F(FileCourier, SendsAPieceAStepOnceTheNotesAreThrough) {
  SendNotes();
  EXPECT_EQ(courier_->Step(1), 1) << "there is more, at once";
  EXPECT_THAT(server_.TakeCalls(), ElementsAre("ask", "send"));
  EXPECT_EQ(courier_->Step(2), 2);
  EXPECT_THAT(server_.TakeCalls(), ElementsAre("send"));
  courier_->Step(3);
  EXPECT_THAT(server_.TakeCalls(), ElementsAre("send"));
  courier_->Step(4);
  EXPECT_THAT(server_.TakeCalls(), ElementsAre("finish"));
  EXPECT_EQ(server_.taken[id_.str()].bytes, bytes_);
  EXPECT_EQ(courier_->Step(5), Courier::kIdleMs) << "and nothing is left";
  EXPECT_THAT(server_.TakeCalls(), ElementsAre());
}

TEST_F(FileCourier, ANoteGoesBeforeTheNextPiece) {
  SendNotes();
  courier_->Step(1);
  server_.TakeCalls();
  courier_->SomethingToSend();
  courier_->Step(2);
  EXPECT_THAT(server_.TakeCalls(), Each("sync"));
}

TEST_F(FileCourier, AFileThatCannotGoHoldsUpNoNote) {
  SendNotes();
  absl::Status weather = absl::UnavailableError("no network for files");
  server_.weather = [&](const auto&, const auto&) { return weather; };
  int64_t now = 1;
  for (int failure = 0; failure < 8; ++failure) {
    const int64_t next = courier_->Step(now);
    EXPECT_THAT(server_.TakeCalls(), ElementsAre("ask"));
    EXPECT_GT(next, now);
    EXPECT_LE(next, now + kBackoffMsMax);
    now = next;
  }
  courier_->SomethingToSend();
  const int64_t next = courier_->Step(now - 1);
  EXPECT_THAT(server_.TakeCalls(), Each("sync")) << "at once";
  EXPECT_GT(next, now - 1) << "and the file goes on waiting";
  // A server that knows of no files is asked once, and that is that.
  weather = absl::UnimplementedError("an old server");
  EXPECT_EQ(courier_->Step(next), next) << "the next file has its turn";
  EXPECT_THAT(server_.TakeCalls(), ElementsAre("ask"));
  EXPECT_GT(courier_->Step(next), next + kBackoffMsMax) << "of which there is none";
  EXPECT_THAT(server_.TakeCalls(), ElementsAre());
}

}  // namespace
}  // namespace sotay::sdk
