// Exchanges with an honest server over a dishonest network.
#include "mobile-sdk/core/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/mobile-sdk/two_phones.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Add;
using tests::IsOk;
using tests::NoteIn;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;
using tests::TwoPhones;

TEST_F(TwoPhones, ALostAnswerCostsNothing) {
  const RecordId note = Note(nguyet_, "Không được mất.");
  bool pushed = false;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    pushed = request.has_push();
    return absl::OkStatus();
  };
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    return pushed ? absl::DeadlineExceededError("lost") : absl::OkStatus();
  };
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(State(nguyet_, note), SyncState::kWaiting);
  EXPECT_EQ(office_.hub.LogSize(), 2u);
  nguyet_.weather->after = nullptr;
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(office_.hub.LogSize(), 2u);
  EXPECT_EQ(State(nguyet_, note), SyncState::kSynced);
  EXPECT_THAT(nguyet_->Refused().value(), IsEmpty());
}

TEST_F(TwoPhones, ADoubledCallIsOneCall) {
  nguyet_.weather->copies = 3;
  const RecordId note = Note(nguyet_, "Một lần.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(office_.hub.LogSize(), 2u);
  EXPECT_EQ(State(nguyet_, note), SyncState::kSynced);
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
}

TEST_F(TwoPhones, WhatIsWrittenDuringACallWaitsForTheNext) {
  const RecordId note = Note(nguyet_, "Một.");
  bool once = true;
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    // The answer is on its way while the person goes on typing.
    if (once) {
      EXPECT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
    }
    once = false;
    return absl::OkStatus();
  };
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(Body(nguyet_, note), "Một, hai.");
  EXPECT_EQ(State(nguyet_, note), SyncState::kSynced);
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_EQ(Body(binh_, note), "Một, hai.");
  ExpectAllAgree();
}

TEST_F(TwoPhones, PendingWordsStayOnTopOfWhatComes) {
  const RecordId note = Note(nguyet_, "Một.");
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  ASSERT_THAT(binh_->Change(note, {Add("next_steps", "Chụp ảnh")}), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  // Written while the answer with the other's words is on its way.
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    EXPECT_THAT(nguyet_->Change(note, {Text("body", "Một, hai.")}), IsOk());
    nguyet_.weather->after = nullptr;
    return absl::OkStatus();
  };
  int exchanges = 0;
  ASSERT_THAT(nguyet_->Sync([&](const SyncProgress&) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const RecordView view, nguyet_->Read(note));
    EXPECT_EQ(NoteIn(view).body(), "Một, hai.");
    EXPECT_THAT(NoteIn(view).next_steps(), SizeIs(1));
    EXPECT_EQ(view.state, ++exchanges == 1 ? SyncState::kWaiting : SyncState::kSynced);
  }),
              IsOk());
  EXPECT_EQ(exchanges, 2);
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
}

