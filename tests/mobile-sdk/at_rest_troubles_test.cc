// What goes wrong while a phone's store is sealed: a medium that is not there, a disk that is full
// or damaged, two at once.  Nothing is lost by it, and nobody is locked out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "mobile-sdk/core/file_keystore.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/stored/v1/store_seal.pb.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/invitation.h"
#include "sync/seal/key.h"
#include "sync/seal/vault.h"
#include "tests/mobile-sdk/at_rest_room.h"
#include "tests/support/process.h"

namespace sotay::sdk {
namespace {

TEST_F(AtRest, WithoutRoomItIsReadInClearAndGoesOverLater) {
  phone_.PutDisk(InClear());
  phone_.free_bytes = 1'000;
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(phone_.Open(), IsOk());
    ExpectAllThere("without room");
    EXPECT_THAT(phone_->GetStatus()->purge,
                StatusIs(absl::StatusCode::kResourceExhausted,
                         HasSubstr("not all of the notebook is sealed: to seal it takes ")));
    phone_.Close();
  }
  EXPECT_EQ(Disk(phone_.Disk()).Rows().count(keys::Seal()), 0u);
  EXPECT_EQ(KeyPathIn(phone_.Disk()), "");
  ASSERT_THAT(phone_.Open(), IsOk());
  const auto id = phone_->Create("note", "", root_, {Text("body", kBody)});
  ASSERT_THAT(id, IsOk()) << "who cannot seal can write";
  phone_.Close();
  phone_.free_bytes = uint64_t{1} << 40;
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->Read(*id), IsOk());
  EXPECT_THAT(phone_->GetStatus()->purge, IsOk());
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
}

