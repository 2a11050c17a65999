// dossiers: who may see which.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/day_words.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sotay/v1/record.pb.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kRecordDigitsMin = 8;
constexpr size_t kShortDigits = 8;

struct ListWords {
  std::string unit;
  bool history = false;
};

struct ActWords {
  std::string record, reason;
  std::vector<std::string> people;
  bool nobody = false;
};

json ActJson(const Reader& reader, const v1::DossierAct& act) {
  json people = json::array();
  for (const v1::NamedPerson& person : act.people()) {
    people.push_back({{"user", person.user_id()},
                      {"name", reader.names.Person(person.user_id())},
                      {"valid_to", person.valid_to()}});
  }
  json assigned = json::array();
  for (const v1::AssignedPerson& person : act.assigned()) {
    assigned.push_back({{"assignment", Hex(person.assignment_id())},
                        {"user", person.user_id()},
                        {"name", reader.names.Person(person.user_id())},
                        {"ended", person.ended()}});
  }
  return {{"unit", act.unit_id()},
          {"number", act.number()},
          {"dossier", Hex(act.dossier_id())},
          {"restricted", act.restricted()},
          {"people", std::move(people)},
          {"by_assignment", Hex(act.by_assignment())},
          {"cause", act.cause() == v1::ACT_CAUSE_UNSPECIFIED ? "" : v1::ActCause_Name(act.cause())},
          {"assigned", std::move(assigned)},
          {"reason", act.reason()},
          {"set_by", act.set_by()},
          {"set_ms", act.set_ms()}};
}

// "Nguyễn Ưu Đàm, Võ Nguyệt Quế (đến hết 20/12/2026)".
std::string PeopleInWords(const Reader& reader, const v1::DossierAct& act) {
  const Voice& voice = reader.voice;
  if (!act.restricted()) return voice("cả đơn vị", "the whole unit");
  if (act.people().empty()) return voice("chỉ lãnh đạo phụ trách", "its heads alone");
  std::vector<std::string> people;
  for (const v1::NamedPerson& person : act.people()) {
    std::string words = OneLine(reader.names.Person(person.user_id()));
    if (person.valid_to() != 0) {
      absl::StrAppend(&words, voice(" (đến hết ", " (through "), DayInWords(person.valid_to()),
                      ")");
    }
    people.push_back(std::move(words));
  }
  return absl::StrJoin(people, ", ");
}

// Why; of what came of an assignment, of the opening, or of the root, that it did.
std::string ReasonInWords(const Voice& voice, const v1::DossierAct& act) {
  if (act.cause() == v1::ACT_CAUSE_BEGUN) return voice("(đã bắt đầu)", "(begun)");
  if (act.cause() != v1::ACT_CAUSE_UNSPECIFIED) {
    return voice("(giữ kín đến khi bắt đầu)", "(hidden until it begins)");
  }
  if (act.by_assignment().empty()) return act.reason();
  if (act.by_assignment() == act.dossier_id()) return voice("(mở hồ sơ)", "(opened)");
  return absl::StrCat(voice("(phân công ", "(assignment "),
                      Hex(act.by_assignment()).substr(0, kShortDigits), ") ", act.reason());
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::ListDossierActsRequest request;
  request.set_unit_id(words.unit);
  request.set_history(words.history);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListDossierActsResponse listed,
                         open.office->ListDossierActs(request));
  const Voice& voice = run.voice;
  Table table({{voice("đơn vị", "unit")},
               {voice("số", "no."), true},
               {voice("hồ sơ", "dossier")},
               {voice("ai được xem", "for whom"), false, 16},
               {voice("lúc", "when")},
               {voice("người ghi", "set by"), false, 0, true},
               {voice("lý do", "reason"), false, 8, true}});
  json list = json::array();
  for (const v1::DossierAct& act : listed.acts()) {
    list.push_back(ActJson(open.reader, act));
    table.Add({act.unit_id(), act.number() == 0 ? "" : absl::StrCat(act.number()),
               Hex(act.dossier_id()).substr(0, kShortDigits), PeopleInWords(open.reader, act),
               InstantInWords(act.set_ms()),
               act.set_by().empty() ? voice("(hết hạn)", "(by date)") : act.set_by(),
               ReasonInWords(voice, act)});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

// The whole id of the record that these digits begin.
absl::StatusOr<std::string> WholeId(const OpenOffice& open, const std::string& digits) {
  v1::GetRecordRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(), IdBytes("record", digits, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, open.office->GetRecord(request));
  v1::Record record;
  if (!record.ParseFromString(found.record().record())) {
    return absl::DataLossError("the record cannot be read");
  }
  return record.record_id();
}

// "uu-dam" or "uu-dam:20/12/2026".
absl::StatusOr<v1::NamedPerson> PersonOfWord(const Invocation& run, const std::string& word) {
  const std::vector<std::string> parts = absl::StrSplit(word, absl::MaxSplits(':', 1));
  v1::NamedPerson person;
  person.set_user_id(parts[0]);
  if (parts.size() == 2) {
    if (parts[1].empty()) return absl::InvalidArgumentError("--for: write USER:D/M/YYYY");
    SOTAY_ASSIGN_OR_RETURN(const int32_t day, DayOfWord(parts[1], run.NowMs()));
    person.set_valid_to(day);
  }
  return person;
}

void PrintAct(const Invocation& run, const Reader& reader, const v1::DossierAct& act) {
  run.Print(
      ActJson(reader, act),
      absl::StrCat(act.number() == 0 ? run.voice("Đã ghi, ", "Saved, ")
                                     : absl::StrCat(run.voice("Đã ghi số ", "Saved no. "),
                                                    act.number(), run.voice(" của ", " of ")),
                   act.unit_id(), "  ", run.voice("hồ sơ ", "dossier "),
                   Hex(act.dossier_id()).substr(0, kShortDigits),
                   run.voice("  ai được xem: ", "  for: "), PeopleInWords(reader, act), "\n"));
}

absl::Status Restrict(const Invocation& run, const ActWords& words) {
  if (words.people.empty() != words.nobody) {
    return absl::InvalidArgumentError(
        "say for whom: --for USER, as often as there are people, or --nobody for its heads alone");
  }
  v1::RestrictDossierRequest request;
  for (const std::string& word : words.people) {
    SOTAY_ASSIGN_OR_RETURN(*request.add_people(), PersonOfWord(run, word));
  }
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(), WholeId(open, words.record));
  SOTAY_ASSIGN_OR_RETURN(const auto done, open.office->RestrictDossier(request));
  PrintAct(run, open.reader, done.act());
  return absl::OkStatus();
}

