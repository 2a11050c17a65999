#include "mobile-sdk/cli/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {
namespace {

constexpr size_t kTypingErrorsMax = 2;  // more, and it was another word

class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(const Voice& voice) : voice_(voice) {
    column_width(kColumns);
    label("TEXT", "");  // says nothing that a name does not
    if (voice.language() != Language::kVietnamese) return;
    label("Usage", "Cách dùng");
    label("Positionals", "Đối số");
    label("OPTIONS", "TÙY CHỌN");
    label("SUBCOMMAND", "LỆNH");
    label("REQUIRED", "(bắt buộc)");
    label("Needs", "đi với");
  }

  std::string make_option(const CLI::Option* option, bool positional) const override {
    // A type without a name leaves two spaces.
    const std::string form = absl::StrReplaceAll(
        absl::StrCat(make_option_name(option, positional), make_option_opts(option)),
        {{"  ", " "}});
    return Line(absl::StripTrailingAsciiWhitespace(form), make_option_desc(option));
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return Line(command->get_name(), command->get_description());
  }

  std::string make_footer(const CLI::App* app) const override {
    std::string footer = CLI::Formatter::make_footer(app);
    if (app->get_parent() == nullptr) return footer;
    while (!footer.empty() && footer.back() == '\n') footer.pop_back();
    const CLI::App* root = app;
    while (root->get_parent() != nullptr) root = root->get_parent();
    return absl::StrCat(footer, footer.empty() ? "" : "\n\n",
                        voice_("Tùy chọn chung (--dir, --json, --lang, --schema): ",
                               "Options of all commands (--dir, --json, --lang, --schema): "),
                        root->get_name(), " --help\n");
  }

 private:
  static constexpr size_t kColumns = 30;

  static std::string Line(absl::string_view name, absl::string_view said) {
    const std::string begun = absl::StrCat("  ", name);
    if (said.empty()) return absl::StrCat(begun, "\n");
    const bool narrow = DisplayWidth(begun) < kColumns;
    return absl::StrCat(narrow ? PadRight(begun, kColumns) : absl::StrCat(begun, "\n"),
                        narrow ? "" : std::string(kColumns, ' '), said, "\n");
  }

  const Voice voice_;
};

// How many letters to take out, put in or change.
size_t TypingErrors(absl::string_view typed, absl::string_view meant) {
  std::vector<size_t> row(meant.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (const char c : typed) {
    size_t corner = row[0]++;
    for (size_t i = 1; i < row.size(); ++i) {
      const size_t changed = corner + (c == meant[i - 1] ? 0 : 1);
      corner = row[i];
      row[i] = std::min({row[i] + 1, row[i - 1] + 1, changed});
    }
  }
  return row.back();
}

std::string NoSuchCommand(const CLI::App& asked, const std::string& typed, const Voice& voice) {
  std::string nearest;
  size_t least = kTypingErrorsMax + 1;
  for (const CLI::App* command : asked.get_subcommands({})) {
    const size_t errors = TypingErrors(typed, command->get_name());
    if (errors >= least) continue;
    least = errors;
    nearest = command->get_name();
  }
  return absl::StrCat(
      voice("không có lệnh ", "there is no command "), typed,
      nearest.empty() ? "" : absl::StrCat(voice("; ý bạn là ", "; did you mean "), nearest, "?"));
}

}  // namespace

void SetHelp(CLI::App* app, const Voice& voice) {
  app->formatter(std::make_shared<HelpFormatter>(voice));
  app->option_defaults()->group(voice("Tùy chọn", "Options"));
  app->set_help_flag("-h,--help", voice("in hướng dẫn này", "print this help"));
}

std::string MistakeInWords(const CLI::App& asked, const CLI::ParseError& error,
                           const Voice& voice) {
  const std::string what = error.what();
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  if (code == CLI::ExitCodes::RequiredError) {
    const bool command = asked.get_require_subcommand_min() > 0 && asked.get_subcommands().empty();
    const std::vector<std::string> strange = asked.remaining();
    if (command && !strange.empty()) return NoSuchCommand(asked, strange.front(), voice);
    if (command) return voice("thiếu lệnh", "which command?");
    absl::string_view missing = what;
    if (absl::ConsumeSuffix(&missing, " is required")) {
      return absl::StrCat(voice("thiếu ", ""), missing, voice("", " is missing"));
    }
  }
  if (code == CLI::ExitCodes::ExtrasError) {
    const size_t colon = what.find(": ");
    if (colon != std::string::npos) {
      return absl::StrCat(voice("không hiểu: ", "not understood: "), what.substr(colon + 2));
    }
  }
  return what;
}

}  // namespace sotay::cli
