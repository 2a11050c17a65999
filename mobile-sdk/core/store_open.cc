// Opening the notebook's store, and where its files live.
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/env.h"
#include "mobile-sdk/core/file_keystore.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/store_seal.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

// A phone replays at most this after a crash, and holds at most twice this in memory.
constexpr size_t kWriteBufferBytes = size_t{4} << 20;

durable::DirectorySync DirectorySyncOf(const Surroundings& surroundings) {
  if (surroundings.sync_directory) {
    return [sync = surroundings.sync_directory](const std::string& directory) {
      return sync(directory) ? leveldb::Status::OK()
                             : leveldb::Status::IOError(directory, "names cannot be made durable");
    };
  }
  return surroundings.env != nullptr ? durable::NoDirectorySync : durable::SyncPosixDirectory;
}

std::shared_ptr<Keystore> KeystoreOf(const std::string& dir, const Surroundings& surroundings) {
  if (surroundings.keystore != nullptr) return surroundings.keystore;
  return std::make_shared<FileKeystore>(
      surroundings.keys.empty() ? absl::StrCat(dir, "/keys") : surroundings.keys,
      FilesOf(surroundings));
}

}  // namespace

durable::StoreOptions FilesOf(const Surroundings& surroundings) {
  durable::StoreOptions options;
  options.base = surroundings.env;
  options.sync_directory = DirectorySyncOf(surroundings);
  options.free_bytes = surroundings.free_bytes;
  return options;
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& dir,
                                                   const Surroundings& surroundings, bool create) {
  durable::StoreOptions options = FilesOf(surroundings);
  options.create_if_missing = create;
  options.write_buffer_bytes = kWriteBufferBytes;
  options.compress = false;
  if (create) {
    // Fails when it is there already; if it could not be made, opening says so.
    leveldb::Env* env = surroundings.env != nullptr ? surroundings.env : leveldb::Env::Default();
    if (env->CreateDir(dir).ok()) {
      SOTAY_RETURN_IF_ERROR(
          durable::FromLevelDb(options.sync_directory(durable::DirectoryOf(dir))));
    }
  }
  const std::string path = absl::StrCat(dir, "/store");
  const std::shared_ptr<Keystore> keystore = KeystoreOf(dir, surroundings);
  const auto free_bytes = [&] { return durable::FreeBytesAt(dir, options); };
  SOTAY_ASSIGN_OR_RETURN(std::unique_ptr<durable::Store> disk, durable::Open(path, options));
  absl::StatusOr<Sealing> sealing =
      SealOf(disk.get(), keystore.get(), free_bytes, absl::OkStatus());
  if (disk->read_only()) {
    // Writing what is sealed failed.  It is read and written all the same, as far as that came.
    const absl::Status failed = sealing.ok() ? disk->WriteRefusal() : sealing.status();
    disk.reset();
    SOTAY_ASSIGN_OR_RETURN(disk, durable::Open(path, options));
    sealing = SealOf(disk.get(), keystore.get(), free_bytes, failed);
  }
  if (!sealing.ok()) return sealing.status();
  return std::unique_ptr<Store>(new Store(std::move(disk), *std::move(sealing)));
}

}  // namespace sotay::sdk
