// The commands of `sotay` and `sotayctl`, a group a file.  Each function adds its group to
// `app`; a command that is chosen sets Invocation::command.  Both must outlive the run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mobile-sdk/cli/command_line.h"
#include "mobile-sdk/cli/invocation.h"

namespace sotay::cli {

void AddWriteCommands(Command app, Invocation* run);     // new, edit, resolve
void AddSignCommand(Command app, Invocation* run);       // sign
void AddReadCommands(Command app, Invocation* run);      // list, show, log, conflicts, refused
void AddRefusedCommand(Command app, Invocation* run);    // of these, refused
void AddStatusCommands(Command app, Invocation* run);    // status, digest
void AddFieldsCommand(Command app, Invocation* run);     // fields
void AddSyncCommands(Command app, Invocation* run);      // enroll, sync, watch
void AddImportCommand(Command app, Invocation* run);     // import
void AddDeadlinesCommand(Command app, Invocation* run);  // deadlines
void AddFileCommands(Command app, Invocation* run);      // attach, files, save

void AddOfficeAdminCommands(Command app, Invocation* run);       // units, users
void AddOfficePostCommands(Command app, Invocation* run);        // posts
void AddOfficeRulesCommand(Command app, Invocation* run);        // rules
void AddOfficeDeviceCommands(Command app, Invocation* run);      // enroll, invite, devices, revoke
void AddOfficeRecordCommands(Command app, Invocation* run);      // records, show, conflicts, …
void AddOfficeQuarantineCommands(Command app, Invocation* run);  // quarantine
void AddOfficeDossierCommands(Command app, Invocation* run);     // dossiers
void AddOfficeSecrecyCommands(Command app, Invocation* run);     // secrecy
void AddOfficeAccessCommand(Command app, Invocation* run);       // access
void AddOfficeDuplicatesCommand(Command app, Invocation* run);   // duplicates
void AddOfficeCountCommand(Command app, Invocation* run);        // count
void AddOfficeExportCommand(Command app, Invocation* run);       // export
void AddOfficeDeadlinesCommand(Command app, Invocation* run);    // deadlines
void AddOfficeFileCommand(Command app, Invocation* run);         // save
void AddOfficeWatchCommand(Command app, Invocation* run);        // watch

// Everything `sotay`, `sotayctl` and `sotay-verify` do, from the words of the command line to the
// exit code.
int Sotay(const std::vector<std::string>& args, Invocation* run);
int Sotayctl(const std::vector<std::string>& args, Invocation* run);
int SotayVerify(const std::vector<std::string>& args, Invocation* run);

// A command of its own words: `Words` holds what the options fill in, `act` does it.
template <typename Words>
Command AddCommand(Command app, Invocation* run, const std::string& name,
                   const std::string& description, std::shared_ptr<Words> words,
                   absl::Status (*act)(const Invocation&, const Words&)) {
  const Command command = app.Add(name, description);
  command.WhenChosen(
      [run, words, act] { run->command = [run, words, act] { return act(*run, *words); }; });
  return command;
}

}  // namespace sotay::cli
