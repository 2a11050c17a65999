// list, show, log, conflicts, refused: what a prosecutor reads.
#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/consents.h"
#include "mobile-sdk/cli/deadlines.h"
#include "mobile-sdk/cli/fields.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/secrecy.h"
#include "mobile-sdk/cli/signatures.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/together.h"
#include "sync/assignments.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct ListWords {
  std::string type, unit, in;
  bool conflicts = false;
};

struct RecordWords {
  std::string record;  // a prefix of its id
  bool fetch = false;
};

struct PastWords : RecordWords {
  std::string at;     // a prefix of a change's id
  std::string field;  // which text
};

struct NoWords {};

// The change whose id begins so, of the record's history.
absl::StatusOr<absl::optional<sync::ChangeId>> ChangeAt(const OpenNotebook& open,
                                                        const sync::RecordId& id,
                                                        const PastWords& words) {
  if (words.fetch) SOTAY_RETURN_IF_ERROR(open.notebook->History(id, true).status());
  if (words.at.empty()) return absl::optional<sync::ChangeId>();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::HistoryLine> history,
                         open.notebook->History(id, false));
  absl::optional<sync::ChangeId> found;
  for (const sdk::HistoryLine& line : history) {
    if (!absl::StartsWith(line.id.Hex(), absl::AsciiStrToLower(words.at))) continue;
    if (found.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("several changes begin with ", words.at, "; give more digits"));
    }
    found = line.id;
  }
  if (found.has_value()) return found;
  return absl::NotFoundError(absl::StrCat("no change of record ", id.Short(), " begins with ",
                                          words.at, "; sotay log ", id.Short(),
                                          " --fetch lists them"));
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  sdk::ListFilter filter;
  filter.type = words.type;
  filter.unit_id = words.unit;
  filter.conflicts_only = words.conflicts;
  if (!words.type.empty() && open.schema->Find(words.type) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no record type ", words.type, "; sotay fields lists them"));
  }
  if (!words.in.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordId above, open.notebook->Find(words.in));
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(above));
    filter.dossier = view.record.dossier();
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
  json list = json::array();
  for (const sdk::RecordLine& line : lines) list.push_back(LineJson(line));
  std::string text = lines.empty() ? run.voice("Chưa có bản ghi nào.\n", "No records.\n")
                                   : LinesInWords(open.reader, lines, /*own=*/true);
  if (words.type.empty() && words.in.empty() && !words.conflicts) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
    for (const auto& [dossier, sealed] : status.sealed_dossiers) {
      if (!words.unit.empty() && sealed.told().unit_id() != words.unit) continue;
      list.push_back(SealedJson(open.reader, dossier, sealed));
      absl::StrAppend(&text, SealedInWords(open.reader, dossier, sealed), "\n");
    }
  }
  run.Print(list, text);
  return absl::OkStatus();
}

absl::Status ShowThen(const Invocation& run, const OpenNotebook& open, const sync::RecordId& id,
                      const sync::ChangeId& at) {
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord then, open.notebook->ReadAt(id, at));
  const std::vector<sync::Conflict> conflicts = sync::Conflicts(then);
  json document = RecordJson(open.reader, then, conflicts);
  document["at"] = at.Hex();
  run.Print(document, RecordInWords(open.reader, then, conflicts, absl::nullopt));
  return absl::OkStatus();
}

// The assignments that take the place of this one; a task takes no decision's.
absl::StatusOr<std::vector<sync::RecordId>> ReplacedBy(const OpenNotebook& open,
                                                       const sync::MergedRecord& record) {
  std::vector<sync::RecordId> later;
  const auto before = sync::AssignmentOf(record);
  if (!before.has_value()) return later;
  sdk::ListFilter filter;
  filter.dossier = record.dossier();
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
  for (const sdk::RecordLine& line : lines) {
    if (line.type != record.type_name()) continue;
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView other, open.notebook->Read(line.id));
    const auto assignment = sync::AssignmentOf(other.record);
    if (assignment.has_value() && assignment->supersedes == record.id() &&
        (assignment->decides || !before->decides)) {
      later.push_back(line.id);
    }
  }
  return later;
}

