// A phone of a test: a notebook on a disk in memory, linked to a MemoryHub through weather the
// test makes, with a clock of its own.  It may be closed and opened again, copied and set back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "mobile-sdk/core/vault.h"
#include "sotay/keystore.h"
#include "sotay/notebook.h"
#include "tests/support/builders.h"
#include "tests/support/fault_env.h"
#include "tests/support/memory_hub.h"
#include "tests/support/memory_link.h"

namespace sotay::tests {

inline constexpr char kOffice[] = "vkskv1";
inline constexpr int64_t kNow = 1'794'000'000'000;  // a day in November 2026

// One office with a hub whose clock the test moves.
struct Office {
  explicit Office(std::shared_ptr<const sync::Schema> schema = CaseworkSchema());
  int64_t now_ms = kNow;
  MemoryHub hub;
};

class Phone {
 public:
  // Enrols a device of `user_id`, who is a prosecutor of kOffice, and opens the notebook.
  Phone(Office* office, const std::string& user_id);

  void Close() { notebook_.reset(); }
  // kFailedPrecondition and the like come back; a test that cannot go on says so itself.
  absl::Status Open(std::shared_ptr<const sync::Schema> schema = nullptr);
  sdk::Notebook* operator->() { return notebook_.get(); }
  sdk::Notebook& notebook() { return *notebook_; }

  // The disk as it is, to be put under the phone again once that is closed.
  testing::DiskImage Disk() const { return env_->Visible(); }
  void PutDisk(const testing::DiskImage& image) { env_->Restart(image); }
  testing::FaultEnv& disk() { return *env_; }

  const sync::DeviceId& device() const { return vault_->device(); }
  sdk::Surroundings surroundings();
  const std::string& dir() const { return dir_; }

  std::shared_ptr<Weather> weather = std::make_shared<Weather>();
  std::atomic<int64_t> clock_ms = kNow;  // the courier's thread asks as well
  // The clock nobody sets; without a boot it does not tell.
  sdk::SinceBoot since_boot;
  // Null: a file of its disk.
  std::shared_ptr<sdk::Keystore> keystore;
  // How much more there is room for on its disk.
  uint64_t free_bytes = uint64_t{1} << 40;

 private:
  Office& office_;
  std::unique_ptr<testing::FaultEnv> env_;
  std::shared_ptr<const sdk::Vault> vault_;
  const std::string dir_ = "/notebook";
  std::unique_ptr<sdk::Notebook> notebook_;
};

// Edits in a word.
sdk::Edit Set(std::string field, std::string value, std::string key = "");
sdk::Edit Text(std::string field, std::string value);
sdk::Edit Add(std::string field, std::string value);
sdk::Edit Remove(std::string field, std::string value);
sdk::Edit Append(std::string field, std::string value);
sdk::Edit Count(std::string field, std::string step, std::string key = "");

// What a record says in words, of its shown content.
casework::v1::Note NoteIn(const sdk::RecordView& view);

}  // namespace sotay::tests
