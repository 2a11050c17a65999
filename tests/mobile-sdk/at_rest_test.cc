// What lies on a phone's disk is read by nobody without its key; and a notebook from before that is
// sealed when it is opened, wherever power goes meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "leveldb/iterator.h"
#include "leveldb/write_batch.h"
#include "mobile-sdk/core/file_keystore.h"
#include "mobile-sdk/core/keys.h"
#include "mobile-sdk/core/store.h"
#include "sotay/stored/v1/store_seal.pb.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/seal/value_seal.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using testing::DiskImage;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using tests::IsOk;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::StatusIs;
using tests::Text;

constexpr char kBody[] = "Tin số 9 không ghi giờ";
constexpr char kPlace[] = "Nhà tạm giữ Bãi Nổi";
constexpr char kOthers[] = "Buồng 4 thiếu sổ trực";
constexpr char kStorePath[] = "/notebook/store";
constexpr char kKeyPath[] = "/notebook/keys/store.key";

// Words, names and places: none of them in any file.
std::vector<std::string> WordsIn(const DiskImage& disk) {
  std::vector<std::string> found;
  for (const auto& [name, bytes] : disk.files) {
    for (const char* words : {"Tin số 9", "Bãi Nổi", "thiếu sổ trực", "Viện KSND", "nguyet-que",
                              "casework", "hub.example"}) {
      if (absl::StrContains(bytes, words)) found.push_back(absl::StrCat(words, " in ", name));
    }
  }
  return found;
}

// A disk of its own with that on it.
class Disk {
 public:
  explicit Disk(const DiskImage& image) {
    env_.Restart(image);
    options_.base = &env_;
    options_.sync_directory = durable::NoDirectorySync;
    options_.create_if_missing = true;
  }
  std::unique_ptr<durable::Store> Open() { return durable::Open(kStorePath, options_).value(); }
  std::map<std::string, std::string> Rows() {
    std::map<std::string, std::string> rows;
    const auto store = Open();
    const auto at = store->NewIterator();
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      rows[at->key().ToString()] = at->value().ToString();
    }
    return rows;
  }
  void Write(const std::map<std::string, std::string>& rows) {
    leveldb::WriteBatch batch;
    for (const auto& [key, value] : rows) batch.Put(key, value);
    EXPECT_THAT(Open()->Write(&batch), IsOk());
  }
  DiskImage Image() const { return env_.Visible(); }
  const durable::StoreOptions& options() const { return options_; }

 private:
  testing::FaultEnv env_;
  durable::StoreOptions options_;
};

// The rows of a sealed store, in clear and without its seal.
std::map<std::string, std::string> RowsInClear(const DiskImage& image) {
  Disk disk(image);
  std::map<std::string, std::string> rows = disk.Rows();
  stored::v1::StoreSeal row;
  EXPECT_TRUE(row.ParseFromString(rows[keys::Seal()]));
  rows.erase(keys::Seal());
  const std::string key =
      FileKeystore("/notebook/keys", disk.options()).Unwrap(row.wrapped_key()).value();
  const seal::ValueSeal seal = seal::ValueSeal::With(key).value();
  for (auto& [at, value] : rows) value = std::string(seal.Open(at, value).value());
  return rows;
}

