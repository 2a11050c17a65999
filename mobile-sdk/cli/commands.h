// The commands of `sotay` and `sotayctl`, a group a file.  Each function adds its group to
// `app`; a command that is chosen sets Invocation::command.  Both must outlive the run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "mobile-sdk/cli/invocation.h"

namespace sotay::cli {

void AddWriteCommands(CLI::App* app, Invocation* run);   // new, edit, resolve
void AddReadCommands(CLI::App* app, Invocation* run);    // list, show, log, conflicts, refused
void AddStatusCommands(CLI::App* app, Invocation* run);  // status, digest
void AddFieldsCommand(CLI::App* app, Invocation* run);   // fields
void AddSyncCommands(CLI::App* app, Invocation* run);    // enroll, sync, watch
void AddImportCommand(CLI::App* app, Invocation* run);   // import

void AddOfficeAdminCommands(CLI::App* app, Invocation* run);   // units, users
void AddOfficePostCommands(CLI::App* app, Invocation* run);    // posts
void AddOfficeRulesCommand(CLI::App* app, Invocation* run);    // rules
void AddOfficeDeviceCommands(CLI::App* app, Invocation* run);  // enroll, invite, devices, revoke
void AddOfficeRecordCommands(CLI::App* app, Invocation* run);  // records, show, conflicts, …
void AddOfficeQuarantineCommands(CLI::App* app, Invocation* run);  // quarantine
void AddOfficeDossierCommands(CLI::App* app, Invocation* run);     // dossiers
void AddOfficeAccessCommand(CLI::App* app, Invocation* run);       // access
void AddOfficeDuplicatesCommand(CLI::App* app, Invocation* run);   // duplicates
void AddOfficeExportCommand(CLI::App* app, Invocation* run);       // export
void AddOfficeWatchCommand(CLI::App* app, Invocation* run);        // watch

// Everything `sotay`, `sotayctl` and `sotay-verify` do, from the words of the command line to the
// exit code.
int Sotay(const std::vector<std::string>& args, Invocation* run);
int Sotayctl(const std::vector<std::string>& args, Invocation* run);
int SotayVerify(const std::vector<std::string>& args, Invocation* run);

// A command of its own words: `Words` holds what the options fill in, `act` does it.
template <typename Words>
CLI::App* AddCommand(CLI::App* app, Invocation* run, const std::string& name,
                     const std::string& description, std::shared_ptr<Words> words,
                     absl::Status (*act)(const Invocation&, const Words&)) {
  CLI::App* command = app->add_subcommand(name, description);
  command->group(run->voice("Các lệnh", "Commands"));
  command->get_help_ptr()->group(run->voice("Tùy chọn", "Options"));
  command->callback([command, run, words, act] {
    if (!command->get_subcommands().empty()) return;  // the inner one has said what to do
    run->command = [run, words, act] { return act(*run, *words); };
  });
  return command;
}

}  // namespace sotay::cli
