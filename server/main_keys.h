// The words of `sotayd keys` (key_commands.h does what they say).  One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace sotay::server {

class KeysCommand {
 public:
  // Both live until the command line has been read and done.
  explicit KeysCommand(CLI::App* app);
  KeysCommand(const KeysCommand&) = delete;
  KeysCommand& operator=(const KeysCommand&) = delete;

  bool parsed() const { return keys_->parsed(); }
  absl::Status Do(int64_t now_ms) const;

 private:
  CLI::App* Add(const std::string& name, const std::string& what);

  CLI::App* const keys_;
  CLI::App* status_ = nullptr;
  CLI::App* roll_log_ = nullptr;
  CLI::App* roll_authority_ = nullptr;
  CLI::App* finish_authority_ = nullptr;
  std::string data_;
  std::string reason_;
  bool anyway_ = false;
};

}  // namespace sotay::server
