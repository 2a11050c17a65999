// A phone whose files are looked into: what is on its disk sealed, and as a build from before the
// seal wrote it.
#pragma once

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
#include "sync/durable/open.h"
#include "sync/seal/value_seal.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {

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

inline constexpr char kBody[] = "Tin số 9 không ghi giờ";
inline constexpr char kPlace[] = "Nhà tạm giữ Bãi Nổi";
inline constexpr char kOthers[] = "Buồng 4 thiếu sổ trực";
inline constexpr char kStorePath[] = "/notebook/store";
inline constexpr const char* kWords[] = {"Tin số 9",   "Bãi Nổi",  "thiếu sổ trực", "Viện KSND",
                                         "nguyet-que", "casework", "hub.example"};

// Words, names and places: none of them in any file.
inline std::vector<std::string> WordsIn(const DiskImage& disk) {
  std::vector<std::string> found;
  for (const auto& [name, bytes] : disk.files) {
    for (const char* words : kWords) {
      if (absl::StrContains(bytes, words)) found.push_back(absl::StrCat(words, " in ", name));
    }
  }
  return found;
}

// Those of them that are in none: a test that looks for them shows nothing by not finding them.
inline std::vector<std::string> WordsNotIn(const DiskImage& disk) {
  std::vector<std::string> missing;
  for (const char* words : kWords) {
    bool found = false;
    for (const auto& [name, bytes] : disk.files) found = found || absl::StrContains(bytes, words);
    if (!found) missing.push_back(words);
  }
  return missing;
}

// The one key of the phone's store.
inline std::string KeyPathIn(const DiskImage& disk) {
  std::string path;
  for (const auto& [name, bytes] : disk.files) {
    if (!absl::StrContains(name, "/keys/")) continue;
    EXPECT_EQ(path, "") << "and " << name;
    path = name;
  }
  return path;
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
inline std::map<std::string, std::string> RowsInClear(const DiskImage& image) {
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

}  // namespace sotay::sdk
