// The words of a command line: commands, what may stand behind them, and their help.  The one door
// to the library that reads them, whose headers take longer to compile than all the commands do.
// Handles, copied freely, valid as long as their CommandLine.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "mobile-sdk/cli/voice.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sotay::cli {

// An option ("--unit"), or a word in its place ("RECORD").
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  const Option& Required() const;
  // What stands behind it in the help: "D/M/YYYY".
  const Option& TypeName(const std::string& name) const;
  // The help tells what it is unless said.
  const Option& ShowsDefault() const;
  // Of a list: each value wants the option's name before it.
  const Option& OneEach() const;
  // Said twice, the last one counts, where it would be a mistake.
  const Option& LastCounts() const;
  // Only where the other is said, too.
  const Option& Needs(const Option& other) const;
  const Option& Needs(const std::string& other) const;
  const Option& Positive() const;
  const Option& NotNegative() const;
  const Option& Within(int least, int most) const;
  const Option& OneOf(const std::vector<std::string>& words) const;

 private:
  CLI::Option* option_;
};

class Command {
 public:
  Command(CLI::App* app, const Voice* voice) : app_(app), voice_(voice) {}

  // A command under this one.
  Command Add(const std::string& name, const std::string& description) const;
  // `value` is filled in when the line is read.
  Option AddOption(const std::string& name, std::string& value, const std::string& says) const;
  Option AddOption(const std::string& name, absl::optional<std::string>& value,
                   const std::string& says) const;
  Option AddOption(const std::string& name, std::vector<std::string>& value,
                   const std::string& says) const;
  Option AddOption(const std::string& name, uint64_t& value, const std::string& says) const;
  Option AddOption(const std::string& name, int& value, const std::string& says) const;
  Option AddFlag(const std::string& name, bool& value, const std::string& says) const;
  // What the help ends with.
  void Footer(const std::string& words) const;
  // It does nothing without a command under it.
  void RequireCommand() const;
  // The options of this command may stand behind the name of one under it, too.
  void ReachesDown() const;
  // What is done when the line names this command and none under it.
  void WhenChosen(std::function<void()> act) const;

 private:
  CLI::App* app_;
  const Voice* voice_;
};

class CommandLine {
 public:
  // What came of reading a line.
  struct Reading {
    bool done = false;    // a command was chosen
    std::string help;     // what was asked for instead
    std::string mistake;  // or what is wrong with it: "thiếu TYPE", and where to look it up
  };

  CommandLine(const std::string& program, const std::string& description, const Voice& voice);
  ~CommandLine();

  const std::string& program() const { return program_; }
  Command root() const;
  // `args`: without the program's name.
  Reading Read(const std::vector<std::string>& args);

 private:
  const std::string program_;
  const Voice voice_;
  const std::unique_ptr<CLI::App> app_;
};

}  // namespace sotay::cli
