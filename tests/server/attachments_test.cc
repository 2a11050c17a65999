// Attachments on real notebooks and a real server: a file travels beside its record, in pieces, and
// a signature waits for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "server/dossiers.h"
#include "server/secrecy.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"
#include "tests/server/room_phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using Kind = sdk::Edit::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kPiece = size_t{256} << 10;

std::string Photograph(size_t size, uint32_t seed = 1) {
  std::string bytes(size, '\0');
  uint32_t state = seed;
  for (char& byte : bytes) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

sdk::FileSource From(std::string bytes) {
  return [bytes = std::move(bytes), at = size_t{0}](size_t max) mutable {
    std::string some = bytes.substr(at, max);
    at += some.size();
    return absl::StatusOr<std::string>(std::move(some));
  };
}

class Attachments : public ::testing::Test {
 protected:
  void SetUp() override {
    room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
    for (const char* user : {"dam", "que"}) {
      room_.AddUser(user, {{"kv1", options::v1::ROLE_PROSECUTOR}});
    }
    room_.AddUser("an", {{"kv2", options::v1::ROLE_PROSECUTOR}});
    dam_ = std::make_unique<RoomPhone>(&room_, "dam");
    que_ = std::make_unique<RoomPhone>(&room_, "que");
    ngu_ = std::make_unique<RoomPhone>(&room_, "ngu");
    an_ = std::make_unique<RoomPhone>(&room_, "an");
    Meet();
    SOTAY_ASSERT_OK_AND_ASSIGN(
        visit_, (*dam_)->Create("inspection", "", absl::nullopt,
                                {{Kind::kSet, "kind", "", "scene_examination"},
                                 {Kind::kText, "conclusion", "", "Vết phanh dài 4,2 m."}}));
    Meet();
  }
  void Meet() {
    for (int again = 0; again < 2; ++again) {
      for (RoomPhone* phone : {dam_.get(), que_.get(), ngu_.get(), an_.get()}) {
        ASSERT_THAT((*phone)->Sync(), IsOk());
      }
    }
  }
  absl::StatusOr<sync::RecordId> Attach(RoomPhone* phone, const sync::RecordId& to,
                                        const std::string& bytes) {
    return (*phone)->Attach(to, From(bytes), "attachment",
                            {{Kind::kSet, "kind", "", "photo"},
                             {Kind::kSet, "file_name", "", "vet-phanh.jpg"},
                             {Kind::kText, "caption", "", "Vết phanh, điểm đầu"}});
  }
  static absl::Status Sign(RoomPhone* phone, const sync::RecordId& object,
                           const std::string& decision = "sign") {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, (*phone)->Read(object));
    return (*phone)
        ->Sign(view, absl::nullopt, "signoff", {{Kind::kSet, "decision", "", decision}})
        .status();
  }
  static absl::StatusOr<std::string> Saved(RoomPhone* phone, const sync::RecordId& id) {
    std::string bytes;
    SOTAY_RETURN_IF_ERROR((*phone)->SaveFile(id, [&](const std::string& some) {
      bytes += some;
      return absl::OkStatus();
    }));
    return bytes;
  }
  static v1::ChangeOutcome Refused(RoomPhone* phone) {
    const auto refused = (*phone)->Refused();
    EXPECT_THAT(refused, IsOk());
    return refused->empty() ? v1::ChangeOutcome() : refused->back().outcome;
  }
  static sdk::FileLine LineOf(RoomPhone* phone, const sync::RecordId& id) {
    const auto files = (*phone)->ListFiles();
    EXPECT_THAT(files, IsOk());
    for (const sdk::FileLine& line : *files) {
      if (line.record.id == id) return line;
    }
    ADD_FAILURE() << "no such attachment is listed";
    return {};
  }
  static std::vector<std::string> FilesWith(const testing::FaultEnv& disk,
                                            const std::string& bytes) {
    std::vector<std::string> names;
    for (const auto& [name, content] : disk.Visible().files) {
      if (content.find(bytes) != std::string::npos) names.push_back(name);
    }
    return names;
  }

  ServerRoom room_;
  std::unique_ptr<RoomPhone> dam_, que_, ngu_, an_;
  sync::RecordId visit_;
};

