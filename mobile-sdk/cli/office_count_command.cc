// count: numbers of records, one thing that was recorded several times being one.
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/state_named.h"
#include "mobile-sdk/cli/table.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct CountWords : ScopeWords {
  std::string type, state;
};

json TallyJson(const v1::UnitTally& tally) {
  return {{"things", tally.things()},
          {"records", tally.records()},
          {"disputed", tally.disputed()},
          {"withdrawn", tally.withdrawn()}};
}

absl::Status Count(const Invocation& run, const CountWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::CountRecordsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_type(words.type);
  if (!words.state.empty()) {
    SOTAY_ASSIGN_OR_RETURN(*request.mutable_state(),
                           StateNamed(*open.schema, words.type, words.state));
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::CountRecordsResponse counted,
                         open.office->CountRecords(request));
  v1::UnitTally all;
  json units = json::array();
  Table table({{run.voice("đơn vị", "unit"), false, 24},
               {run.voice("số việc", "things"), true},
               {run.voice("bản ghi", "records"), true},
               {run.voice("chưa thống nhất", "disputed"), true},
               {run.voice("đã rút", "withdrawn"), true}});
  const auto add = [&table](const std::string& name, const v1::UnitTally& tally) {
    table.Add({name, absl::StrCat(tally.things()), absl::StrCat(tally.records()),
               absl::StrCat(tally.disputed()), absl::StrCat(tally.withdrawn())});
  };
  for (const v1::UnitTally& tally : counted.units()) {
    json line = TallyJson(tally);
    line["unit"] = tally.unit_id();
    units.push_back(std::move(line));
    add(open.reader.names.Unit(tally.unit_id()), tally);
    all.set_things(all.things() + tally.things());
    all.set_records(all.records() + tally.records());
    all.set_disputed(all.disputed() + tally.disputed());
    all.set_withdrawn(all.withdrawn() + tally.withdrawn());
  }
  if (counted.units_size() > 1) add(run.voice("cộng", "together"), all);
  json document = TallyJson(all);
  document["units"] = std::move(units);
  document["more"] = counted.more();
  run.Print(document, table.empty() ? run.voice("Không có đơn vị nào.\n", "No units.\n")
                                    : table.Print(open.reader.columns));
  if (counted.more()) {
    run.Remark(run.voice("Còn nữa: số này chưa đủ; hỏi từng đơn vị.\n",
                         "There are more: these numbers are too small; ask unit by unit.\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddOfficeCountCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<CountWords>();
  Command command = AddCommand(
      app, run, "count",
      voice("Đếm bản ghi: một việc ghi nhiều lần tính một, đã rút không tính",
            "Count records: one thing recorded several times is one; not withdrawn ones"),
      words, &Count);
  command.AddOption("TYPE", words->type, voice("loại: finding, case …", "a type: finding, case …"))
      .Required();
  AddScope(command, voice, words);
  command
      .AddOption("--state", words->state,
                 voice("một trạng thái: confirmed …", "a state: confirmed …"))
      .TypeName("STATE");
  command.Footer(
      voice(
          "Bản ghi trùng mang trạng thái của bản mà nó lặp lại. Khi chưa thống nhất trùng với bản "
          "nào, mỗi bản tính một. Ví dụ:",
          "What repeats another counts in the state of that. While people disagree what it "
          "repeats, each is one. Examples:") +
      R"(
  sotayctl count finding --unit vkskv3
  sotayctl count finding --unit vks-sm --subtree --state confirmed
)");
}

}  // namespace sotay::cli
