// records, show, conflicts, digest: what a supervisor reads.
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/admission_line.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/deadlines.h"
#include "mobile-sdk/cli/fields.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/office_json.h"
#include "mobile-sdk/cli/office_quarantine.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/signatures.h"
#include "mobile-sdk/cli/state_named.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/together.h"
#include "mobile-sdk/core/visible_digest.h"
#include "sync/absorb.h"
#include "sync/admitted_edit.h"
#include "sync/sign.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr int kPage = 200;
constexpr int kLooksMax = 5;            // at units that change while they are looked at
constexpr size_t kRecordDigitsMin = 8;  // the server's bound: four bytes
constexpr int kHistory = 100;
constexpr int kHistoryMax = 500;

absl::Status Unreadable(const v1::LogEntry& entry) {
  return absl::DataLossError(
      absl::StrCat("the change at position ", entry.admission().position(), " cannot be read"));
}

struct RecordsWords : ScopeWords {
  std::string type, state;
  size_t limit = 200;
};

struct ShowWords {
  std::string record;
  int history = 0;
};

struct BlameWords {
  std::string record;
  std::string field;  // which text
};

absl::Status Records(const Invocation& run, const RecordsWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::ListRecordsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_type(words.type);
  if (!words.state.empty()) {
    SOTAY_ASSIGN_OR_RETURN(*request.mutable_state(),
                           StateNamed(*open.schema, words.type, words.state));
  }
  request.set_page_size(kPage);
  std::vector<sdk::RecordLine> lines;
  json list = json::array();
  bool more = false;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, open.office->ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      more = lines.size() == words.limit;
      if (more) break;
      SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                             sync::MergedRecord::Parse(*open.schema, feed.record()));
      lines.push_back(LineOf(open.reader, record));
      list.push_back(FeedLineJson(lines.back(), feed.position()));
    }
    request.set_page_token(page.next_page_token());
  } while (!more && !request.page_token().empty());
  run.Print(list, lines.empty() ? run.voice("Chưa có bản ghi nào.\n", "No records.\n")
                                : LinesInWords(open.reader, lines, /*own=*/false));
  if (more) {
    run.Remark(absl::StrCat(run.voice("Còn nữa; mới in ", "There are more; printed the newest "),
                            lines.size(), " (--limit).\n"));
  }
  return absl::OkStatus();
}

// Signatures of a record, each behind the one it follows.
absl::StatusOr<std::vector<sync::MergedRecord>> SignaturesOf(const OpenOffice& open,
                                                             const sync::MergedRecord& object) {
  std::vector<sync::MergedRecord> records;
  for (const auto& [name, type] : open.schema->types()) {
    if (type.signing == nullptr || object.type() == nullptr || object.type()->signing != nullptr) {
      continue;
    }
    v1::ListRecordsRequest request;
    request.set_unit_id(object.unit_id());
    request.set_dossier_id(object.dossier().str());
    request.set_type(name);
    request.set_page_size(kPage);
    do {
      const auto page = open.office->ListRecords(request);
      // Whoever may read the record and no signature is shown the record.
      if (absl::IsNotFound(page.status()) || absl::IsPermissionDenied(page.status())) break;
      SOTAY_RETURN_IF_ERROR(page.status());
      for (const v1::FeedRecord& feed : page->records()) {
        SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord record,
                               sync::MergedRecord::Parse(*open.schema, feed.record()));
        records.push_back(std::move(record));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
  }
  return sync::SignaturesOf(object.id(), std::move(records));
}

absl::Status Show(const Invocation& run, const ShowWords& words) {
  v1::GetRecordRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(),
                         IdBytes("record", words.record, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  request.set_history_size(words.history);
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse response, open.office->GetRecord(request));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                         sync::MergedRecord::Parse(*open.schema, response.record().record()));
  const std::vector<sync::Conflict> conflicts = sync::Conflicts(record);

  json document = RecordJson(open.reader, record, conflicts);
  document["position"] = response.record().position();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::MergedRecord> signatures,
                         SignaturesOf(open, record));
  document["signatures"] = SignaturesJson(open.reader, record, signatures);
  document["history"] = json::array();
  document["quarantined"] = json::array();
  std::string text = RecordInWords(open.reader, record, conflicts, absl::nullopt);
  SOTAY_RETURN_IF_ERROR(AddDeadlineThere(run, open, record, &document, &text));
  SOTAY_RETURN_IF_ERROR(AddTogetherThere(open, record, &document, &text));
  if (!signatures.empty()) {
    absl::StrAppend(&text, "\n", run.voice("Chữ ký:", "Signatures:"), "\n",
                    SignaturesInWords(open.reader, record, signatures));
  }
  if (!response.history().empty()) {
    absl::StrAppend(&text, "\n", run.voice("Lịch sử:", "History:"), "\n");
  }
  for (const v1::LogEntry& entry : response.history()) {
    v1::Change change;
    if (!change.ParseFromString(entry.change())) {
      return Unreadable(entry);
    }
    const std::string& user = entry.admission().user_id();
    json told = ChangeJson(open.reader, change, entry.change_id(), user, &entry.admission());
    told["admitted_by"] = AdmissionLineJson(entry);
    document["history"].push_back(std::move(told));
    absl::StrAppend(&text,
                    ChangeInWords(open.reader, change, user, &entry.admission(), record.id()),
                    AdmissionLineInWords(open.reader.voice, entry));
  }
  if (!response.quarantined().empty()) {
    absl::StrAppend(&text, "\n", run.voice("Bị giữ lại:", "Set aside:"), "\n");
  }
  for (const v1::QuarantinedChange& set_aside : response.quarantined()) {
    document["quarantined"].push_back(QuarantinedJson(open.reader, set_aside));
    absl::StrAppend(&text, QuarantinedInWords(open.reader, set_aside));
  }
  run.Print(document, text);
  return absl::OkStatus();
}

