// One run of a command: its options, its streams, the world outside, and what was asked.  Shared
// by `sotay` and `sotayctl`; each adds its commands and hands the whole to Run.  One thread.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/cli/command_line.h"
#include "mobile-sdk/cli/voice.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"
#include "sync/schema.h"

namespace sotay::cli {

// Where words come from and go.
struct Streams {
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  size_t columns = 0;      // of the terminal `out` is; 0: none
  bool err_shown = false;  // whether somebody watches `err` as it is written
  // Whether `out` is a pipe nobody reads any more (`sotay list | head`); empty: it is none.
  std::function<bool()> reader_left;
};

struct Invocation {
  Streams streams;
  sdk::Surroundings surroundings;

  // The global options.
  std::string dir;
  bool json = false;
  std::vector<std::string> schema_files;
  std::string language;  // as it was typed; VoiceOf has made the voice of it
  Voice voice;

  // What the chosen command does; set by its callback.
  std::function<absl::Status()> command;

  // Milliseconds since 1970, by the surroundings' clock.
  int64_t NowMs() const;
  // One document, with two spaces of indent; or, for streams of events, on one line.
  void PrintJson(const nlohmann::json& document) const;
  void PrintJsonLine(const nlohmann::json& document) const;
  // Words for people, as they are (fit to show, with their line feed).
  void PrintWords(absl::string_view words) const;
  // The one or the other, as --json says.
  void Print(const nlohmann::json& document, absl::string_view words) const;
  // A remark beside the result, on stderr.
  void Remark(absl::string_view words) const;
};

// --dir, --keys, --json, --schema, --lang on `app`, to stand before or after a command's name.
// Given twice, the last one counts (of --schema, all).
void AddGlobalOptions(Command app, Invocation* invocation);

// --json, --schema and --lang alone, for a program without a notebook.
void AddReadingOptions(Command app, Invocation* invocation);

// The voice that --lang in `args`, or $SOTAY_LANG, asks for: help is spoken before options are
// read.
Voice VoiceOf(const std::vector<std::string>& args);

// Reads `args` (without the program's name), does what they ask, and says what went wrong.
// Returns the exit code of outcome.h; kExitFailed too when `out` cannot be written, unless its
// reader has left.
int Run(CommandLine* line, const std::vector<std::string>& args, Invocation* invocation);

// The built-in case-work types and those of the descriptor files.  kInvalidArgument names the
// file that cannot be read, or the declaration that breaks a rule.
absl::StatusOr<std::shared_ptr<const sync::Schema>> LoadSchema(
    const std::vector<std::string>& files);

// The whole file.  kNotFound and so on name it; kResourceExhausted over `bytes_max`.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t bytes_max);

}  // namespace sotay::cli
