// The disks the tests of this room run on: the real one, in a directory of the test's own, and
// the one in memory that can fail.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "sync/durable/open.h"
#include "tests/support/fault_env.h"

namespace sotay::durable {

// A directory that goes when the object does.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sotay-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

enum class DiskKind { kReal, kMemory };

// One disk with room for one store.
class TestDisk {
 public:
  explicit TestDisk(DiskKind kind) {
    if (kind == DiskKind::kMemory) {
      memory_ = std::make_unique<testing::FaultEnv>();
      store_ = "/disk/store";
    } else {
      directory_ = std::make_unique<TemporaryDirectory>();
      store_ = directory_->path() + "/store";
    }
  }

  leveldb::Env* env() { return memory_ != nullptr ? memory_.get() : leveldb::Env::Default(); }
  const std::string& store() const { return store_; }

  DirectorySync sync_directory() {
    if (memory_ == nullptr) return SyncPosixDirectory;
    testing::FaultEnv* const memory = memory_.get();
    return [memory](const std::string& directory) { return memory->SyncDirectory(directory); };
  }

  StoreOptions options() {
    StoreOptions options;
    options.base = env();
    options.sync_directory = sync_directory();
    options.create_if_missing = true;
    return options;
  }

  // All files of the store but LOCK and LevelDB's diary, which every attempt to open writes.
  testing::DiskImage Files() {
    testing::DiskImage image;
    image.ReadFrom(env(), store_);
    for (const char* name : {"/LOCK", "/LOG", "/LOG.old"}) image.files.erase(store_ + name);
    return image;
  }

 private:
  std::unique_ptr<testing::FaultEnv> memory_;
  std::unique_ptr<TemporaryDirectory> directory_;
  std::string store_;
};

inline absl::Status PutOne(Store* store, absl::string_view key, absl::string_view value) {
  leveldb::WriteBatch batch;
  batch.Put(leveldb::Slice(key.data(), key.size()), leveldb::Slice(value.data(), value.size()));
  return store->Write(&batch);
}

}  // namespace sotay::durable
