#include "mobile-sdk/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/help.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {

const Option& Option::Required() const {
  option_->required();
  return *this;
}

const Option& Option::TypeName(const std::string& name) const {
  option_->type_name(name);
  return *this;
}

const Option& Option::ShowsDefault() const {
  option_->capture_default_str();
  return *this;
}

const Option& Option::OneEach() const {
  option_->allow_extra_args(false);
  return *this;
}

const Option& Option::LastCounts() const {
  option_->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return *this;
}

const Option& Option::Needs(const Option& other) const {
  option_->needs(other.option_);
  return *this;
}

const Option& Option::Needs(const std::string& other) const {
  option_->needs(other);
  return *this;
}

// The descriptions of checks are left out: the help would say them in English alone.
const Option& Option::Positive() const {
  option_->check(CLI::PositiveNumber.description(""));
  return *this;
}

const Option& Option::NotNegative() const {
  option_->check(CLI::NonNegativeNumber.description(""));
  return *this;
}

const Option& Option::Within(int least, int most) const {
  option_->check(CLI::Range(least, most).description(""));
  return *this;
}

const Option& Option::OneOf(const std::vector<std::string>& words) const {
  option_->check(CLI::IsMember(words).description(""));
  return *this;
}

Command Command::Add(const std::string& name, const std::string& description) const {
  CLI::App* command = app_->add_subcommand(name, description);
  command->group((*voice_)("Các lệnh", "Commands"));
  command->get_help_ptr()->group((*voice_)("Tùy chọn", "Options"));
  return Command(command, voice_);
}

Option Command::AddOption(const std::string& name, std::string& value,
                          const std::string& says) const {
  return Option(app_->add_option(name, value, says));
}

Option Command::AddOption(const std::string& name, absl::optional<std::string>& value,
                          const std::string& says) const {
  return Option(app_->add_option(name, value, says));
}

Option Command::AddOption(const std::string& name, std::vector<std::string>& value,
                          const std::string& says) const {
  return Option(app_->add_option(name, value, says));
}

Option Command::AddOption(const std::string& name, uint64_t& value, const std::string& says) const {
  return Option(app_->add_option(name, value, says));
}

Option Command::AddOption(const std::string& name, int& value, const std::string& says) const {
  return Option(app_->add_option(name, value, says));
}

Option Command::AddFlag(const std::string& name, bool& value, const std::string& says) const {
  return Option(app_->add_flag(name, value, says));
}

void Command::Footer(const std::string& words) const { app_->footer(words); }

void Command::RequireCommand() const { app_->require_subcommand(1); }

void Command::ReachesDown() const { app_->fallthrough(); }

void Command::WhenChosen(std::function<void()> act) const {
  app_->callback([app = app_, act = std::move(act)] {
    if (app->get_subcommands().empty()) act();  // the inner one has said what to do
  });
}

CommandLine::CommandLine(const std::string& program, const std::string& description,
                         const Voice& voice)
    : program_(program), voice_(voice), app_(std::make_unique<CLI::App>(description, program)) {
  SetHelp(app_.get(), voice);
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const { return Command(app_.get(), &voice_); }

CommandLine::Reading CommandLine::Read(const std::vector<std::string>& args) {
  Reading reading;
  try {
    app_->parse(
        std::vector<std::string>(args.rbegin(), args.rend()));  // CLI11 takes them from the back
    reading.done = true;
  } catch (const CLI::ParseError& error) {  // CLI11's only way of saying so
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      std::ostringstream help;
      app_->exit(error, help, help);
      reading.help = help.str();
      return reading;
    }
    const CLI::App* asked = app_.get();  // the command the mistake is in
    while (!asked->get_subcommands().empty()) asked = asked->get_subcommands().front();
    reading.mistake =
        absl::StrCat(OneLine(MistakeInWords(*asked, error, voice_)), "\n", voice_("Xem: ", "See: "),
                     asked == app_.get() ? "" : program_ + " ", asked->get_name(), " --help\n");
  }
  return reading;
}

}  // namespace sotay::cli