absl::Status Show(const Invocation& run, const PastWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  const absl::StatusOr<sync::RecordId> named = open.notebook->Find(words.record);
  if (absl::IsNotFound(named.status())) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
    if (const auto dossier = FindSealed(status.sealed_dossiers, words.record)) {
      const stored::v1::SealedDossier& sealed = status.sealed_dossiers.at(*dossier);
      run.Print(SealedJson(open.reader, *dossier, sealed),
                absl::StrCat(SealedInWords(open.reader, *dossier, sealed), "\n"));
      return absl::OkStatus();
    }
  }
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, named);
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<sync::ChangeId> at, ChangeAt(open, id, words));
  if (at.has_value()) return ShowThen(run, open, id, *at);
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  std::vector<sdk::RecordLine> within;
  if (view.record.dossier() == id) {
    sdk::ListFilter filter;
    filter.dossier = id;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
    for (const sdk::RecordLine& line : lines) {
      if (line.id != id) within.push_back(line);
    }
  }
  SOTAY_ASSIGN_OR_RETURN(std::vector<stored::v1::StepNotice> notices, open.notebook->Notices());
  notices.erase(std::remove_if(notices.begin(), notices.end(),
                               [&](const stored::v1::StepNotice& notice) {
                                 return notice.record_id() != id.view();
                               }),
                notices.end());
  json document = RecordJson(open.reader, view.record, view.conflicts);
  document["notices"] = NoticesJson(open.reader, notices);
  document["sync"] = SyncStateName(view.state);
  document["records"] = json::array();
  for (const sdk::RecordLine& line : within) document["records"].push_back(LineJson(line));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::RecordId> later, ReplacedBy(open, view.record));
  for (const sync::RecordId& other : later) document["replaced_by"].push_back(other.Hex());
  std::vector<sdk::RecordView> apart;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::MergedRecord> signatures,
                         SignaturesHere(open, id, &apart));
  document["signatures"] = SignaturesJson(open.reader, view.record, signatures);
  document["signatures_apart"] = SignaturesApartJson(open.reader, apart);
  std::string text =
      absl::StrCat(NoticesInWords(open.reader, notices), notices.empty() ? "" : "\n",
                   RecordInWords(open.reader, view.record, view.conflicts, view.state));
  for (const sync::RecordId& other : later) {
    absl::StrAppend(&text, run.voice("Đã thay bằng phân công ", "Replaced by assignment "),
                    other.Short(), "\n");
  }
  SOTAY_RETURN_IF_ERROR(AddDeadlineHere(run, open, view.record, &document, &text));
  SOTAY_RETURN_IF_ERROR(AddTogetherHere(open, view.record, &document, &text));
  if (!signatures.empty() || !apart.empty()) {
    absl::StrAppend(&text, "\n", run.voice("Chữ ký:", "Signatures:"), "\n",
                    SignaturesInWords(open.reader, view.record, signatures),
                    SignaturesApartInWords(open.reader, apart));
  }
  if (!view.conflicts.empty()) {
    absl::StrAppend(&text, "\n", run.voice("Chọn: ", "Settle: "), "sotay resolve ", id.Short(),
                    " CONFLICT --pick N\n");
  }
  if (!within.empty()) {
    absl::StrAppend(&text, "\n", run.voice("Trong hồ sơ này:", "In this dossier:"), "\n",
                    LinesInWords(open.reader, within, /*own=*/true));
  }
  run.Print(document, text);
  return notices.empty() ? absl::OkStatus() : open.notebook->Looked(notices);
}

absl::Status Blame(const Invocation& run, const PastWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  if (view.record.type() == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat(
        "record ", id.Short(), " is of a type this program does not know; give its --schema"));
  }
  SOTAY_ASSIGN_OR_RETURN(const sync::FieldType* field, TextField(*view.record.type(), words.field));
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<sync::ChangeId> at, ChangeAt(open, id, words));
  const absl::StatusOr<std::vector<sync::BlameRun>> runs =
      open.notebook->Blame(id, field->name, at);
  if (absl::IsFailedPrecondition(runs.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("this device does not have the whole history of record ", id.Short(),
                     "; --fetch gets it from the server"));
  }
  SOTAY_RETURN_IF_ERROR(runs.status());
  run.Print(BlameJson(open.reader, *runs), BlameInWords(open.reader, *runs));
  return absl::OkStatus();
}

