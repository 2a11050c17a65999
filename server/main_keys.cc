#include "server/main_keys.h"

#include "server/key_commands.h"

namespace sotay::server {

KeysCommand::KeysCommand(CLI::App* app)
    : keys_(app->add_subcommand("keys",
                                "the key that signs the logs, and the authority; with the server "
                                "stopped")) {
  keys_->require_subcommand(1);
  status_ = Add("status", "which they are, which there were before, and who knows the newest");
  roll_log_ = Add("roll-log",
                  "replace the log's key by a new one, which phones follow by a handover signed by "
                  "both");
  roll_log_->add_option("--reason", reason_, "why, for the record")->required();
  roll_authority_ = Add("roll-authority",
                        "put a new authority beside the one there is, or in the place of one whose "
                        "key was lost meanwhile; both are trusted until finish-authority");
  roll_authority_->add_option("--reason", reason_, "why, for the record")->required();
  finish_authority_ =
      Add("finish-authority", "trust the new authority alone, and destroy the old one's key");
  finish_authority_->add_flag("--anyway", anyway_,
                              "also while devices have no certificate by the new one");
}

CLI::App* KeysCommand::Add(const std::string& name, const std::string& what) {
  CLI::App* const command = keys_->add_subcommand(name, what);
  command->add_option("--data", data_, "the data directory")->required();
  return command;
}

absl::Status KeysCommand::Do(int64_t now_ms) const {
  if (roll_log_->parsed()) return RollLog(data_, reason_, now_ms);
  if (roll_authority_->parsed()) return RollTheAuthority(data_, reason_, now_ms);
  if (finish_authority_->parsed()) return FinishTheAuthority(data_, anyway_, now_ms);
  return ShowKeys(data_, now_ms);
}

}  // namespace sotay::server