class AtRest : public ::testing::Test {
 protected:
  AtRest() : phone_(&office_, "nguyet-que") {
    Phone other(&office_, "uu-dam");
    EXPECT_THAT(phone_->Sync(), IsOk());
    root_ =
        phone_
            ->Create("inspection", "", absl::nullopt, {Set("kind", "prison"), Set("place", kPlace)})
            .value();
    note_ = phone_->Create("note", "", root_, {Text("body", kBody)}).value();
    EXPECT_THAT(phone_->Sync(), IsOk());
    EXPECT_THAT(other->Sync(), IsOk());
    EXPECT_THAT(other->Create("note", "", root_, {Text("body", kOthers)}), IsOk());
    EXPECT_THAT(other->Sync(), IsOk());
    EXPECT_THAT(phone_->Sync(), IsOk());
    EXPECT_THAT(phone_->History(note_, true), IsOk());
    unsent_ = phone_->Create("note", "", root_, {Text("body", kBody)}).value();
  }
  void ExpectAllThere(const std::string& when) {
    ASSERT_THAT(phone_->List(), IsOk()) << when;
    EXPECT_THAT(phone_->List().value(), SizeIs(4)) << when;
    for (const auto& id : {note_, unsent_}) {
      const auto view = phone_->Read(id);
      ASSERT_THAT(view, IsOk()) << when;
      EXPECT_EQ(NoteIn(*view).body(), kBody) << when;
    }
    EXPECT_EQ(phone_->GetStatus()->outbox, 1u) << when;
    EXPECT_EQ(phone_->GetStatus()->full_name, "nguyet-que") << when;
  }
  // Its disk as a build before this one wrote it.
  DiskImage InClear(size_t more_bytes = 0) {
    phone_.Close();
    std::map<std::string, std::string> rows = RowsInClear(phone_.Disk());
    // More than goes over at once: histories that nobody can read.
    std::mt19937_64 chance(7);
    for (size_t i = 0; i * 90'000 < more_bytes; ++i) {
      std::string junk(90'000, '\0');
      for (char& byte : junk) byte = static_cast<char>(chance() | 1);
      rows[keys::Fetched(note_, 1'000 + i)] = junk;
    }
    DiskImage empty;
    empty.directories = {"/notebook"};
    Disk old(empty);
    old.Write(rows);
    in_clear_ = std::move(rows);
    return old.Image();
  }

  Office office_;
  Phone phone_;
  sync::RecordId root_, note_, unsent_;
  std::map<std::string, std::string> in_clear_;  // the rows of InClear
};

TEST_F(AtRest, NoWordIsInAnyFile) {
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
  EXPECT_EQ(phone_.Disk().files.at(kKeyPath).size(), 32u);
  phone_.Close();
  ASSERT_THAT(phone_.Open(), IsOk());  // what was in the log is in a table
  ExpectAllThere("opened again");
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
  EXPECT_THAT(WordsIn(InClear()), ::testing::Not(SizeIs(0))) << "else this shows nothing";
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
  DiskImage without = whole;
  ASSERT_EQ(without.files.erase(kKeyPath), 1u);
  phone_.PutDisk(without);
  EXPECT_THAT(phone_.Open(), StatusIs(absl::StatusCode::kPermissionDenied,
                                      HasSubstr("its key is not here: there is no "
                                                "/notebook/keys/store.key")));
  EXPECT_EQ(phone_.Disk().files.count(kKeyPath), 0u) << "no other is made in its place";
  DiskImage other = phone_.Disk();
  other.files[kKeyPath] = std::string(32, 'k');
  phone_.PutDisk(other);
  EXPECT_THAT(phone_.Open(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("another key")));
  DiskImage cut = phone_.Disk();
  cut.files[kKeyPath] = whole.files.at(kKeyPath).substr(1);
  phone_.PutDisk(cut);
  EXPECT_THAT(phone_.Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("31 bytes")));
  // Whoever finds its key again has lost nothing.
  DiskImage found = phone_.Disk();
  found.files[kKeyPath] = whole.files.at(kKeyPath);
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
  ASSERT_THAT(WordsIn(old), ::testing::Not(SizeIs(0)));
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

// It is sealed all the same, and `status` says what is left.
TEST_F(AtRest, WithoutRoomThePurgeWaits) {
  phone_.PutDisk(InClear());
  phone_.free_bytes = 1'000;
  ASSERT_THAT(phone_.Open(), IsOk());
  ExpectAllThere("without room");
  EXPECT_THAT(phone_->GetStatus()->purge,
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free some space")));
  phone_.Close();
  phone_.free_bytes = uint64_t{1} << 40;
  ASSERT_THAT(phone_.Open(), IsOk());
  EXPECT_THAT(phone_->GetStatus()->purge, IsOk());
  EXPECT_THAT(WordsIn(phone_.Disk()), SizeIs(0));
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
  EXPECT_EQ(phone_.Disk().files.count(kKeyPath), 0u);
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
  EXPECT_EQ(durable::SizeOf(space / "stick/store.key", FilesOf(around)).value(), 32u);
}

}  // namespace
}  // namespace sotay::sdk
