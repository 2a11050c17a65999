// new, edit, resolve: what a prosecutor writes.
#include <algorithm>
#include <cstdlib>
#include <istream>
#include <iterator>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/editor.h"
#include "mobile-sdk/cli/fields.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/secrecy.h"
#include "mobile-sdk/cli/signatures.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "mobile-sdk/core/edits.h"
#include "sotay/lease.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"
#include "sync/text_written.h"

namespace sotay::cli {
namespace {

struct NewWords {
  std::string type, in, unit, reason;
  std::vector<std::string> fields;
  bool not_secret = false;
};

struct EditWords {
  std::string record, field, reason;
  std::vector<std::string> fields;
  bool editor = false;
};

struct ConfirmWords {
  std::string record, reason;
};

struct ResolveWords {
  std::string record, conflict, reason;
  size_t pick = 0;
  absl::optional<std::string> value;
};

ValueSources SourcesFor(const Invocation& run, const sdk::Notebook& notebook,
                        const sync::MergedRecord* record) {
  ValueSources sources;
  sources.read_file = [&run](const std::string& path) -> absl::StatusOr<std::string> {
    if (path != "-") return ReadFile(path, sync::kTextBytesMax);
    return std::string(std::istreambuf_iterator<char>(*run.streams.in), {});
  };
  sources.find_record = [&notebook](const std::string& prefix) { return notebook.Find(prefix); };
  sources.shown_text = [record](const sync::FieldType& field) {
    return record == nullptr ? std::string() : std::string(record->ShownText(field.number));
  };
  sources.now_ms = run.NowMs();
  return sources;
}

absl::StatusOr<std::vector<sdk::Edit>> EditsOf(const std::vector<std::string>& words,
                                               const sync::RecordType& type, bool birth,
                                               const ValueSources& sources) {
  std::vector<sdk::Edit> edits;
  for (const std::string& word : words) {
    SOTAY_ASSIGN_OR_RETURN(const FieldWord parsed, ParseFieldWord(word));
    SOTAY_ASSIGN_OR_RETURN(sdk::Edit edit, ToEdit(type, parsed, birth, sources));
    edits.push_back(std::move(edit));
  }
  return edits;
}

absl::Status Confirm(const Invocation& run, const OpenNotebook& open, const sync::RecordId& id,
                     const std::string& done) {
  const absl::StatusOr<sdk::RecordView> read = open.notebook->Read(id);
  if (sdk::LeaseClosedOf(read.status()).has_value()) {
    // It ended while somebody typed: what they did is kept, and its record is not read now.
    run.Print({{"id", id.Hex()}}, absl::StrCat(done, " ", id.Short(), "\n"));
    return absl::OkStatus();
  }
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, read);
  const sdk::RecordLine line = LineOf(open.reader, view.record);
  run.Print({{"id", id.Hex()},
             {"type", view.record.type_name()},
             {"unit", view.record.unit_id()},
             {"dossier", view.record.dossier().Hex()},
             {"sync", SyncStateName(view.state)},
             {"conflicts", view.conflicts.size()}},
            absl::StrCat(done, " ", id.Short(), "  ", TypeLabel(open.reader, line.type),
                         line.title.empty() ? "" : "  ", Fit(OneLine(line.title), 60), "\n"));
  return absl::OkStatus();
}

absl::Status New(const Invocation& run, const NewWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  const sync::RecordType* type = open.schema->Find(words.type);
  if (type == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no record type ", words.type, "; sotay fields lists them"));
  }
  SOTAY_ASSIGN_OR_RETURN(
      std::vector<sdk::Edit> edits,
      EditsOf(words.fields, *type, /*birth=*/true, SourcesFor(run, *open.notebook, nullptr)));
  SOTAY_RETURN_IF_ERROR(AnswerSecrecy(open.reader, *type, words.not_secret, &edits));
  absl::optional<sync::RecordId> dossier;
  if (words.in.empty() && !type->root) {
    return absl::FailedPreconditionError(
        absl::StrCat("a ", type->short_name, " belongs to another record; say which with --in"));
  }
  if (!words.in.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordId above, open.notebook->Find(words.in));
    dossier = above;  // the notebook finds the root, and fills in which record it hangs under
  }
  SOTAY_ASSIGN_OR_RETURN(
      const sync::RecordId id,
      open.notebook->Create(type->name, words.unit, dossier, edits, words.reason));
  return Confirm(run, open, id, run.voice("Đã ghi", "Saved"));
}