absl::Status Log(const Invocation& run, const RecordWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::HistoryLine> history,
                         open.notebook->History(id, words.fetch));
  json list = json::array();
  std::string text;
  for (const sdk::HistoryLine& line : history) {
    const v1::Admission* admission = line.admission.has_value() ? &*line.admission : nullptr;
    list.push_back(ChangeJson(open.reader, line.change, line.id.str(), line.user_id, admission));
    absl::StrAppend(&text, line.id.Short(), "  ",
                    ChangeInWords(open.reader, line.change, line.user_id, admission, id));
  }
  std::vector<sdk::RecordView> apart;
  SOTAY_ASSIGN_OR_RETURN(const auto signatures, SignaturesHere(open, id, &apart));
  if (!signatures.empty() || !apart.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
    absl::StrAppend(&text, run.voice("Chữ ký:", "Signatures:"), "\n",
                    SignaturesInWords(open.reader, view.record, signatures),
                    SignaturesApartInWords(open.reader, apart));
  }
  run.Print(list, text);
  if (!words.fetch && !run.json) {
    run.Remark(
        run.voice("Chỉ gồm những gì máy này biết; thêm --fetch để lấy toàn bộ từ máy chủ.\n",
                  "Only what this device knows; --fetch gets everybody's from the server.\n"));
  }
  return absl::OkStatus();
}

absl::Status Conflicts(const Invocation& run, const RecordWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  std::vector<sync::RecordId> ids;
  if (!words.record.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
    ids.push_back(id);
  } else {
    sdk::ListFilter filter;
    filter.conflicts_only = true;
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> lines, open.notebook->List(filter));
    for (const sdk::RecordLine& line : lines) ids.push_back(line.id);
  }
  json list = json::array();
  std::string text;
  for (const sync::RecordId& id : ids) {
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
    const json requests = RequestsJson(open.reader, view.record);
    if (view.conflicts.empty() && requests.empty()) continue;
    const sdk::RecordLine line = LineOf(open.reader, view.record);
    absl::StrAppend(&text, id.Short(), "  ", Fit(OneLine(line.title), 60), "\n");
    for (const sync::Conflict& conflict : view.conflicts) {
      list.push_back(ConflictJson(open.reader, view.record, conflict));
      absl::StrAppend(&text, ConflictInWords(open.reader, view.record, conflict));
    }
    for (const json& request : requests) list.push_back({{"request", request}});
    absl::StrAppend(&text, RequestsInWords(open.reader, view.record));
  }
  if (text.empty()) text = run.voice("Không có xung đột.\n", "No conflicts.\n");
  run.Print(list, text);
  return absl::OkStatus();
}

std::string DossierInWords(absl::string_view bytes) {
  const auto dossier = sync::RecordId::From(bytes);
  return dossier.has_value() ? dossier->Short() : "?";
}

