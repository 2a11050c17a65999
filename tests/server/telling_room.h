// An office in which somebody asks, by every call that takes the id of a record, for what is not
// theirs and for what is not there.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/attachment.pb.h"
#include "server/access_reading.h"
#include "server/evidence.h"
#include "server/secrecy.h"
#include "server/tally.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {

// Somebody asks something about an id; what they are answered.
struct Question {
  std::string name;
  std::function<absl::Status(const Caller&, const std::string&)> ask;
};

// Cases k, for Đàm alone, and m, each with notes and attachments, which came at once.
class TellingRoom : public DossiersRoom {
 protected:
  TellingRoom() {
    Enrol(&dam_, PostOf("dam", "kv1", v1::CAPACITY_KSV));
    Enrol(&que_, PostOf("que", "kv1", v1::CAPACITY_KSV));
    Enrol(&an_, PostOf("an", "kv2", v1::CAPACITY_KSV));
    Enrol(&deputy_, PostOf("pho", "kv1", v1::CAPACITY_DEP, 0, 0, {"khieu_to"}));
    Enrol(&division_, PostOf("phong", "tinh", v1::CAPACITY_DIV, 0, 0, {"khieu_to"}));
    for (const std::string dossier : {"k", "m"}) {
      dam_.Write(dossier, {tests::NewCase(dossier)});
      for (const char* number : {"1", "2", "3"}) {
        dam_.Write(dossier, {tests::Note(dossier + number).Says("bị can khai 53 triệu")});
        dam_.Write(dossier, {Attached(dossier + "-tep-" + number, dossier)});
      }
    }
    room_.Exchange(&dam_);
    EXPECT_THAT(Restrict("ngu", "k", {{"dam", 0}}), tests::IsOk());
    Reopen();
  }
  static tests::Wish Attached(const std::string& name, const std::string& parent) {
    using A = casework::v1::Attachment;
    return tests::Wish(name, "casework.v1.Attachment")
        .Set(A::kParentFieldNumber, Id(parent))
        .Set(A::kSha256FieldNumber, std::string(32, 'h'))
        .SetNumber(A::kSizeFieldNumber, 1'000);
  }
  // Nothing is known but what is on the disk.
  void Reopen() { ASSERT_THAT(room_.Open(), tests::IsOk()); }

  static std::string Id(const std::string& name) { return tests::RecordNamed(name).str(); }
  template <typename Request>
  static Request OfFile(const std::string& id) {
    Request request;
    request.mutable_blob()->set_record_id(id);
    request.mutable_blob()->set_sha256(std::string(32, 'h'));
    return request;
  }
  template <typename Request>
  static Request OfRecord(const std::string& id) {
    Request request;
    request.set_record_id(id);
    return request;
  }
  template <typename Act>
  absl::Status WithPen(const Act& act) {
    absl::Status status = absl::UnknownError("never answered");
    room_.WithPen([&](Pen* pen) { status = act(pen); });
    return status;
  }

  // The calls that take the id of a record.
  std::vector<Question> Questions() {
    return {
        {"GetRecord",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::GetRecordRequest>(id);
           request.set_history_size(10);
           return room_.supervision->GetRecord(*caller.person, request).status();
         }},
        {"ListRecordHistory",
         [this](const Caller& caller, const std::string& id) {
           return room_.supervision
               ->ListRecordHistory(*caller.person, OfRecord<v1::ListRecordHistoryRequest>(id))
               .status();
         }},
        {"ListAccess",
         [this](const Caller& caller, const std::string& id) {
           const AccessReading reading(room_.directory.get(), room_.store.get(),
                                       room_.supervision.get(), tests::CaseworkSchema().get());
           return reading.MayAsk(*caller.person, OfRecord<v1::ListAccessRequest>(id));
         }},
        {"RestrictDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::RestrictDossierRequest>(id);
           request.set_reason("Phân công 5/PC-VKS");
           return WithPen(
               [&](Pen* pen) { return RestrictDossier(pen, *caller.person, request).status(); });
         }},
        {"OpenDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::OpenDossierRequest>(id);
           request.set_reason("Kết thúc phân công");
           return WithPen(
               [&](Pen* pen) { return OpenDossier(pen, *caller.person, request).status(); });
         }},
        {"ProveRecord",
         [this](const Caller& caller, const std::string& id) {
           const Evidence evidence(room_.directory.get(), room_.store.get(), room_.notary.get(),
                                   room_.supervision.get());
           return evidence
               .ProveRecord(*caller.person, OfRecord<v1::ProveRecordRequest>(id), room_.now_ms)
               .status();
         }},
        {"GetTogether",
         [this](const Caller& caller, const std::string& id) {
           const auto tally = Tally::Make(room_.directory.get(), room_.store.get(),
                                          &room_.store->schema(), room_.supervision.get());
           return (*tally)
               ->GetTogether(*caller.person, OfRecord<v1::GetTogetherRequest>(id))
               .status();
         }},
        {"SealDossier",
         [this](const Caller& caller, const std::string& id) {
           auto request = OfRecord<v1::SealDossierRequest>(id);
           request.set_alias("Hồ sơ 17");
           request.set_holder("Tủ số 3");
           request.set_reason("Công văn 9/VKS");
           return WithPen(
               [&](Pen* pen) { return SealDossier(pen, *caller.person, request).status(); });
         }},
        {"AskBlob",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->AskBlob(caller, OfFile<v1::AskBlobRequest>(id)).status();
         }},
        {"SendChunk",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->SendChunk(caller, OfFile<v1::SendChunkRequest>(id)).status();
         }},
        {"FinishBlob",
         [this](const Caller& caller, const std::string& id) {
           return room_.blob_exchange->FinishBlob(caller, OfFile<v1::FinishBlobRequest>(id))
               .status();
         }},
        {"ReadChunk",
         [this](const Caller& caller, const std::string& id) {
           ShownParts shown;
           return room_.blob_exchange->ReadChunk(caller, OfFile<v1::ReadChunkRequest>(id), &shown)
               .status();
         }},
    };
  }
  // How often the store is looked into until they are told that it is not there.
  uint64_t LooksOf(const tests::SealedPhone& asker, const Question& question,
                   const std::string& id) {
    const Caller caller = room_.CallerOf(asker);
    const uint64_t before = room_.store->lookups();
    EXPECT_THAT(question.ask(caller, id),
                tests::StatusIs(absl::StatusCode::kNotFound, ::testing::_));
    return room_.store->lookups() - before;
  }

  // Twenty more dossiers, as an office has: each with notes, some of which went on, as did some of
  // the dossiers themselves, and one that is for others too.
  void OpenMany() {
    for (int i = 0; i < 20; ++i) {
      const std::string dossier = absl::StrCat("vu", i);
      dam_.Write(dossier, {tests::NewCase(dossier)});
      dam_.Write(dossier, {tests::Note(dossier + "-1").Says("Lời khai đầu.")});
      dam_.Write(dossier, {Attached(dossier + "-tep", dossier)});
    }
    room_.Exchange(&dam_);
    for (int i = 0; i < 20; i += 3) {
      const std::string dossier = absl::StrCat("vu", i);
      dam_.Write(dossier,
                 {tests::Case(dossier).Set(casework::v1::Case::kTitleFieldNumber, "Vụ khác")});
    }
    room_.Exchange(&dam_);
    EXPECT_THAT(Restrict("ngu", "vu7", {{"dam", 0}}), tests::IsOk());
  }
  void Seal(const std::string& dossier) {
    auto request = OfRecord<v1::SealDossierRequest>(Id(dossier));
    request.set_alias("Hồ sơ 17");
    request.set_holder("Tủ số 3");
    request.set_reason("Công văn 9/VKS");
    ASSERT_THAT(WithPen([&](Pen* pen) { return SealDossier(pen, *Of("ngu"), request).status(); }),
                tests::IsOk());
  }
  uint64_t LooksOfList(const tests::SealedPhone& asker) {
    const Caller caller = room_.CallerOf(asker);
    const uint64_t before = room_.store->lookups();
    EXPECT_THAT(room_.supervision->ListRecords(*caller.person, {}), tests::IsOk());
    return room_.store->lookups() - before;
  }

  tests::SealedPhone dam_{"dam"};
  tests::SealedPhone que_{"que"};
  tests::SealedPhone an_{"an", "kv2"};
  tests::SealedPhone deputy_{"pho"};
  tests::SealedPhone division_{"phong", "tinh"};
};

}  // namespace sotay::server
