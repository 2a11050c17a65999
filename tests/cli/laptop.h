// A laptop of a test: a directory with a notebook in it, and the `sotay` command run on it in this
// process, as from a shell.  Ids, clock and names are the same in every run; only the device's
// key, and with it the ids of device and changes, are chance.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/core/vault.h"
#include "nlohmann/json.hpp"
#include "tests/support/builders.h"
#include "tests/support/memory_hub.h"

namespace sotay::tests {

// 05/11/2026 07:15 in ICT.
inline constexpr int64_t kMorning = 1'793'837'700'000;
inline constexpr char kUnit[] = "vkskv3";

// One unit and its server, in memory.
struct Precinct {
  Precinct();
  int64_t now_ms = kMorning;
  MemoryHub hub;
};

// What a command printed, and how it ended.
struct Printed {
  int code = -1;
  std::string out;
  std::string err;
  // `out` as the one document it must be; ends the test otherwise.
  nlohmann::json Json() const;
};

class Laptop {
 public:
  // Enrols a device of `user_id`, called `full_name`, a prosecutor of kUnit.
  Laptop(Precinct* precinct, const std::string& user_id, const std::string& full_name);
  ~Laptop();

  // `sotay --lang vi …`, on a clock that stands still.
  Printed Sotay(std::vector<std::string> args, const std::string& in = "");
  // The same with --json, which must succeed.
  nlohmann::json Json(std::vector<std::string> args);
  // Exchanges with the server, as `sotay sync` does over a network; a test fails when it cannot.
  void Exchange();
  // Something at the notebook itself.
  void At(const std::function<void(sdk::Notebook*)>& act);

  // `text` with the device's id, and every change id in it, replaced by words.
  std::string Constant(std::string text) const;

  const std::string& dir() const { return dir_; }
  int64_t clock_ms = kMorning;
  // For how many days after a contact the server says that records are read here.
  uint32_t offline_days = 0;
  // What the server says in every answer has proved to be secret.
  std::vector<v1::SecretDossier> secret;
  // Changes of this laptop that it refuses as content for what is to have none.
  std::set<uint64_t> classified;

 private:
  sdk::Surroundings Around();

  Precinct& precinct_;
  const std::string full_name_;
  const std::string user_id_;
  std::string dir_;
  std::shared_ptr<const sdk::Vault> vault_;
  std::mt19937_64 chance_;
};

}  // namespace sotay::tests