TEST_F(TwoPhones, SayWhatWasAcceptedAndHasNotComeBackYet) {
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  office_.hub.records_bytes_max = 3'000;  // one of those an answer
  // After the phone has asked, and before it sends.
  nguyet_.weather->after = [&](const v1::SyncResponse&) {
    nguyet_.weather->after = nullptr;
    for (int i = 0; i < 3; ++i) Note(binh_, std::string(2'000, 'x'));
    return binh_->Sync();
  };
  const RecordId note = Note(nguyet_, "Của tôi.");
  std::vector<SyncState> states;
  ASSERT_THAT(nguyet_->Sync([&](const SyncProgress&) { states.push_back(State(nguyet_, note)); }),
              IsOk());
  ASSERT_GE(states.size(), 3u);
  EXPECT_EQ(states.front(), SyncState::kWaiting);
  EXPECT_EQ(states[1], SyncState::kSent);
  EXPECT_EQ(states.back(), SyncState::kSynced);
}

TEST_F(TwoPhones, ABigOutboxGoesInSeveralPushes) {
  size_t pushes = 0;
  size_t most = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    if (request.has_push()) ++pushes;
    most = std::max<size_t>(most, request.push().count());
    EXPECT_LE(request.push().changes().size(), 1u << 20);
    return absl::OkStatus();
  };
  const RecordId note = Note(nguyet_, "0");
  for (int i = 1; i <= 1'500; ++i) {
    ASSERT_THAT(nguyet_->Change(note, {Set("occurred_ms", absl::StrCat(i))}), IsOk());
  }
  std::vector<SyncProgress> progress;
  ASSERT_THAT(nguyet_->Sync([&](const SyncProgress& p) { progress.push_back(p); }), IsOk());
  EXPECT_EQ(pushes, 2u);
  EXPECT_EQ(most, 1'000u);
  ASSERT_THAT(progress, SizeIs(3));  // it asks first
  EXPECT_EQ(progress[0].to_send, 1'502u);
  EXPECT_EQ(progress[0].sent, 0u);
  EXPECT_EQ(progress[1].sent, 1'000u);
  EXPECT_EQ(progress[2].sent, 1'502u);
  EXPECT_EQ(progress[2].received, 3u);  // both records, and the note again
  ASSERT_THAT(binh_->Sync(), IsOk());
  ExpectAllAgree();
}

TEST_F(TwoPhones, AMebibyteOfWordsIsMoreThanOnePush) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 40; ++i) {
    std::string body;
    while (body.size() < 50'000) absl::StrAppend(&body, random(), " ");
    Note(nguyet_, body);
  }
  size_t pushes = 0;
  nguyet_.weather->before = [&](const v1::SyncRequest& request) {
    if (request.has_push()) ++pushes;
    EXPECT_LE(request.ByteSizeLong(), 2u << 20);
    return absl::OkStatus();
  };
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(pushes, 2u);
  size_t answers = 0;
  binh_.weather->after = [&](const v1::SyncResponse&) {
    ++answers;
    return absl::OkStatus();
  };
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_GT(answers, 1u);
  ExpectAllAgree();
}

TEST_F(TwoPhones, HalveWhatIsTooLargeAndGrowAgain) {
  office_.hub.push_changes_max = 7;
  for (int i = 0; i < 60; ++i) Note(nguyet_, absl::StrCat("Ghi chép ", i));
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(office_.hub.LogSize(), 61u);
  office_.hub.push_changes_max = 1'000;
  for (int i = 0; i < 60; ++i) Note(nguyet_, absl::StrCat("Ghi chép ", i));
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(office_.hub.LogSize(), 121u);
}

TEST_F(TwoPhones, AChangeTooLargeForAnyServerIsNotSentForEver) {
  office_.hub.push_changes_max = 0;
  const RecordId note = Note(nguyet_, "Một.");
  EXPECT_THAT(nguyet_->Sync(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Body(nguyet_, note), "Một.");
}

TEST_F(TwoPhones, AContradictoryAnswerIsNotStored) {
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  ASSERT_THAT(binh_->Sync(), IsOk());
  const std::string digest = nguyet_->Digest().value();
  const auto cursors = nguyet_->GetStatus().value().cursors;
  const auto broken = [&](std::function<void(v1::SyncResponse*)> alter) {
    nguyet_.weather->alter = std::move(alter);
    const absl::Status status = nguyet_->Sync();
    EXPECT_EQ(nguyet_->Digest().value(), digest);
    return status;
  };
  EXPECT_THAT(broken([](v1::SyncResponse* r) { r->set_more(true); }),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("gives nothing")));
  const RecordId note = Note(binh_, "Một.");
  ASSERT_THAT(binh_->Sync(), IsOk());
  EXPECT_THAT(broken([](v1::SyncResponse* r) {
                r->mutable_records()->set_codec(v1::CODEC_PLAIN);
                r->mutable_records()->set_size(3);
                r->mutable_records()->set_data("\xff\xff\xff");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(broken([](v1::SyncResponse* r) {
                r->mutable_records()->set_size(1u << 30);
                r->mutable_records()->set_codec(v1::CODEC_ZSTD);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(broken([](v1::SyncResponse* r) { r->add_outcomes()->set_sequence(77); }),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(broken([](v1::SyncResponse* r) { r->clear_cursors(); }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a cursor")));
  EXPECT_EQ(nguyet_->GetStatus().value().cursors.at(0).position(), cursors.at(0).position());
  nguyet_.weather->alter = nullptr;
  ASSERT_THAT(nguyet_->Sync(), IsOk());
  EXPECT_EQ(Body(nguyet_, note), "Một.");
}

TEST_F(TwoPhones, AgreeAfterAnyWeather) {
  // Lost requests, lost answers and doubled calls, in an order from a seed.
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<RecordId> notes;
    for (Phone* phone : {&nguyet_, &binh_}) {
      phone->weather->before = [&](const v1::SyncRequest&) {
        return random() % 4 == 0 ? absl::UnavailableError("lost") : absl::OkStatus();
      };
      phone->weather->after = [&](const v1::SyncResponse&) {
        return random() % 4 == 0 ? absl::DeadlineExceededError("lost") : absl::OkStatus();
      };
    }
    for (int step = 0; step < 40; ++step) {
      Phone& phone = random() % 2 == 0 ? nguyet_ : binh_;
      phone.weather->copies = 1 + static_cast<int>(random() % 2);
      const auto lines = phone->List();
      switch (random() % 4) {
        case 0:
          if (phone->Read(root_).ok()) notes.push_back(Note(phone, absl::StrCat("s", step)));
          break;
        case 1:
        case 2:
          for (const RecordLine& line : *lines) {
            if (line.type != "casework.v1.Note" || random() % 3 != 0) continue;
            ASSERT_THAT(phone->Change(line.id, {Text("body", absl::StrCat(seed, "/", step))}),
                        IsOk());
            break;
          }
          break;
        default:
          phone->Sync().IgnoreError();
      }
    }
    for (Phone* phone : {&nguyet_, &binh_}) {
      phone->weather->before = nullptr;
      phone->weather->after = nullptr;
    }
    for (int round = 0; round < 2; ++round) {
      ASSERT_THAT(nguyet_->Sync(), IsOk()) << "seed " << seed;
      ASSERT_THAT(binh_->Sync(), IsOk()) << "seed " << seed;
    }
    ExpectAllAgree();
    EXPECT_THAT(nguyet_->Refused().value(), IsEmpty());
    for (const RecordId& note : notes) EXPECT_THAT(binh_->Read(note), IsOk());
  }
}

}  // namespace
}  // namespace sotay::sdk
