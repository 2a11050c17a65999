// An office in which dossiers prove to be secret, for tests of that: a head, two prosecutors with
// their phones, an administrator, and two cases that were pushed together.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "server/seal_rows.h"
#include "server/secrecy.h"
#include "sync/seal/vault.h"
#include "tests/server/dossiers_room.h"

namespace sotay::server {

// Stands in the secret dossier alone, and in a shape that nothing packs or cuts.
constexpr char kNeedle[] = "Qx7Zk0Vt2Mf9Wb4";
constexpr char kUnitOfRoom[] = "kv1";

class SecrecyRoom : public DossiersRoom {
 protected:
  SecrecyRoom() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&dam_);
    nguyet_.Write("k", {tests::NewCase("k", kNeedle), tests::Note("n").Says(Secret("một"))});
    nguyet_.Write("e", {tests::NewCase("e"), tests::Note("m").Says("Đo vết phanh.")});
    nguyet_.Write("k", {tests::Note("n").Says(Secret("hai"))});
    room_.Exchange(&nguyet_);
    room_.Exchange(&dam_);
    dam_.Write("k", {tests::Note("n").Says(Secret("ba"))});
    room_.Exchange(&dam_);
    room_.Exchange(&nguyet_);
  }

  static std::string Secret(const std::string& word) { return std::string(kNeedle) + " " + word; }
  static std::string Id(const std::string& name) { return tests::RecordNamed(name).str(); }

  absl::StatusOr<v1::SealedDossierView> Seal(const std::string& by = "ngu",
                                             const std::string& record = "n",
                                             const std::string& alias = "Hồ sơ 17") {
    v1::SealDossierRequest request;
    request.set_record_id(Id(record));
    request.set_alias(alias);
    request.set_holder("Tủ số 3, phòng 4");
    request.set_reason("Công văn 9/VKS");
    absl::StatusOr<v1::SealDossierResponse> response;
    room_.WithPen([&](Pen* pen) { response = SealDossier(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    return response->sealed();
  }
  absl::StatusOr<v1::SealedDossierView> Ask(const std::string& by) {
    v1::DestroyRequest request;
    request.set_dossier_id(Id("k"));
    request.set_reason("Quyết định 20/QĐ-VKS");
    absl::StatusOr<v1::DestroyResponse> response;
    room_.WithPen([&](Pen* pen) { response = AskDestruction(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    return response->sealed();
  }
  absl::StatusOr<v1::SealedDossierView> Confirm(const std::string& by) {
    v1::ConfirmRequest request;
    request.set_dossier_id(Id("k"));
    request.set_reason("Biên bản tiêu hủy 21");
    absl::StatusOr<v1::ConfirmResponse> response;
    room_.WithPen([&](Pen* pen) { response = ConfirmDestruction(pen, *Of(by), request); });
    if (!response.ok()) return response.status();
    return response->sealed();
  }

  // Files of the whole disk that have these bytes.
  std::vector<std::string> FilesWith(const std::string& bytes) const {
    std::vector<std::string> files;
    for (const auto& [name, content] : room_.disk.Visible().files) {
      if (content.find(bytes) != std::string::npos) files.push_back(name);
    }
    return files;
  }
  // Rows that have it, pushes unpacked.
  std::vector<std::string> RowsWith(const std::string& bytes) {
    std::vector<std::string> rows;
    EXPECT_THAT(room_.store->VisitAll([&](absl::string_view key, absl::string_view value) {
      std::string read(value);
      stored::v1::SealRow seal;
      if (ParseKey(key)->table == Table::kSeal && seal.ParseFromString(read)) {
        const auto batch = Unpacked(seal.changes());
        EXPECT_THAT(batch, tests::IsOk());
        if (batch.ok()) read = batch->SerializeAsString();
      }
      if (read.find(bytes) != std::string::npos) rows.push_back(DescribeKey(key));
      return true;
    }),
                tests::IsOk());
    return rows;
  }
  std::string KeyOfSecret() {
    return room_.store->Get(SecretKeyKey(tests::RecordNamed("k")))->value_or("");
  }
  // What is sealed, opened.
  std::string Content() {
    std::string content;
    const sync::RecordId dossier = tests::RecordNamed("k");
    const auto row = room_.directory->SecretOf(Id("k"));
    for (uint64_t number = 1; row != nullptr && number <= row->contents(); ++number) {
      const std::string key = SecretContentKey(dossier, number);
      stored::v1::SecretContent part;
      EXPECT_TRUE(part.ParseFromString(room_.store->Get(key)->value_or("")));
      if (part.sealed().empty()) continue;
      const auto opened = seal::OpenFromVault(KeyOfSecret(), key, part.sealed());
      EXPECT_THAT(opened, tests::IsOk());
      content += opened.value_or("");
    }
    return content;
  }
  // What everybody may still ask for, and nobody is to be given.
  bool IsShownTo(const std::string& user, const std::string& record) {
    v1::GetRecordRequest request;
    request.set_record_id(Id(record));
    request.set_history_size(10);
    return room_.supervision->GetRecord(*Of(user), request).ok();
  }
  std::vector<v1::QuarantinedChange> Listed(const std::string& by) {
    const auto listed = room_.supervision->ListQuarantine(*Of(by), v1::ListQuarantineRequest());
    EXPECT_THAT(listed, tests::IsOk());
    return {listed->changes().begin(), listed->changes().end()};
  }

  tests::SealedPhone nguyet_{"nguyet"};
  tests::SealedPhone dam_{"dam"};
};

}  // namespace sotay::server