absl::Status Edit(const Invocation& run, const EditWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  const sync::RecordType* type = view.record.type();
  if (type == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("record ", id.Short(), " is a ", view.record.type_name(),
                     ", which this program does not know; give its --schema"));
  }
  SOTAY_ASSIGN_OR_RETURN(const auto signatures, SignaturesHere(open, id));
  // Before an editor opens.  Nobody is kept from writing.
  run.Remark(LateAmendmentWarning(open.reader, signatures));
  SOTAY_ASSIGN_OR_RETURN(
      std::vector<sdk::Edit> edits,
      EditsOf(words.fields, *type, /*birth=*/false, SourcesFor(run, *open.notebook, &view.record)));
  if (words.editor) {
    // The notebook stays open, so that nothing of anybody's comes in under the editor's text.
    SOTAY_ASSIGN_OR_RETURN(const sync::FieldType* field, TextField(*type, words.field));
    const std::string before = sync::WrittenOut(view.record.Slot(field->number));
    SOTAY_ASSIGN_OR_RETURN(const std::string after, EditText(run.dir, before));
    if (after != before) edits.push_back({sdk::Edit::Kind::kText, field->name, "", after});
  } else if (edits.empty()) {
    return absl::InvalidArgumentError("nothing to change; give FIELD=VALUE or --editor");
  }
  if (edits.empty()) return Confirm(run, open, id, run.voice("Không đổi", "Unchanged"));
  SOTAY_RETURN_IF_ERROR(open.notebook->Change(view, edits, words.reason));
  return Confirm(run, open, id, run.voice("Đã sửa", "Changed"));
}

// Writes again what stands: an ordinary edit, by which its author says that they have looked.
absl::Status ConfirmTime(const Invocation& run, const ConfirmWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  if (std::llabs(status.skew_ms) >= sync::kSkewCorrectedMsMin) {
    return absl::FailedPreconditionError(absl::StrCat("this device's clock is off by ",
                                                      SpanInWords(run.voice, status.skew_ms),
                                                      "; set it right and sync, then confirm"));
  }
  const auto doubtful =
      std::find_if(status.doubtful_times.begin(), status.doubtful_times.end(),
                   [&](const sdk::DoubtfulTime& time) { return time.record == id; });
  if (doubtful == status.doubtful_times.end()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "record ", id.Short(), " has no time to confirm; sotay status lists those that have"));
  }
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  const sync::FieldType* const field =
      view.record.type()->Field(absl::string_view(doubtful->field));
  const sync::FieldSlot* const slot = view.record.Slot(field->number);
  if (slot->readings.size() > 1) {
    return absl::FailedPreconditionError(
        absl::StrCat("people disagree about ", field->name, " of record ", id.Short(),
                     "; settle that: sotay conflicts ", id.Short()));
  }
  sdk::Edit edit;
  edit.field = field->name;
  const auto at_ms = sync::VarintOf(slot->readings.front().value);
  edit.value = absl::StrCat(static_cast<int64_t>(at_ms.value_or(0)));
  SOTAY_RETURN_IF_ERROR(open.notebook->Change(view, {edit}, words.reason));
  return Confirm(run, open, id, run.voice("Đã xác nhận", "Confirmed"));
}

