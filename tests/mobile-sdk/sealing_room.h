// A phone with a case that proves to be secret: part of it sent, part not, and work in another.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "leveldb/iterator.h"
#include "sync/durable/open.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {

inline constexpr char kUnsentWords[] = "Chưa gửi: 885 triệu đồng trao tay";
inline constexpr char kSentWords[] = "Đã gửi: gặp tại quán Mây Chiều";

class SealingRoom : public ::testing::Test {
 protected:
  SealingRoom() : dam_(&office_, "dam") {
    EXPECT_THAT(dam_->Sync(), tests::IsOk());
    empty_ = office_.hub.Backup();
    matter_ = Case("Vụ K");
    other_ = Case("Vụ khác");
    sent_ = Note(matter_, kSentWords);
    EXPECT_THAT(dam_->Sync(), tests::IsOk());
    unsent_ = Note(matter_, kUnsentWords);
    kept_ = Note(other_, "Ghi chép khác.");
    EXPECT_THAT(
        dam_->Change(sent_, {tests::Text("body", absl::StrCat(kSentWords, "; ", kUnsentWords))}),
        tests::IsOk());
    Watch();
    NoteItsRows();
  }

  sync::RecordId Case(const std::string& title) {
    return dam_
        ->Create("case", "", absl::nullopt,
                 {tests::Set("kind", "criminal"), tests::Set("title", title)})
        .value();
  }
  sync::RecordId Note(const sync::RecordId& dossier, const std::string& body) {
    return dam_->Create("note", "", dossier, {tests::Text("body", body)}).value();
  }

  // Every request that leaves; and the act, said with every answer while `telling`.
  void Watch() {
    dam_.weather->before = [this](const v1::SyncRequest& request) {
      requests_.push_back(request);
      return absl::OkStatus();
    };
    dam_.weather->alter = [this](v1::SyncResponse* response) {
      if (!telling_) return;
      v1::SecretDossier* const secret = response->add_secret_dossiers();
      secret->set_dossier_id(matter_.str());
      secret->set_unit_id(tests::kOffice);
      secret->set_alias("S-07");
      secret->set_holder("Lãnh đạo Viện");
      secret->set_set_by("ngu");
      secret->set_set_ms(tests::kNow);
    };
  }
  static v1::ChangeBatch Pushed(const v1::SyncRequest& request) {
    v1::ChangeBatch batch;
    batch.ParseFromString(seal::Unpack(request.push().changes(), sync::kPushBytesMax).value_or(""));
    return batch;
  }
  // Whether a change of that body was ever in a request.
  bool Left(absl::string_view words) const {
    for (const v1::SyncRequest& request : requests_) {
      if (absl::StrContains(Pushed(request).SerializeAsString(), words)) return true;
    }
    return false;
  }
  // Files of the store that have any of the dossier's words: the rows with them as they are sealed,
  // which are known again by what they begin with, of chance; or, where nothing ever is, in clear.
  int FilesWithWords() {
    int files = 0;
    for (const auto& [name, bytes] : dam_.Disk().files) {
      for (const std::string& begins : its_rows_) {
        if (absl::StrContains(bytes, begins)) ++files;
      }
      for (const char* words : {"885 triệu", "Mây Chiều", "Vụ K"}) {
        if (absl::StrContains(bytes, words)) ++files;
      }
    }
    return files;
  }
  // The rows that have its words now.
  void NoteItsRows() {
    testing::FaultEnv copy;
    copy.Restart(dam_.Disk());
    durable::StoreOptions options;
    options.base = &copy;
    options.sync_directory = durable::NoDirectorySync;
    const auto store = durable::Open("/notebook/store", options);
    ASSERT_THAT(store, tests::IsOk());
    const auto at = (*store)->NewIterator();
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const std::string key = at->key().ToString();
      const bool own = key[0] == 'o' && key.back() != 2 && key.back() != 5;  // those are of another
      const bool of_it =
          absl::StrContains("brh", key.substr(0, 1)) &&
          (absl::StrContains(key, matter_.view()) || absl::StrContains(key, sent_.view()) ||
           absl::StrContains(key, unsent_.view()));
      if (own || of_it) its_rows_.insert(at->value().ToString().substr(0, kNonceBytes));
    }
    EXPECT_GE(its_rows_.size(), 9u) << "four changes, two records of the server, three lines";
  }
  void ExpectSealed(uint64_t unsent = 2) {
    EXPECT_EQ(FilesWithWords(), 0);
    for (const sync::RecordId& id : {sent_, unsent_}) {
      EXPECT_THAT(dam_->Read(id).status(), tests::StatusIs(absl::StatusCode::kNotFound));
      EXPECT_THAT(dam_->History(id, false).status(), tests::StatusIs(absl::StatusCode::kNotFound));
    }
    EXPECT_THAT(dam_->Read(matter_).status(),
                tests::StatusIs(absl::StatusCode::kFailedPrecondition,
                                ::testing::HasSubstr("proved to be secret")));
    const auto status = dam_->GetStatus();
    ASSERT_THAT(status, tests::IsOk());
    ASSERT_THAT(status->sealed_dossiers, ::testing::SizeIs(1));
    const stored::v1::SealedDossier& sealed = status->sealed_dossiers.at(matter_);
    EXPECT_EQ(sealed.told().alias(), "S-07");
    EXPECT_EQ(sealed.told().holder(), "Lãnh đạo Viện");
    EXPECT_EQ(sealed.told().set_by(), "ngu");
    EXPECT_EQ(sealed.withheld(), 4u);
    EXPECT_EQ(sealed.unsent(), unsent);
    EXPECT_TRUE(sealed.purged());
    EXPECT_THAT(dam_->Read(kept_), tests::IsOk());
  }

  tests::Office office_;
  tests::Phone dam_;
  std::shared_ptr<const tests::MemoryHub::State> empty_;
  sync::RecordId matter_, other_, sent_, unsent_, kept_;
  bool telling_ = true;
  static constexpr size_t kNonceBytes = 24;
  std::set<std::string> its_rows_;
  std::vector<v1::SyncRequest> requests_;
};

}  // namespace sotay::sdk
