// How a command ends: an exit code for scripts and a sentence for people.  Pure; any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "mobile-sdk/cli/voice.h"

namespace sotay::cli {

// Part of the commands' interface, like their options.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,      // the sentence on stderr says what, which, limit, what to do
  kExitUsage = 2,       // the command line or a value in it cannot be read
  kExitNotFound = 3,    // no such record, conflict, unit, user, device, notebook
  kExitRefused = 4,     // a rule, a role or somebody else's step forbids it
  kExitNoNetwork = 5,   // the server was not reached; nothing is lost
  kExitIncomplete = 6,  // what is there holds, and not all of it is there
};

ExitCode ExitCodeOf(const absl::Status& status);

// "Không tìm thấy: no record begins with 7f3a": what kind of failure, then the failure's own
// sentence, fit to show.
std::string Sentence(const Voice& voice, const absl::Status& status);

// What becomes of a notebook that was copied or set back, and what its user does.
std::string ForkedInWords(const Voice& voice);

}  // namespace sotay::cli