absl::Status Blame(const Invocation& run, const BlameWords& words) {
  v1::GetRecordRequest request;
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_record_id(),
                         IdBytes("record", words.record, kRecordDigitsMin));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  request.set_history_size(kHistoryMax);
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse response, open.office->GetRecord(request));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                         sync::MergedRecord::Parse(*open.schema, response.record().record()));
  if (record.type() == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("record ", record.id().Short(), " is a ",
                                                      record.type_name(),
                                                      ", which this program does not know"));
  }
  SOTAY_ASSIGN_OR_RETURN(const sync::FieldType* field, TextField(*record.type(), words.field));
  std::vector<sync::AdmittedEdit> past;
  for (const v1::LogEntry& entry : response.history()) {
    auto edit = sync::AdmittedEditOf(entry, record.id());
    if (!edit.has_value()) return Unreadable(entry);
    past.push_back(*std::move(edit));
  }
  auto history = sync::HistoryShown(record, {}, past);
  if (absl::IsFailedPrecondition(history.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "record ", record.id().Short(), " has more changes than one answer holds, ", kHistoryMax,
        "; a device of the unit can tell: sotay blame ", record.id().Short(), " --fetch"));
  }
  SOTAY_RETURN_IF_ERROR(history.status());
  const std::vector<sync::BlameRun> runs =
      sync::Blame(&*history, field->number, history->Everything());
  run.Print(BlameJson(open.reader, runs), BlameInWords(open.reader, runs));
  return absl::OkStatus();
}

absl::Status Conflicts(const Invocation& run, const ScopeWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::ListConflictsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_page_size(kPage);
  json list = json::array();
  std::string text;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListConflictsResponse page,
                           open.office->ListConflicts(request));
    for (const v1::FeedRecord& feed : page.records()) {
      SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                             sync::MergedRecord::Parse(*open.schema, feed.record()));
      const sdk::RecordLine line = LineOf(open.reader, record);
      absl::StrAppend(&text, line.id.Short(), "  ", OneLine(open.reader.names.Unit(line.unit_id)),
                      "  ", Fit(OneLine(line.title), 60), "\n");
      for (const sync::Conflict& conflict : sync::Conflicts(record)) {
        list.push_back(ConflictJson(open.reader, record, conflict));
        absl::StrAppend(&text, ConflictInWords(open.reader, record, conflict));
      }
      for (const json& asked : RequestsJson(open.reader, record)) {
        list.push_back({{"request", asked}});
      }
      absl::StrAppend(&text, RequestsInWords(open.reader, record));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (text.empty()) text = run.voice("Không có xung đột.\n", "No conflicts.\n");
  run.Print(list, text);
  return absl::OkStatus();
}

