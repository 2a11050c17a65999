// What lies on a phone's disk is read by nobody without its key; and a notebook from before that is
// sealed when it is opened, wherever power goes meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "sotay/stored/v1/store_seal.pb.h"
#include "sync/durable/files.h"
#include "tests/mobile-sdk/at_rest_room.h"
#include "tests/support/process.h"

namespace sotay::sdk {
namespace {

TEST_F(AtRest, NoWordIsInAnyFile) {
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
  EXPECT_EQ(phone_.Disk().files.at(KeyPathIn(phone_.Disk())).size(), 32u);
  EXPECT_EQ(phone_->GetStatus()->key_place, KeyPathIn(phone_.Disk()));
  phone_.Close();
  ASSERT_THAT(phone_.Open(), IsOk());  // what was in the log is in a table
  ExpectAllThere("opened again");
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
  EXPECT_THAT(WordsNotIn(InClear()), SizeIs(0)) << "else this shows nothing";
}

TEST_F(AtRest, NoWordIsLeftWhereverPowerGoes) {
  const DiskImage before = phone_.Disk();
  bool whole = false;
  for (uint64_t call = 1; !whole; ++call) {
    ASSERT_LT(call, 2'000u);
    phone_.Close();
    phone_.PutDisk(before);
    phone_.disk().StopAtCall(call);
    whole = phone_.Open().ok() && phone_->Create("note", "", root_, {Text("body", kBody)}).ok();
    phone_.Close();
    for (const testing::PowerCut kind :
         {testing::PowerCut::kDropUnsynced, testing::PowerCut::kKeepPrefix}) {
      phone_.disk().Cut(kind, call);
      ASSERT_THAT(WordsIn(phone_.Disk()), SizeIs(0)) << call;
      ASSERT_THAT(phone_.Open(), IsOk()) << call;
      ASSERT_THAT(WordsIn(phone_.Disk()), SizeIs(0)) << call;
      phone_.Close();
    }
  }
}

TEST_F(AtRest, OpensWithItsOwnKeyAlone) {
  phone_.Close();
  const DiskImage whole = phone_.Disk();
  const std::string key_path = KeyPathIn(whole);
  DiskImage without = whole;
  ASSERT_EQ(without.files.erase(key_path), 1u);
  phone_.PutDisk(without);
  EXPECT_THAT(phone_.Open(), StatusIs(absl::StatusCode::kPermissionDenied,
                                      HasSubstr("its key is not here: there is no " + key_path)));
  EXPECT_EQ(KeyPathIn(phone_.Disk()), "") << "no other is made in its place";
  DiskImage other = phone_.Disk();
  other.files[key_path] = std::string(32, 'k');
  phone_.PutDisk(other);
  EXPECT_THAT(phone_.Open(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("another key")));
  DiskImage cut = phone_.Disk();
  cut.files[key_path] = whole.files.at(key_path).substr(1);
  phone_.PutDisk(cut);
  EXPECT_THAT(phone_.Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("31 bytes")));
  // Whoever finds its key again has lost nothing.
  DiskImage found = phone_.Disk();
  found.files[key_path] = whole.files.at(key_path);
  phone_.PutDisk(found);
  ASSERT_THAT(phone_.Open(), IsOk());
  ExpectAllThere("found again");
}

TEST_F(AtRest, WhatIsDamagedOrMovedIsSaid) {
  phone_.Close();
  const DiskImage before = phone_.Disk();
  const std::string key = keys::OwnChange(2);
  std::map<std::string, std::string> rows = Disk(before).Rows();
  std::string bent = rows.at(key);
  bent[30] = static_cast<char>(bent[30] ^ 4);
  for (const std::string& value :
       {bent, rows.at(keys::OwnChange(1)), std::string(), std::string("x")}) {
    Disk disk(before);
    disk.Write({{key, value}});
    phone_.PutDisk(disk.Image());
    ASSERT_THAT(phone_.Open(), IsOk());
    EXPECT_THAT(phone_->History(note_, false).status(),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("own change 2")));
    phone_.Close();
  }
  // What a list goes through, too.
  Disk disk(before);
  disk.Write({{keys::Row(note_), rows.at(keys::Row(root_))}});
  phone_.PutDisk(disk.Image());
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->List().status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("list row of record")));
}

// They only help to tell when something was written (docs/decisions/0033).
TEST_F(AtRest, ClocksThatCannotBeReadHoldUpNothing) {
  phone_.Close();
  Disk disk(phone_.Disk());
  disk.Write({{keys::WrittenAt(3), "x"}, {keys::ClockContact(), "x"}});
  phone_.PutDisk(disk.Image());
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->Create("note", "", root_, {Text("body", kBody)}), IsOk());
  EXPECT_THAT(phone_->Sync(), IsOk());
  EXPECT_EQ(phone_->GetStatus()->outbox, 0u);
}