// The conflict that `words` names: its id, or FIELD, or FIELD[KEY].
absl::StatusOr<sync::Conflict> ConflictOf(const sdk::RecordView& view, const std::string& typed) {
  SOTAY_ASSIGN_OR_RETURN(const std::string words, sdk::CleanText("CONFLICT", typed));  // NFC
  const absl::StatusOr<FieldWord> path = ParseFieldPath(words);
  std::vector<std::string> ids;
  std::vector<sync::Conflict> named;
  for (const sync::Conflict& conflict : view.conflicts) {
    if (conflict.id == words) return conflict;
    ids.push_back(conflict.id);
    if (path.ok() && conflict.type != nullptr && conflict.type->name == path->field &&
        conflict.key == path->key) {
      named.push_back(conflict);
    }
  }
  if (named.size() == 1) return named.front();
  if (!named.empty()) {
    ids.clear();
    for (const sync::Conflict& conflict : named) ids.push_back(conflict.id);
    return absl::InvalidArgumentError(
        absl::StrCat(words, " has several conflicts; say which: ", absl::StrJoin(ids, ", ")));
  }
  return absl::NotFoundError(absl::StrCat("record ", view.record.id().Short(), " has no conflict ",
                                          words, ids.empty() ? "; it has none at all" : "; it has ",
                                          absl::StrJoin(ids, ", ")));
}

absl::Status Resolve(const Invocation& run, const ResolveWords& words) {
  if (words.value.has_value() == (words.pick != 0)) {
    return absl::InvalidArgumentError("give one of --pick N and --value VALUE");
  }
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.record));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  SOTAY_ASSIGN_OR_RETURN(const sync::Conflict conflict, ConflictOf(view, words.conflict));
  absl::optional<size_t> reading;
  std::string value;
  if (!words.value.has_value()) {
    if (words.pick > conflict.readings.size()) {
      return absl::NotFoundError(absl::StrCat("conflict ", conflict.id, " has readings 1 to ",
                                              conflict.readings.size(), ", not ", words.pick));
    }
    reading = words.pick - 1;
  } else if (conflict.type != nullptr) {
    SOTAY_ASSIGN_OR_RETURN(
        const sdk::Edit edit,
        ToEdit(*view.record.type(),
               {conflict.type->name, conflict.key, FieldWord::Sign::kIs, *words.value},
               /*birth=*/false, SourcesFor(run, *open.notebook, &view.record)));
    value = edit.value;
  } else {
    return absl::FailedPreconditionError(absl::StrCat(
        "conflict ", conflict.id, " is in a field of a newer build; settle it with --pick"));
  }
  SOTAY_RETURN_IF_ERROR(open.notebook->Resolve(id, conflict.id, reading, value, words.reason));
  return Confirm(run, open, id, run.voice("Đã chọn", "Settled"));
}

}  // namespace

void AddWriteCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  const std::string fields = voice("FIELD=VALUE …; văn bản dài lấy từ @FILE, hoặc - (đầu vào)",
                                   "FIELD=VALUE …; long text comes from @FILE, or - (stdin)");
  const std::string reason = voice("lý do, lưu cùng thay đổi", "why, kept with the change");

  auto made = std::make_shared<NewWords>();
  Command command =
      AddCommand(app, run, "new", voice("Ghi một bản ghi mới", "Write a new record"), made, &New);
  command
      .AddOption("TYPE", made->type,
                 voice("loại: case, inspection, note, finding, comment",
                       "type: case, inspection, note, finding, comment"))
      .Required();
  command.AddOption("FIELD=VALUE", made->fields, fields);
  command.AddOption("--in", made->in, voice("bản ghi mà nó thuộc về", "the record it belongs to"))
      .TypeName("RECORD");
  command
      .AddOption("--unit", made->unit,
                 voice("đơn vị; không ghi: của hồ sơ, hoặc đơn vị duy nhất",
                       "unit; none: the dossier's, or your only one"))
      .TypeName("UNIT");
  command.AddOption("--reason", made->reason, reason).TypeName("WHY");
  command.AddFlag("--not-secret", made->not_secret,
                  voice("trả lời không cho mọi câu hỏi về bí mật chưa trả lời",
                        "answers no to every secrecy question that is not answered"));
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay new case kind=criminal title="Vụ trộm cắp tài sản" --not-secret
  sotay new case national_security=yes alias="Hồ sơ S-07" holder="Lãnh đạo Viện"
  sotay new inspection kind=scene_examination place="Km 12+300 đường tỉnh 9X" occurred_ms="05/11/2026 07:15"
  sotay new note --in 7f3a kind=scene body=@hien-truong.txt "measurements[vết phanh]=4,2 m"
  echo "Buồng 4 có 01 người dưới 18 tuổi." | sotay new note --in 7f3a body=-
  sotay new comment --in 9b20 kind=remark body="Đề nghị đo thêm."
)" + voice("Xem các trường: sotay fields note", "What fields there are: sotay fields note"));

  auto edit = std::make_shared<EditWords>();
  command = AddCommand(app, run, "edit", voice("Sửa một bản ghi", "Edit a record"), edit, &Edit);
  command
      .AddOption("RECORD", edit->record,
                 voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      .Required();
  command.AddOption("FIELD=VALUE", edit->fields, fields);
  command.AddFlag("--editor", edit->editor,
                  voice("mở $EDITOR để sửa văn bản", "open $EDITOR on its text"));
  command.AddOption("--field", edit->field, voice("văn bản cần mở", "which text to open"))
      .TypeName("FIELD")
      .Needs("--editor");
  command.AddOption("--reason", edit->reason, reason).TypeName("WHY");
  command.Footer(voice("Cách viết:", "Forms:") + R"(
  FIELD=VALUE         )" +
                 voice("ghi giá trị mới; để trống là xóa; với văn bản là toàn văn mới",
                       "the new value; empty clears; for a text, the whole new text") +
                 R"(
  FIELD+=VALUE        )" +
                 voice("thêm vào tập hợp, nhật ký, cuối văn bản; cộng vào số đếm",
                       "add to a set, a log, the end of a text; count up") +
                 R"(
  FIELD-=VALUE        )" +
                 voice("bớt khỏi tập hợp; trừ số đếm", "take out of a set; count down") + R"(
  FIELD[KEY]=VALUE    )" +
                 voice("một mục của bảng", "one entry of a map") + R"(

)" + voice("Ví dụ:", "Examples:") +
                 R"(
  sotay edit 7f3a state=submitted
  sotay edit 7f3a "tallies[hồ sơ]+=14" team+=uu-dam
  sotay edit 9b20 "measurements[vết phanh]=4,3 m" --reason "đo lại"
  sotay edit 9b20 --editor
)");

  auto confirm = std::make_shared<ConfirmWords>();
  command = AddCommand(app, run, "confirm",
                       voice("Xác nhận thời điểm đã ghi khi đồng hồ máy sai",
                             "Confirm a time that was written while the clock was wrong"),
                       confirm, &ConfirmTime);
  command.AddOption("RECORD", confirm->record, voice("mã bản ghi", "id of the record")).Required();
  command.AddOption("--reason", confirm->reason, reason).TypeName("WHY");
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay status
  sotay confirm 9b20
)");

  auto resolve = std::make_shared<ResolveWords>();
  command = AddCommand(app, run, "resolve",
                       voice("Chọn một cách ghi khi có xung đột", "Settle a conflict"), resolve,
                       &Resolve);
  command.AddOption("RECORD", resolve->record, voice("mã bản ghi", "id of the record")).Required();
  command
      .AddOption(
          "CONFLICT", resolve->conflict,
          voice("mã xung đột, hoặc FIELD, FIELD[KEY]", "id of the conflict, or FIELD, FIELD[KEY]"))
      .Required();
  command.AddOption("--pick", resolve->pick, voice("số thứ tự cách ghi", "number of the reading"))
      .TypeName("N")
      .Positive();
  command.AddOption("--value", resolve->value, voice("một giá trị khác", "another value"))
      .TypeName("VALUE");
  command.AddOption("--reason", resolve->reason, reason).TypeName("WHY");
  command.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay conflicts 9b20
  sotay resolve 9b20 "measurements[vết phanh]" --pick 2 --reason "theo biên bản"
  sotay resolve 9b20 body --value @chot.txt
)");
}

}  // namespace sotay::cli