absl::Status Open(const Invocation& run, const ActWords& words) {
  v1::OpenDossierRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(), WholeId(open, words.record));
  SOTAY_ASSIGN_OR_RETURN(const auto done, open.office->OpenDossier(request));
  PrintAct(run, open.reader, done.act());
  return absl::OkStatus();
}

}  // namespace

void AddOfficeDossierCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  const std::string reason = voice("quyết định nào", "by which decision");
  const std::string record =
      voice("hồ sơ: mã của vụ việc, cuộc kiểm sát, hoặc của bản ghi bất kỳ trong đó",
            "the dossier: id of its case or inspection, or of any record in it");

  const Command dossiers = app.Add(
      "dossiers", voice("Hồ sơ nào chỉ dành cho một số người", "Dossiers that are for some only"));
  dossiers.RequireCommand();
  dossiers.Footer(voice(
      "Hồ sơ không ghi gì thì cả đơn vị được xem; nếu bảng quyền quy định thì chỉ người mở và "
      "người được phân công (sotay new assignment). Viện trưởng, đoàn kiểm tra, và Phó Viện "
      "trưởng phụ trách khâu luôn được xem. Máy của người không còn tên: gửi hết những gì "
      "chưa gửi, rồi bỏ hồ sơ khỏi máy và báo cho người dùng. Ai được ghi: sotayctl rules, "
      "quyền assign.",
      "A dossier of which nothing was said is for the whole unit, or, where the table says so, "
      "for whoever opened it and whom it is assigned to (sotay new assignment).  Heads, checks, "
      "and "
      "deputies in their fields of work see it always.  The phone of somebody who is no "
      "longer named sends what is unsent, then lets the dossier go and says so.  Who may "
      "say this: sotayctl rules, the verb assign."));

  auto restricted = std::make_shared<ActWords>();
  Command restrict =
      AddCommand(dossiers, run, "restrict",
                 voice("Chỉ những người này được xem", "From now on for these people only"),
                 restricted, &Restrict);
  restrict.AddOption("RECORD", restricted->record, record).Required();
  restrict
      .AddOption("--for", restricted->people,
                 voice("người được xem, và ngày cuối nếu có; lặp lại được",
                       "somebody it is for, and their last day if any; may be repeated"))
      .TypeName("USER[:D/M/YYYY]")
      .OneEach();
  restrict.AddFlag("--nobody", restricted->nobody,
                   voice("không ai ngoài lãnh đạo phụ trách", "for its heads alone"));
  restrict.AddOption("--reason", restricted->reason, reason).Required();
  restrict.Footer(voice("Lần ghi sau thay cho lần trước: ghi đủ mọi người. Ví dụ:",
                        "What is said last stands: name everybody.  Examples:") +
                  R"(
  sotayctl dossiers restrict 7f3a91c2 --for nguyet-que --reason "Phân công 4/PC-VKS"
  sotayctl dossiers restrict 7f3a91c2 --for nguyet-que --for o-ro:20/12/2026 --reason "5/PC-VKS"
  sotayctl dossiers restrict 7f3a91c2 --nobody --reason "Kiểm tra đột xuất 3/KH-VKS"
)");

  auto opened = std::make_shared<ActWords>();
  Command open =
      AddCommand(dossiers, run, "open",
                 voice("Cả đơn vị được xem", "From now on for the whole unit"), opened, &Open);
  open.AddOption("RECORD", opened->record, record).Required();
  open.AddOption("--reason", opened->reason, reason).Required();
  open.Footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl dossiers open 7f3a91c2 --reason "Kết thúc phân công 4/PC-VKS"
)");

  auto listed = std::make_shared<ListWords>();
  Command list =
      AddCommand(dossiers, run, "list",
                 voice("Những hồ sơ chỉ dành cho một số người", "Those that are for some only"),
                 listed, &List);
  list.AddOption("--unit", listed->unit, voice("của một đơn vị", "of one unit")).TypeName("UNIT");
  list.AddFlag("--history", listed->history,
               voice("cả những lần ghi trước và hồ sơ đã mở lại",
                     "also what was said before, and of dossiers that are open again"));
}

}  // namespace sotay::cli
