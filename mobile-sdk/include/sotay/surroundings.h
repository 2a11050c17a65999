// The world a notebook is in: its disk, its clock, its chance, where its keys are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace leveldb {
class Env;
}

namespace sotay::sdk {

class Keystore;
class Vault;

// A clock that nobody sets.
struct SinceBoot {
  std::string boot;  // which start of the machine; empty: it does not tell
  int64_t ms = 0;    // since then, sleep included
};

// The world outside: replaced as a whole by a simulation, and by nothing else.
struct Surroundings {
  leveldb::Env* env = nullptr;      // null: the machine's
  std::function<int64_t()> now_ms;  // empty: the system clock, ms since 1970
  // Empty: the machine's, or with a `now_ms` of its own one that does not tell.
  std::function<SinceBoot()> since_boot;
  std::function<void(void*, size_t)> random_bytes;  // empty: OpenSSL's generator
  // Makes the names in a directory durable and says whether it could.  Empty: as the machine
  // does it, or nothing at all when `env` is given, as a memory Env has no names to lose.
  std::function<bool(const std::string& directory)> sync_directory;
  // How many bytes there is room for where the notebook is.  Empty: as the machine says, or any
  // number when `env` is given.
  std::function<uint64_t()> free_bytes;
  // Device key and certificates.  Null: files in the notebook's directory.
  std::shared_ptr<const Vault> vault;
  // Where the key is that the store is sealed with.  Null: a file in `keys`.
  std::shared_ptr<Keystore> keystore;
  // Empty: the directory `keys` in the notebook's.
  std::string keys;
};

}  // namespace sotay::sdk