TEST_F(AtRest, AnOldNotebookGoesOver) {
  const DiskImage old = InClear();
  ASSERT_THAT(WordsNotIn(old), SizeIs(0));
  phone_.PutDisk(old);
  ASSERT_THAT(phone_.Open(), IsOk());
  ExpectAllThere("gone over");
  EXPECT_THAT(phone_->GetStatus()->purge, IsOk());
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
  phone_.Close();
  EXPECT_TRUE(RowsInClear(phone_.Disk()) == in_clear_);
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->Sync(), IsOk());
}

// Over several batches, so that it is cut between them, too.
TEST_F(AtRest, AnOldNotebookGoesOverWhereverPowerGoes) {
  const DiskImage old = InClear(/*more_bytes=*/800'000);
  bool whole = false;
  int between = 0;
  for (uint64_t call = 1; !whole; ++call) {
    ASSERT_LT(call, 2'000u);
    phone_.PutDisk(old);
    phone_.disk().StopAtCall(call);
    whole = phone_.Open().ok() && phone_->GetStatus()->purge.ok();
    phone_.Close();
    phone_.disk().Cut(testing::PowerCut::kDropUnsynced, call);
    const auto rows = Disk(phone_.Disk()).Rows();
    stored::v1::StoreSeal row;
    const auto seal = rows.find(keys::Seal());
    if (seal != rows.end() && row.ParseFromString(seal->second) && !row.sealed_through().empty()) {
      ++between;
    }
    if (seal != rows.end()) {
      ASSERT_NE(rows.at(keys::Meta()), in_clear_.at(keys::Meta()))
          << call << ": a build from before would go on in clear";
    }
    ASSERT_THAT(phone_.Open(), IsOk()) << call;
    ExpectAllThere(absl::StrCat("call ", call));
    ASSERT_THAT(phone_->GetStatus()->purge, IsOk()) << call;
    ASSERT_THAT(WordsIn(phone_.Disk()), SizeIs(0)) << call;
    phone_.Close();
    // Each was sealed once.
    ASSERT_TRUE(RowsInClear(phone_.Disk()) == in_clear_) << call;
    if (HasFailure()) FAIL() << "at call " << call;
  }
  EXPECT_GT(between, 2);
}

// As a platform keeps it: locked, until a person has unlocked the screen.
class Locked : public Keystore {
 public:
  absl::StatusOr<std::string> Wrap(absl::string_view key) override {
    key_ = std::string(key);
    return std::string("handle 7");
  }
  absl::StatusOr<std::string> Unwrap(absl::string_view wrapped) override {
    EXPECT_EQ(wrapped, "handle 7");
    if (locked) return absl::PermissionDeniedError("unlock the screen");
    return key_;
  }
  bool locked = false;

 private:
  std::string key_;
};

TEST_F(AtRest, APlatformsKeystoreLeavesNoKeyOnTheDisk) {
  phone_.PutDisk(InClear());
  const auto keystore = std::make_shared<Locked>();
  phone_.keystore = keystore;
  ASSERT_THAT(phone_.Open(), IsOk());
  ExpectAllThere("with a keystore");
  EXPECT_EQ(KeyPathIn(phone_.Disk()), "");
  EXPECT_EQ(phone_->GetStatus()->key_place, "");
  phone_.Close();
  keystore->locked = true;
  EXPECT_THAT(phone_.Open(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("unlock the screen")));
  keystore->locked = false;
  ASSERT_THAT(phone_.Open(), IsOk());
  ExpectAllThere("unlocked");
}

// On a medium of its own, with the machine's own files.
TEST(Keys, LieWhereTheyAreSaidToLie) {
  const tests::Workspace space;
  Surroundings around;
  around.keys = space / "stick";
  {
    const auto store = Store::Open(space / "notebook", around, true);
    ASSERT_THAT(store, IsOk());
    StoreBatch batch;
    batch.PutRowsSchema("as it was");
    ASSERT_THAT((*store)->Commit(batch), IsOk());
  }
  EXPECT_THAT(Store::Open(space / "notebook", Surroundings(), false).status(),
              StatusIs(absl::StatusCode::kPermissionDenied));
  const auto store = Store::Open(space / "notebook", around, false);
  ASSERT_THAT(store, IsOk());
  EXPECT_EQ((*store)->RowsSchema().value(), "as it was");
  EXPECT_EQ(durable::SizeOf((*store)->key_place(), FilesOf(around)).value(), 32u);
  EXPECT_THAT((*store)->key_place(), HasSubstr(space / "stick/store-"));
}

}  // namespace
}  // namespace sotay::sdk