// How far each unit's log has come.
absl::StatusOr<std::map<std::string, uint64_t>> Positions(Office* office) {
  SOTAY_ASSIGN_OR_RETURN(const v1::ListUnitsResponse units, office->ListUnits());
  std::map<std::string, uint64_t> positions;
  for (const v1::UnitView& unit : units.units()) positions[unit.unit_id()] = unit.position();
  return positions;
}

absl::StatusOr<sdk::VisibleRecords> Visible(const OpenOffice& open, const ScopeWords& words) {
  v1::ListRecordsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_page_size(kPage);
  sdk::VisibleRecords visible;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, open.office->ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                             sync::MergedRecord::Parse(*open.schema, feed.record()));
      visible[record.id()] = sync::VisibleBytes(record);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return visible;
}

absl::Status Digest(const Invocation& run, const ScopeWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(auto before, Positions(open.office.get()));
  for (int look = 0; look < kLooksMax; ++look) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::VisibleRecords visible, Visible(open, words));
    // A record that changed meanwhile may stand on a page that was read before it got there.
    SOTAY_ASSIGN_OR_RETURN(auto after, Positions(open.office.get()));
    if (after == before) {
      const std::string digest = sdk::VisibleDigest(visible);
      run.Print(
          {{"digest", digest}, {"records", visible.size()}},
          absl::StrCat(digest, "  ", visible.size(), run.voice(" bản ghi", " records"), "\n"));
      return absl::OkStatus();
    }
    before = std::move(after);
  }
  return absl::UnknownError(absl::StrCat("records changed in the course of each of ", kLooksMax,
                                         " readings; try again when people pause"));
}

}  // namespace

void AddOfficeRecordCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto records = std::make_shared<RecordsWords>();
  Command command = AddCommand(app, run, "records",
                               voice("Bản ghi, mới sửa trước", "Records, newest change first"),
                               records, &Records);
  AddScope(command, voice, records);
  command
      .AddOption("--type", records->type,
                 voice("một loại: note, finding …", "a type: note, finding …"))
      .TypeName("TYPE");
  command
      .AddOption("--state", records->state,
                 voice("một trạng thái: submitted …", "a state: submitted …"))
      .TypeName("STATE");
  command.AddOption("--limit", records->limit, voice("nhiều nhất", "at most"))
      .ShowsDefault()
      .Positive()
      .TypeName("N");
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotayctl records --unit vks-sm --subtree --type note --state submitted
)");

  auto show = std::make_shared<ShowWords>();
  show->history = kHistory;
  command = AddCommand(app, run, "show",
                       voice("Toàn bộ một bản ghi: nội dung, xung đột, lịch sử, gì bị giữ lại",
                             "A record, whole: content, conflicts, history, what was set aside"),
                       show, &Show);
  command
      .AddOption("RECORD", show->record,
                 voice("mã, từ 8 chữ số đầu", "id, its first 8 digits or more"))
      .Required();
  command
      .AddOption("--history", show->history,
                 voice("số thay đổi mới nhất", "how many of the newest changes"))
      .ShowsDefault()
      .Within(0, kHistoryMax)
      .TypeName("N");

  auto blame = std::make_shared<BlameWords>();
  command = AddCommand(app, run, "blame",
                       voice("Ai đã viết chỗ nào của văn bản", "Who typed what of a text"), blame,
                       &Blame);
  command
      .AddOption("RECORD", blame->record,
                 voice("mã, từ 8 chữ số đầu", "id, its first 8 digits or more"))
      .Required();
  command.AddOption("--field", blame->field, voice("văn bản nào", "which text")).TypeName("FIELD");

  auto conflicts = std::make_shared<ScopeWords>();
  command = AddCommand(app, run, "conflicts",
                       voice("Các cách ghi khác nhau và các đề nghị chưa ai quyết định",
                             "Readings that disagree, and requests, that nobody has settled"),
                       conflicts, &Conflicts);
  AddScope(command, voice, conflicts);

  auto digest = std::make_shared<ScopeWords>();
  command = AddCommand(app, run, "digest",
                       voice("Dấu vân của mọi bản ghi: bằng của máy nào đang hiển thị đúng như vậy",
                             "Fingerprint of all records: that of a device which shows the same"),
                       digest, &Digest);
  AddScope(command, voice, digest);
  command.Footer(voice("So với sotay digest trên máy của đơn vị. Ví dụ:",
                       "Compare with sotay digest on a device of the unit. Example:") +
                 R"(
  sotayctl digest --unit vkskv3
)");
}

}  // namespace sotay::cli