TEST_F(Attachments, AreWrittenWithoutANetworkAndFetchedOnDemand) {
  const std::string bytes = Photograph(2 * kPiece + 1'234);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  EXPECT_THAT(FilesWith(dam_->disk(), bytes.substr(5'000, 64)), IsEmpty())
      << "it is sealed at rest";
  dam_->Restart();
  EXPECT_EQ(Saved(dam_.get(), id).value_or(""), bytes);
  EXPECT_TRUE(LineOf(dam_.get(), id).waiting);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sdk::Status status, (*dam_)->GetStatus());
  EXPECT_EQ(status.files_waiting, 1u);
  EXPECT_EQ(status.file_bytes_waiting, bytes.size());
  // The record goes with the notes; the file does not come unasked, and not before it is sent.
  Meet();
  EXPECT_FALSE(LineOf(que_.get(), id).here);
  EXPECT_EQ(LineOf(que_.get(), id).sha256,
            absl::BytesToHexString(
                absl::string_view(reinterpret_cast<const char*>(seal::Sha256(bytes).data()), 32)));
  EXPECT_THAT(Saved(que_.get(), id).status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  EXPECT_FALSE(LineOf(dam_.get(), id).waiting);
  Meet();
  EXPECT_FALSE(LineOf(que_.get(), id).here) << "on demand only";
  EXPECT_EQ(Saved(que_.get(), id).value_or(""), bytes);
  EXPECT_TRUE(LineOf(que_.get(), id).fetched);
  EXPECT_THAT(FilesWith(que_->disk(), bytes.substr(5'000, 64)), IsEmpty());
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(Attachments, GoOnWhereTheConnectionBroke) {
  const std::string bytes = Photograph(6 * kPiece + 99);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  dam_->weather->pieces_left = 3;
  EXPECT_THAT((*dam_)->SendFiles(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(LineOf(dam_.get(), id).sent, 3 * kPiece);
  // The phone is started anew, and so is the server.
  dam_->Restart();
  ASSERT_THAT(room_.Open(), IsOk());
  dam_->weather->pieces_left.reset();
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  EXPECT_LE(dam_->weather->file_bytes_sent, bytes.size() + kPiece) << "sent again: at most a piece";
  EXPECT_EQ(Saved(que_.get(), id).status().code(), absl::StatusCode::kNotFound) << "not synced yet";
  Meet();
  EXPECT_EQ(Saved(que_.get(), id).value_or(""), bytes);
}

TEST_F(Attachments, ASignatureWaitsForEveryFileUnderItsRecord) {
  const std::string bytes = Photograph(kPiece + 5);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  Meet();
  // The leader cannot know: it is not their file.
  ASSERT_THAT(Sign(ngu_.get(), visit_), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  EXPECT_EQ(Refused(ngu_.get()).reason(), v1::REASON_ATTACHMENT_MISSING);
  EXPECT_THAT(Refused(ngu_.get()).message(), HasSubstr(id.Short()));
  // Half of it is not it.
  dam_->weather->pieces_left = 1;
  EXPECT_FALSE((*dam_)->SendFiles().ok());
  ASSERT_THAT(Sign(ngu_.get(), visit_), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  EXPECT_THAT((*ngu_)->Refused().value(), SizeIs(2));
  dam_->weather->pieces_left.reset();
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  ASSERT_THAT(Sign(ngu_.get(), visit_), IsOk());
  Meet();
  EXPECT_THAT((*ngu_)->Refused().value(), SizeIs(2)) << "the third holds";
  EXPECT_THAT((*dam_)->Signatures(visit_).value(), SizeIs(1));
  // What was signed gets no further photograph but by a decision.
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId late,
                             Attach(dam_.get(), visit_, Photograph(1'000, 2)));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  EXPECT_EQ(Refused(dam_.get()).reason(), v1::REASON_LATE_AMENDMENT);
  ASSERT_THAT((*dam_)->SendFiles(), IsOk()) << "it holds up nothing";
  EXPECT_TRUE(LineOf(dam_.get(), late).waiting) << "and is kept";
  EXPECT_THAT(room_.Faults(), IsEmpty());
}

TEST_F(Attachments, ASignatureWaitsForWhatHangsUnderAFindingToo) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId finding,
      (*dam_)->Create("finding", "", visit_, {{Kind::kText, "description", "", "Thiếu chữ ký."}}));
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId note,
      (*dam_)->Create("note", "", visit_, {{Kind::kText, "body", "", "Đo vết phanh."}}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId under_note,
                             Attach(dam_.get(), note, Photograph(1'000, 3)));
  Meet();
  ASSERT_THAT(Sign(ngu_.get(), visit_), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  EXPECT_THAT((*ngu_)->Refused().value(), IsEmpty()) << "a note is none of what is signed";
  Meet();
  ASSERT_THAT(Sign(ngu_.get(), note), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  EXPECT_THAT(Refused(ngu_.get()).message(), HasSubstr(under_note.Short()));
  // Another visit, with one under its finding.
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId other,
      (*dam_)->Create("inspection", "", absl::nullopt, {{Kind::kSet, "kind", "", "search"}}));
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId found,
      (*dam_)->Create("finding", "", other, {{Kind::kText, "description", "", "Thiếu dấu."}}));
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId under_finding,
                             Attach(dam_.get(), found, Photograph(1'000, 4)));
  Meet();
  ASSERT_THAT(Sign(ngu_.get(), other), IsOk());
  ASSERT_THAT((*ngu_)->Sync(), IsOk());
  EXPECT_EQ(Refused(ngu_.get()).reason(), v1::REASON_ATTACHMENT_MISSING);
  EXPECT_THAT(Refused(ngu_.get()).message(), HasSubstr(under_finding.Short()));
  EXPECT_NE(finding, found);
}

TEST_F(Attachments, OneThatWasWithdrawnHoldsUpNobody) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id,
                             Attach(dam_.get(), visit_, Photograph(1'000)));
  Meet();
  ASSERT_THAT((*dam_)->Change(id, {{Kind::kSet, "withdrawal", "", "withdrawn"}}, "đính nhầm"),
              IsOk());
  Meet();
  ASSERT_THAT(Sign(ngu_.get(), visit_), IsOk());
  Meet();
  EXPECT_THAT((*ngu_)->Refused().value(), IsEmpty());
}

TEST_F(Attachments, ThePhoneSaysBeforeItSignsWhatItKnows) {
  room_.AddUser("ngu",
                {{"kv1", options::v1::ROLE_SUPERVISOR}, {"kv1", options::v1::ROLE_PROSECUTOR}});
  Meet();
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id,
                             Attach(ngu_.get(), visit_, Photograph(1'000)));
  const absl::Status signing = Sign(ngu_.get(), visit_);
  EXPECT_THAT(signing, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(signing.message()), HasSubstr(id.Short()));
  EXPECT_THAT(Sign(ngu_.get(), visit_, "return"), IsOk()) << "to give it back wants no file";
}

TEST_F(Attachments, AreNotThereForWhoeverMayNotReadThem) {
  const std::string bytes = Photograph(kPiece);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  const auto hash = seal::Sha256(bytes);
  v1::ReadChunkRequest read;
  read.mutable_blob()->set_record_id(id.str());
  read.mutable_blob()->set_sha256(hash.data(), hash.size());
  const auto asked = [&](RoomPhone* phone, const v1::ReadChunkRequest& request) {
    server::ShownParts shown;
    return room_.blob_exchange->ReadChunk(*room_.directory->CallerOf(phone->device()), request,
                                          &shown);
  };
  EXPECT_THAT(asked(que_.get(), read), IsOk());
  const absl::Status not_yours = asked(an_.get(), read).status();
  v1::ReadChunkRequest nowhere = read;
  nowhere.mutable_blob()->set_record_id(std::string(16, '?'));
  EXPECT_EQ(not_yours, asked(an_.get(), nowhere).status()) << not_yours;
  EXPECT_THAT(not_yours, StatusIs(absl::StatusCode::kNotFound));
  // The record of somebody else's file is not a key to this one.
  v1::ReadChunkRequest another = read;
  another.mutable_blob()->set_sha256(std::string(32, 'h'));
  EXPECT_EQ(asked(que_.get(), another).status(), not_yours);
  // Who has seen the hash and attaches it in a dossier of their own has no file by that.
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId own,
      (*an_)->Create("inspection", "", absl::nullopt, {{Kind::kSet, "kind", "", "search"}}));
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const sync::RecordId bait,
      (*an_)->Create("attachment", "", own,
                     {{Kind::kSet, "sha256", "", absl::BytesToHexString(read.blob().sha256())},
                      {Kind::kSet, "size", "", std::to_string(bytes.size())}}));
  ASSERT_THAT((*an_)->Sync(), IsOk());
  EXPECT_THAT(Saved(an_.get(), bait).status(), StatusIs(absl::StatusCode::kFailedPrecondition));
  v1::AskBlobRequest ask;
  *ask.mutable_blob() = read.blob();
  EXPECT_EQ(room_.blob_exchange->AskBlob(*room_.directory->CallerOf(an_->device()), ask).status(),
            not_yours);
}

TEST_F(Attachments, LeaveThePhoneWithTheirDossierOnceTheyAreSent) {
  const std::string bytes = Photograph(3 * kPiece);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  v1::RestrictDossierRequest request;
  request.set_record_id(visit_.str());
  request.set_reason("Phân công 4/PC-VKS");
  request.add_people()->set_user_id("que");
  room_.WithPen([&](server::Pen* pen) {
    EXPECT_THAT(server::RestrictDossier(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  Meet();
  EXPECT_THAT(dam_->Listed(), IsEmpty());
  EXPECT_THAT(Saved(dam_.get(), id).status(), StatusIs(absl::StatusCode::kNotFound));
  const std::string path = "/notebook/files/" + id.Hex();
  EXPECT_EQ(dam_->disk().Visible().files.count(path), 1u) << "it is unsent";
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  EXPECT_EQ(dam_->disk().Visible().files.count(path), 0u);
  EXPECT_EQ(Saved(que_.get(), id).value_or(""), bytes);
}

TEST_F(Attachments, OfASecretDossierNothingLiesOpenAnywhere) {
  const std::string bytes = Photograph(2 * kPiece);
  const std::string unsent = Photograph(2 * kPiece, 9);
  const std::string needle = bytes.substr(3'000, 64);
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId id, Attach(dam_.get(), visit_, bytes));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  Meet();
  ASSERT_THAT(Saved(que_.get(), id), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId more, Attach(dam_.get(), visit_, unsent));
  ASSERT_THAT((*dam_)->Sync(), IsOk());
  dam_->weather->pieces_left = 1;
  EXPECT_FALSE((*dam_)->SendFiles().ok());
  ASSERT_THAT(FilesWith(room_.disk, needle), SizeIs(1)) << "the test looks where it lies";
  v1::SealDossierRequest request;
  request.set_record_id(visit_.str());
  request.set_alias("Hồ sơ 17");
  request.set_holder("Tủ số 3");
  request.set_reason("9/CV-VKS");
  room_.WithPen([&](server::Pen* pen) {
    EXPECT_THAT(server::SealDossier(pen, *room_.directory->FindPerson("ngu"), request), IsOk());
  });
  EXPECT_THAT(FilesWith(room_.disk, needle), IsEmpty());
  EXPECT_THAT(FilesWith(room_.disk, unsent.substr(3'000, 64)), IsEmpty());
  EXPECT_TRUE(room_.directory->SecretOf(visit_.str())->swept());
  Meet();
  for (RoomPhone* phone : {dam_.get(), que_.get()}) {
    for (const auto& [name, content] : phone->disk().Visible().files) {
      EXPECT_EQ(name.find("/notebook/files/"), std::string::npos) << phone->user() << " " << name;
    }
    EXPECT_THAT(Saved(phone, id).status(), StatusIs(absl::StatusCode::kNotFound));
  }
  dam_->weather->pieces_left.reset();
  const uint64_t sent = dam_->weather->file_bytes_sent;
  ASSERT_THAT((*dam_)->SendFiles(), IsOk());
  EXPECT_EQ(dam_->weather->file_bytes_sent, sent) << "nothing of it is sent any more";
  EXPECT_NE(more, id);
  EXPECT_THAT(room_.Faults(), IsEmpty());
  ASSERT_THAT(room_.Open(), IsOk()) << "and it starts again";
}

TEST_F(Attachments, AStubHasNone) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const sync::RecordId stub,
                             (*dam_)->Create("case", "", absl::nullopt,
                                             {{Kind::kSet, "national_security", "", "yes"},
                                              {Kind::kSet, "alias", "", "Hồ sơ 12"},
                                              {Kind::kSet, "holder", "", "Tủ số 3"}}));
  EXPECT_FALSE(Attach(dam_.get(), stub, Photograph(1'000)).ok());
  for (const auto& [name, content] : dam_->disk().Visible().files) {
    EXPECT_EQ(name.find("/notebook/files/"), std::string::npos) << name;
  }
}

// The file is durable before the record says that it is here, and "saved" is told last.
TEST_F(Attachments, ACrashWhileAttachingLosesNothingTold) {
  const std::string bytes = Photograph(kPiece + 77);
  bool done = false;
  for (uint64_t at = 1; !done; ++at) {
    RoomPhone phone(&room_, "dam");
    ASSERT_THAT(phone->Sync(), IsOk());
    phone.disk().StopAtCall(at);
    const auto told = Attach(&phone, visit_, bytes);
    done = told.ok();
    phone.disk().Cut(testing::PowerCut::kLoseNames, at);
    phone.Restart();
    const auto files = phone->ListFiles();
    ASSERT_THAT(files, IsOk());
    for (const sdk::FileLine& line : *files) {
      EXPECT_EQ(Saved(&phone, line.record.id).value_or(""), bytes) << "stopped at call " << at;
    }
    if (done) {
      EXPECT_THAT(*files, SizeIs(1));
      break;
    }
    ASSERT_LT(at, 200u);
  }
}

}  // namespace
}  // namespace sotay::tests