// What the disk said it had room for, it had not.
TEST_F(AtRest, AFullDiskLocksNobodyOut) {
  Disk disk(InClear(/*more_bytes=*/800'000));
  { disk.Open(); }  // what is in its log goes to a table, for which opening needs room in any case
  const DiskImage old = disk.Image();
  int waited = 0;
  int halfway = 0;
  for (uint64_t bytes = 0; bytes < 2'500'000; bytes += 60'000) {
    phone_.PutDisk(old);
    phone_.disk().FillDisk(bytes, 1);
    if (!phone_.Open().ok()) {
      // The store itself could not be opened, and is with the next try.
      ASSERT_THAT(phone_.Open(), IsOk()) << bytes;
    }
    ExpectAllThere(absl::StrCat("disk full after ", bytes));
    if (!phone_->GetStatus()->purge.ok()) ++waited;
    if (absl::StrContains(phone_->GetStatus()->purge.message(), "not all of the notebook")) {
      ++halfway;
      // Written among what is sealed and what is not.
      ASSERT_THAT(phone_->Create("note", "", root_, {Text("body", kBody)}), IsOk()) << bytes;
      ASSERT_THAT(phone_->Sync(), IsOk()) << bytes;
    }
    phone_.Close();
    ASSERT_THAT(phone_.Open(), IsOk()) << bytes;
    ASSERT_THAT(phone_->Read(unsent_), IsOk()) << bytes;
    ASSERT_THAT(phone_->GetStatus()->purge, IsOk()) << bytes;
    ASSERT_THAT(WordsIn(phone_.Disk()), SizeIs(0)) << bytes;
    phone_.Close();
    if (halfway > 0 && HasFailure()) FAIL() << "at " << bytes;
    if (halfway > 0) break;  // this hub has the note now
  }
  EXPECT_GT(waited, 0);
  EXPECT_GT(halfway, 0);
}

// LevelDB's iterator steps over a damaged block and shows what stood there before.
TEST_F(AtRest, WhatADamagedBlockHidesIsNotReplacedByWhatStoodThereBefore) {
  const DiskImage in_clear = InClear();
  Disk old(in_clear);
  const std::string key = keys::Base(note_);
  // Opening makes a table of what is in the log.
  old.Write({{key, in_clear_.at(keys::Base(root_))}});
  old.Write({{key, in_clear_.at(key)}});
  const DiskImage before = old.Image();
  { old.Open(); }
  DiskImage damaged = old.Image();
  std::string newest;
  for (const auto& [name, bytes] : damaged.files) {
    if (absl::EndsWith(name, ".ldb") && before.files.count(name) == 0) newest = name;
  }
  ASSERT_NE(newest, "");
  damaged.files[newest][12] = static_cast<char>(damaged.files[newest][12] ^ 1);
  phone_.PutDisk(damaged);
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->GetStatus()->purge, StatusIs(absl::StatusCode::kDataLoss,
                                                   HasSubstr("not all of the notebook is sealed")));
  EXPECT_THAT(phone_->Read(note_).status(), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(phone_->Read(unsent_), IsOk()) << "what is not damaged is there";
  phone_.Close();
  Disk after(phone_.Disk());
  EXPECT_TRUE(absl::IsDataLoss(after.Open()->Get(key).status()));
  EXPECT_TRUE(absl::IsNotFound(after.Open()->Get(keys::Seal()).status())) << "nothing was written";
}

// A process that ended anywhere while it made the key, another that went on, and then the power.
TEST_F(AtRest, AKeyThatASecondTryWentOnWithOutlastsThePower) {
  const DiskImage old = InClear();
  for (uint64_t call = 1; call < 80; ++call) {
    phone_.PutDisk(old);
    phone_.disk().FailCall(call);
    (void)phone_.Open();
    phone_.Close();
    ASSERT_THAT(phone_.Open(), IsOk()) << call;
    phone_.Close();
    phone_.disk().Cut(testing::PowerCut::kDropUnsynced, call);
    ASSERT_THAT(phone_.Open(), IsOk()) << call;
    ExpectAllThere(absl::StrCat("call ", call));
    phone_.Close();
  }
}

TEST(Keys, OfTwoNotebooksInOneDirectoryReplaceNeither) {
  testing::FaultEnv env;
  durable::StoreOptions files;
  files.base = &env;
  files.sync_directory = durable::NoDirectorySync;
  FileKeystore one("/stick", files);
  FileKeystore other("/stick", files);
  const std::string first(32, '1');
  const std::string second(32, '2');
  std::string wrapped_second;
  bool meanwhile = false;
  env.set_observer([&](const testing::FaultEnv::Call& call) {
    if (call.verb != "rename" || meanwhile) return;
    meanwhile = true;
    wrapped_second = other.Wrap(second).value();
  });
  const auto wrapped_first = one.Wrap(first);
  env.set_observer(nullptr);
  ASSERT_THAT(wrapped_first, IsOk());
  ASSERT_TRUE(meanwhile);
  EXPECT_EQ(one.Unwrap(*wrapped_first).value(), first);
  EXPECT_EQ(other.Unwrap(wrapped_second).value(), second);
  EXPECT_EQ(other.Unwrap(*wrapped_first).value(), first) << "they are files, whoever asks";
}

// The key of the first notebooks was `store.key`, and what it wrapped had no number.
TEST(Keys, OfBeforeTheyHadNumbersOpen) {
  const std::string own(32, 'k');
  DiskImage disk;
  disk.directories = {"/stick"};
  disk.files["/stick/store.key"] = own;
  testing::FaultEnv env;
  env.Restart(disk);
  durable::StoreOptions files;
  files.base = &env;
  const std::string key(32, '1');
  const std::string wrapped = seal::SealInVault(own, "sotay/store-key/v1", key).value();
  EXPECT_EQ(FileKeystore("/stick/", files).Unwrap(wrapped).value(), key);
}

// A notebook from before the seal, on the machine's own disk.
class OldNotebook : public ::testing::Test {
 protected:
  OldNotebook() {
    EXPECT_THAT(durable::MakeDirectory(dir_, FilesOf(Surroundings())), IsOk());
    key_ = Vault::KeyFor(dir_)->PublicKey();
    around_.keys = space_ / "stick/keys";
    invitation_.set_address("127.0.0.1:1");
    invitation_.set_code("K7QF-2M9T");
    invitation_.set_authority("none");
    invitation_.set_certificate("none");
    invitation_.set_private_key("none");
  }
  void MakeStore() {
    durable::StoreOptions options = FilesOf(Surroundings());
    options.create_if_missing = true;
    const auto store = durable::Open(dir_ + "/store", options).value();
    leveldb::WriteBatch batch;
    stored::v1::NotebookMeta meta;
    meta.set_format(1);
    batch.Put(keys::Meta(), meta.SerializeAsString());
    EXPECT_THAT(store->Write(&batch), IsOk());
  }
  absl::Status Enroll() {
    return Notebook::Enroll(dir_, seal::Encode(invitation_), "Laptop", around_);
  }
  // Without making another.
  std::string DeviceKey() {
    const auto key = seal::SigningKey::Load(dir_ + "/device.key");
    return key.ok() ? key->PublicKey() : "gone";
  }

  const tests::Workspace space_;
  const std::string dir_ = space_ / "notebook";
  std::string key_;
  Surroundings around_;
  v1::Invitation invitation_;
};

TEST_F(OldNotebook, IsNotTakenForNoneWhereTheMediumOfItsKeyIsNotThere) {
  MakeStore();
  const auto missing =
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr(around_.keys + "/store-"));
  EXPECT_THAT(Store::Open(dir_, around_, false).status(), missing);
  EXPECT_THAT(Notebook::Open(dir_, nullptr, around_).status(), missing);
  EXPECT_THAT(Enroll(), missing);
  EXPECT_EQ(DeviceKey(), key_);
  ASSERT_THAT(durable::MakeDirectory(space_ / "stick", FilesOf(around_)), IsOk());
  EXPECT_THAT(Store::Open(dir_, around_, false), IsOk());
  EXPECT_THAT(Enroll(), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(DeviceKey(), key_);
}

TEST_F(OldNotebook, KeepsItsDeviceKeyWhenAnEnrolmentFails) {
  // Its store lies elsewhere, and nobody is there to answer.
  EXPECT_FALSE(Enroll().ok());
  EXPECT_EQ(DeviceKey(), key_);
}

class NoNotebook : public Keystore {
 public:
  absl::StatusOr<std::string> Wrap(absl::string_view) override {
    return absl::NotFoundError("no such alias");
  }
  absl::StatusOr<std::string> Unwrap(absl::string_view) override {
    return absl::NotFoundError("no such alias");
  }
};

TEST_F(OldNotebook, IsNotTakenForNoneWhateverAKeystoreSays) {
  MakeStore();
  around_.keystore = std::make_shared<NoNotebook>();
  EXPECT_THAT(Notebook::Open(dir_, nullptr, around_).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("no such alias")));
  EXPECT_THAT(Enroll(), StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(DeviceKey(), key_);
}

TEST_F(OldNotebook, OfANewerSealIsToldAsThat) {
  MakeStore();
  {
    const auto store = durable::Open(dir_ + "/store", FilesOf(Surroundings())).value();
    stored::v1::StoreSeal row;
    row.set_format(9);
    leveldb::WriteBatch batch;
    batch.Put(keys::Seal(), row.SerializeAsString());
    ASSERT_THAT(store->Write(&batch), IsOk());
  }
  EXPECT_THAT(Notebook::Open(dir_, nullptr, around_).status(),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("sealed in format 9")));
}

// Its seal alone is there: whoever says otherwise where the key is to lie is not refused.
TEST_F(OldNotebook, OfAnEnrolmentCutShortTakesAnotherKey) {
  { ASSERT_THAT(Store::Open(dir_, Surroundings(), true), IsOk()); }
  ASSERT_THAT(durable::MakeDirectory(space_ / "stick", FilesOf(around_)), IsOk());
  {
    const auto store = Store::Open(dir_, around_, true);
    ASSERT_THAT(store, IsOk());
    EXPECT_THAT((*store)->key_place(), HasSubstr(around_.keys));
    StoreBatch batch;
    batch.PutRowsSchema("as it was");
    ASSERT_THAT((*store)->Commit(batch), IsOk());
  }
  EXPECT_THAT(Store::Open(dir_, Surroundings(), false).status(),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

}  // namespace
}  // namespace sotay::sdk