absl::Status Refused(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RefusedChange> refused, open.notebook->Refused());
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  json list = json::array();
  std::string text;
  for (const sdk::RefusedChange& change : refused) {
    list.push_back({{"outcome", OutcomeJson(change.outcome)},
                    {"change", ChangeJson(open.reader, change.change, "", status.user_id, nullptr)},
                    {"awaits_consent", WaitsForConsent(status.consents, change.sequence)}});
    if (change.withheld) {
      list.back()["withheld"] = true;
      absl::StrAppend(
          &text, "#", change.sequence, "  ", run.voice("không được nhận", "set aside"), ": ",
          OneLine(change.outcome.message()), "\n  ", run.voice("hồ sơ ", "dossier "),
          DossierInWords(change.change.dossier_id()),
          run.voice(": điều đã ghi không còn ở máy này, cũng không có ở máy chủ; nếu cần giữ, ghi "
                    "vào hồ sơ giấy\n",
                    ": what was written is gone from this device, and the server has not kept it; "
                    "what is to be kept goes into the paper file\n"));
      continue;
    }
    const bool held = change.outcome.verdict() == v1::VERDICT_HELD;
    absl::StrAppend(
        &text, "#", change.sequence, "  ",
        held ? run.voice("đang chờ", "held") : run.voice("không được nhận", "set aside"), ": ",
        OneLine(change.outcome.message()), "\n  ",
        WaitsForConsent(status.consents, change.sequence) ? OwnConsentInWords(run.voice) + "\n  "
                                                          : "",
        ChangeInWords(open.reader, change.change, status.user_id, nullptr, {}));
  }
  if (text.empty()) {
    text = run.voice("Không có gì bị giữ lại.\n", "Nothing of yours is set aside.\n");
  }
  run.Print(list, text);
  return absl::OkStatus();
}

}  // namespace

void AddReadCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  const std::string record = voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more");

  auto list = std::make_shared<ListWords>();
  Command command = AddCommand(
      app, run, "list",
      voice("Liệt kê bản ghi, mới sửa trước", "List records, newest change first"), list, &List);
  command.AddOption("TYPE", list->type, voice("chỉ một loại", "of one type only"));
  command.AddOption("--unit", list->unit, voice("chỉ một đơn vị", "of one unit only"))
      .TypeName("UNIT");
  command
      .AddOption("--in", list->in,
                 voice("cùng hồ sơ với bản ghi này", "in the same dossier as this record"))
      .TypeName("RECORD");
  command.AddFlag("--conflicts", list->conflicts,
                  voice("chỉ khi có xung đột hay đề nghị", "with conflicts or requests only"));
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay list
  sotay list note --in 7f3a
  sotay list --conflicts --json
)");

  const std::string at = voice("như sau thay đổi này (mã trong sotay log)",
                               "as it was after this change (its id in sotay log)");
  const std::string fetch = voice("lấy toàn bộ từ máy chủ", "get all of it from the server");
  auto show = std::make_shared<PastWords>();
  command = AddCommand(app, run, "show", voice("Xem toàn bộ một bản ghi", "Show a record, whole"),
                       show, &Show);
  command.AddOption("RECORD", show->record, record).Required();
  command.AddOption("--at", show->at, at).TypeName("CHANGE");
  command.AddFlag("--fetch", show->fetch, fetch);

  auto blame = std::make_shared<PastWords>();
  command = AddCommand(app, run, "blame",
                       voice("Xem ai đã viết chỗ nào của văn bản", "Show who typed what of a text"),
                       blame, &Blame);
  command.AddOption("RECORD", blame->record, record).Required();
  command.AddOption("--field", blame->field, voice("văn bản nào", "which text")).TypeName("FIELD");
  command.AddOption("--at", blame->at, at).TypeName("CHANGE");
  command.AddFlag("--fetch", blame->fetch, fetch);
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay blame 9b20
  sotay blame 9b20 --fetch --at 1f0c
)");

  auto log = std::make_shared<RecordWords>();
  command =
      AddCommand(app, run, "log",
                 voice("Xem ai đã sửa gì, khi nào", "Show who changed what, and when"), log, &Log);
  command.AddOption("RECORD", log->record, record).Required();
  command.AddFlag("--fetch", log->fetch, fetch);

  auto conflicts = std::make_shared<RecordWords>();
  command = AddCommand(app, run, "conflicts",
                       voice("Xem các cách ghi khác nhau và các đề nghị chờ quyết định",
                             "Show readings that disagree, and requests to decide about"),
                       conflicts, &Conflicts);
  command.AddOption("RECORD", conflicts->record, record);

  AddCommand(app, run, "refused",
             voice("Xem thay đổi của mình mà máy chủ giữ lại",
                   "Show changes of yours that were set aside"),
             std::make_shared<NoWords>(), &Refused);
}

}  // namespace sotay::cli
