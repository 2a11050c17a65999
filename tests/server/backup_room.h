// A server room with two phones and everything that can become of a change, and backups of it: on
// the room's own disk, which can fail, or in a real directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/backup.h"
#include "server/backup_chain.h"
#include "server/backup_lives.h"
#include "server/log_handover.h"
#include "server/watermark.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "tests/server/server_room.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {

class BackupRoom : public ::testing::Test {
 protected:
  BackupRoom() {
    room_.disk.CreateDir("/disk/backup");
    faulty_.base = &room_.disk;
    faulty_.sync_directory = [this](const std::string& path) {
      return room_.disk.SyncDirectory(path);
    };
    room_.Enrol(&nguyet_);
    room_.Enrol(&dam_);
    nguyet_.Write("k", {NewCase("k")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&dam_);
  }

  // One note each.
  void Notes(int count) {
    for (int i = 0; i < count; ++i) {
      nguyet_.Write("k", {Note("n" + std::to_string(++notes_)).Says("Vết phanh dài 4,2 m.")});
    }
    room_.Exchange(&nguyet_);
  }

  // A backup on the room's own disk, or in `directory` on a real one.
  std::unique_ptr<server::Backup> NewBackup(const std::string& directory = "") {
    server::BackupOptions options;
    options.directory = directory.empty() ? "/disk/backup" : directory;
    options.now_ms = [this] { return ++room_.now_ms; };
    return std::make_unique<server::Backup>(room_.store.get(), &watermark_, Key(), options,
                                            directory.empty() ? faulty_ : durable::StoreOptions());
  }

  server::BackupChain Chain(const std::string& directory = "") {
    const durable::StoreOptions files = directory.empty() ? faulty_ : durable::StoreOptions();
    const auto life = server::FindLife(directory.empty() ? "/disk/backup" : directory, files);
    return server::BackupChain(life.value_or("/disk/backup/none"), Keys(), files);
  }

  // The log's: the one in force, and all there were.
  const seal::SigningKey& Key() const { return ring_.has_value() ? ring_->key : room_.log_key; }
  seal::LogKeys Keys() const {
    return ring_.has_value() ? ring_->keys : room_.log_key.verifying_key();
  }

  // Segments that hold, and that there are no others.
  size_t Holds(const std::string& directory = "") {
    server::BackupChain chain = Chain(directory);
    EXPECT_THAT(chain.TakeAll(), IsOk());
    return chain.segments().size();
  }

  ServerRoom room_;
  SealedPhone nguyet_{"nguyet"};
  SealedPhone dam_{"dam"};
  durable::StoreOptions faulty_;
  server::Watermark watermark_;
  absl::optional<server::LogKeyring> ring_;  // once the log's key was replaced
  int notes_ = 0;
};

}  // namespace sotay::tests
