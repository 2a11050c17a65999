// rules: the table of rights in force on the server.
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "sync/matrix.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct RulesWords {
  std::string capacity;
  bool text = false;
};

template <typename Words>
json ListOf(const Words& words) {
  json list = json::array();
  for (const std::string& word : words) list.push_back(word);
  return list;
}

absl::Status ShowRules(const Invocation& run, const RulesWords& words) {
  const v1::Capacity wanted = sync::CapacityNamed(words.capacity);
  if (!words.capacity.empty() && wanted == v1::CAPACITY_UNSPECIFIED) {
    return absl::InvalidArgumentError(absl::StrCat(
        "capacity \"", words.capacity, "\": write HEAD, DEP, DIV, KSV, KTV, CLK, STA or INS"));
  }
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRulesResponse rules, open.office->GetRules());
  json lines = json::array();
  Table table({{run.voice("chức danh", "capacity")},
               {run.voice("loại", "kinds"), false, 12},
               {run.voice("được", "may"), false, 8},
               {run.voice("phạm vi", "scope")},
               {run.voice("điều kiện", "condition")},
               {run.voice("quy tắc", "rule"), false, 0, true}});
  for (const v1::AccessLine& line : rules.lines()) {
    if (!words.capacity.empty() && line.capacity() != wanted) continue;
    lines.push_back({{"rule", line.name()},
                     {"capacity", sync::NameOf(line.capacity())},
                     {"kinds", ListOf(line.kinds())},
                     {"verbs", ListOf(line.verbs())},
                     {"scope", line.scope()},
                     {"conditions", ListOf(line.conditions())}});
    table.Add({sync::NameOf(line.capacity()), absl::StrJoin(line.kinds(), ", "),
               absl::StrJoin(line.verbs(), ", "), line.scope(),
               absl::StrJoin(line.conditions(), ", "), line.name()});
  }
  json document = {{"version", rules.version()},
                   {"since", rules.since()},
                   {"source", rules.source()},
                   {"sha256", absl::BytesToHexString(rules.sha256())},
                   {"rules", std::move(lines)}};
  if (words.text) {
    document["text"] = rules.text();
    run.Print(document, Block(rules.text()));
    return absl::OkStatus();
  }
  run.Print(
      document,
      absl::StrCat(run.voice("Bảng quyền ", "Table "), OneLine(rules.version()), "  ",
                   rules.source() == "file" ? run.voice("tệp của máy chủ", "a file of the server's")
                                            : run.voice("có sẵn trong máy chủ", "compiled in"),
                   "  ", absl::BytesToHexString(rules.sha256()).substr(0, 16), "\n\n",
                   table.Print(run.streams.columns)));
  return absl::OkStatus();
}

}  // namespace

void AddOfficeRulesCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<RulesWords>();
  Command rules = AddCommand(app, run, "rules",
                             voice("Bảng quyền đang áp dụng: ai được làm gì với loại nào",
                                   "The table of rights in force: who may do what with which kind"),
                             words, &ShowRules);
  rules.AddOption("--capacity", words->capacity, voice("chỉ một chức danh", "of one capacity"))
      .TypeName("CAPACITY");
  rules.AddFlag("--text", words->text,
                voice("nguyên văn, để sửa thành bảng của mình",
                      "the text as it is, to make a table of one's own from"));
  rules.Footer(
      voice(
          "Điều gì không có quy tắc cho phép thì không được phép. Phạm vi: own của mình, unit đơn "
          "vị, tree đơn vị và cấp dưới. Ví dụ:",
          "What no rule allows is not allowed. Scope: own, unit, tree (unit and below). "
          "Examples:") +
      R"(
  sotayctl rules --capacity DEP
  sotayctl rules --text > access.rules     # then, in sotayd.toml: rules = "/etc/sotay/access.rules"
)");
}

}  // namespace sotay::cli
