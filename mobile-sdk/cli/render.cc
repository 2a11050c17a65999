#include "mobile-sdk/cli/render.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/clock_words.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/steps.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/apart.h"
#include "sync/dossier_acts.h"
#include "sync/fragment.h"
#include "sync/saw.h"
#include "sync/secrecy.h"
#include "sync/stamp.h"
#include "sync/text_written.h"
#include "sync/unknown_time.h"

namespace sotay::cli {
namespace {

constexpr size_t kLabelColumns = 22;     // the longest labels of the case-work types
constexpr size_t kTitleColumnsMax = 80;  // of a list that is no terminal's to cut
constexpr size_t kProseColumnsMax = 96;  // wider lines are hard to read

const sync::FieldType* FieldOf(const sync::MergedRecord& record, uint32_t number) {
  return record.type() != nullptr ? record.type()->Field(number) : nullptr;
}

std::string Place(const Voice& voice, const sync::FieldType* field, uint32_t number,
                  const std::string& key) {
  const std::string label = FieldLabel(voice, field, number);
  return key.empty() ? label : absl::StrCat(label, " [", OneLine(key), "]");
}

// A label with its value beside it, or below it when the value is prose.
std::string Entry(const Reader& reader, absl::string_view label, absl::string_view value) {
  if (!absl::StrContains(value, '\n') &&
      DisplayWidth(value) + kLabelColumns + 4 <= kProseColumnsMax) {
    return absl::StrCat("  ", PadRight(label, kLabelColumns), "  ", OneLine(value), "\n");
  }
  return absl::StrCat("  ", label, "\n", Indented(reader, value, 4));
}

std::string ReadingsInWords(const Reader& reader, const sync::MergedRecord& record,
                            const sync::Conflict& conflict) {
  std::string out;
  for (size_t i = 0; i < conflict.readings.size(); ++i) {
    const sync::StandingReading& reading = conflict.readings[i];
    absl::StrAppend(
        &out, "    ", i + 1, ". ", OneLine(AuthorInWords(reader, record.author(reading.author))),
        i == 0 && !conflict.span.has_value() ? reader.voice("  (đang hiển thị)", "  (shown)") : "",
        "\n");
    const std::string value = ValueInWords(reader, record.type(), conflict.type, reading.value);
    const std::string empty = conflict.span.has_value() ? reader.voice("(bỏ đi)", "(deleted)")
                                                        : reader.voice("(để trống)", "(cleared)");
    absl::StrAppend(&out, Indented(reader, value.empty() ? empty : value, 7));
  }
  return out;
}

// A value as people say it: of an entry, without what it says that its author had before them,
// which is for programs.
std::string SaidInWords(const Reader& reader, const sync::RecordType* type,
                        const sync::FieldType* field, const std::string& fragment) {
  if (field == nullptr || field->saw == 0) return ValueInWords(reader, type, field, fragment);
  v1::FieldOp op;
  op.set_append(fragment);
  sync::SayWhatItSaw(*field, {}, &op);
  return ValueInWords(reader, type, field, op.append());
}

// The entries of a set or a log, one below the other.
std::string GatheredInWords(const Reader& reader, const sync::MergedRecord& record,
                            const sync::FieldType& field, const sync::FieldSlot& slot) {
  std::string out = absl::StrCat("  ", FieldLabel(reader.voice, &field, field.number), "\n");
  const std::string* last = nullptr;
  for (const sync::StandingReading& reading : slot.readings) {
    if (field.rule == options::v1::RULE_SET && last != nullptr && *last == reading.value) continue;
    last = &reading.value;
    std::string value = SaidInWords(reader, record.type(), &field, reading.value);
    if (field.rule == options::v1::RULE_LOG) {
      absl::StrAppend(&value, "  — ", AuthorInWords(reader, record.author(reading.author)));
    }
    absl::StrAppend(&out, Indented(reader, absl::StrCat("• ", value), 4));
  }
  return out;
}

// The sentences nobody has read as they stand.
std::string AgainInWords(const Reader& reader, const sync::MergedRecord& record,
                         const sync::FieldSlot& slot) {
  std::string out;
  for (const sync::ReadAgain& again : sync::SentencesAgain(&slot)) {
    std::set<std::string> names;
    for (size_t author : again.authors) {
      names.insert(reader.names.Person(record.author(author).user_id));
    }
    absl::StrAppend(
        &out, Indented(reader,
                       absl::StrCat(reader.voice("Đọc lại: “", "Read again: “"), again.text, "” — ",
                                    absl::StrJoin(names, ", "),
                                    reader.voice(" sửa mà không biết nhau",
                                                 " changed it without knowing of each other")),
                       4));
  }
  return out;
}

std::string FieldInWords(const Reader& reader, const sync::MergedRecord& record,
                         const sync::FieldPath& path, const sync::FieldSlot& slot) {
  const sync::FieldType* field = FieldOf(record, path.first);
  const std::string label = Place(reader.voice, field, path.first, path.second);
  if (field != nullptr && field->rule == options::v1::RULE_COUNTER) {
    return Entry(reader, label, absl::StrCat(slot.total));
  }
  if (slot.readings.empty()) return "";
  if (slot.Text() != nullptr) {
    const std::string text = sync::WrittenOut(&slot);
    return absl::StrCat(text.empty() ? "" : Entry(reader, label, text),
                        AgainInWords(reader, record, slot));
  }
  if (field != nullptr && field->repeated) return GatheredInWords(reader, record, *field, slot);
  const std::string& shown = slot.readings.front().value;
  return shown.empty() ? ""
                       : Entry(reader, label, ValueInWords(reader, record.type(), field, shown));
}

std::string OpInWords(const Reader& reader, const sync::RecordType* type, const v1::FieldOp& op) {
  const sync::FieldType* field = type != nullptr ? type->Field(op.field()) : nullptr;
  const std::string place = Place(reader.voice, field, op.field(), op.key());
  const auto with = [&](absl::string_view sign, const std::string& fragment) {
    const std::string value = SaidInWords(reader, type, field, fragment);
    return absl::StrCat(place, " ", sign, " ",
                        value.empty() ? reader.voice("(để trống)", "(cleared)") : value);
  };
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      return with("=", op.set());
    case v1::FieldOp::kAdd:
      return with("+", op.add());
    case v1::FieldOp::kRemove:
      return with("−", op.remove());
    case v1::FieldOp::kAppend:
      return with("+", op.append());
    case v1::FieldOp::kCount:
      return absl::StrCat(place, op.count() < 0 ? " − " : " + ", std::llabs(op.count()));
    case v1::FieldOp::kText:
      break;
    case v1::FieldOp::OP_NOT_SET:
      return absl::StrCat(
          place, " ",
          reader.voice("(thao tác của bản mới hơn)", "(an operation of a newer build)"));
  }
  std::vector<std::string> splices;
  for (const v1::TextSplice& splice : op.text().splices()) {
    std::string words;
    if (splice.deleted() > 0) {
      absl::StrAppend(&words, reader.voice("bỏ ", "took out "), splice.deleted(),
                      reader.voice(" ký tự ", " characters "));
    }
    if (!splice.inserted().empty()) {
      absl::StrAppend(&words, reader.voice("thêm “", "put in “"), splice.inserted(), "” ");
    }
    splices.push_back(absl::StrCat(words, reader.voice("tại ", "at "), splice.position()));
  }
  return absl::StrCat(place, ": ", absl::StrJoin(splices, "; "));
}

// That it was refused first, and who decided otherwise.
std::string TakenInWords(const Reader& reader, const v1::TakenIn& taken_in) {
  return absl::StrCat(reader.voice("Nhận vào theo quyết định của ", "Taken in by "),
                      reader.names.Person(taken_in.user_id()), ", ",
                      InstantInWords(taken_in.decided_ms()), ": ", taken_in.reason());
}

}  // namespace

std::string Indented(const Reader& reader, absl::string_view text, size_t indent) {
  const size_t columns = std::min(reader.columns, kProseColumnsMax);
  const size_t room = reader.columns == 0 ? 0 : std::max<size_t>(columns, indent + 20) - indent;
  std::string out;
  for (const std::string& line : Wrap(Block(text), room)) {
    absl::StrAppend(&out, line.empty() ? "" : std::string(indent, ' '), line, "\n");
  }
  return out;
}

std::string SyncStateInWords(const Voice& voice, sdk::SyncState state) {
  switch (state) {
    case sdk::SyncState::kSynced:
      return voice("đã đồng bộ", "synced");
    case sdk::SyncState::kWaiting:
      return voice("chờ gửi", "waiting to be sent");
    case sdk::SyncState::kSent:
      return voice("đã gửi", "sent");
    case sdk::SyncState::kRefused:
      return voice("bị giữ lại", "set aside");
  }
  return "";
}

std::string AuthorInWords(const Reader& reader, const sync::Author& author) {
  const int64_t at_ms = sync::StampMs(author.stamp);
  const bool unknown = sync::IsTimeUnknown(author.stamp);
  std::string words = absl::StrCat(
      reader.names.Person(author.user_id), ", ",
      unknown ? reader.voice("không rõ lúc nào", "nobody knows when") : InstantInWords(at_ms));
  if (unknown || std::llabs(at_ms - author.claimed_ms) >= sync::kSkewCorrectedMsMin) {
    absl::StrAppend(&words, reader.voice(" (đồng hồ máy: ", " (device's clock: "),
                    InstantInWords(author.claimed_ms), ")");
  }
  return words;
}

sdk::RecordLine LineOf(const Reader& reader, const sync::MergedRecord& record) {
  sdk::RecordLine line;
  line.id = record.id();
  line.type = record.type_name();
  line.unit_id = record.unit_id();
  line.dossier = record.dossier();
  line.requested = sync::RequestedStates(record);
  line.conflicts = sync::ConflictCount(record);
  line.changed_ms = sync::StampMs(record.newest_stamp());
  const sync::RecordType* type = record.type();
  if (type == nullptr) return line;
  if (const sync::FieldType* const field = sync::TitleFieldOf(record)) {
    const sync::FieldSlot* slot = record.Slot(field->number);
    if (slot != nullptr && !slot->readings.empty()) {
      const std::string title =
          slot->Text() != nullptr ? sync::WrittenOut(slot)
                                  : ValueInWords(reader, type, field, slot->readings.front().value);
      line.title = title.substr(0, title.find('\n'));
    }
  }
  if (type->state != nullptr) {
    const auto* value = type->state->value_descriptor->enum_type()->FindValueByNumber(
        record.StateInForce(type->state->number));
    if (value != nullptr) line.state = value->name();
  }
  return line;
}

namespace {

// What it is, and what somebody wants it to be.
std::string StateCell(const Reader& reader, const sdk::RecordLine& line) {
  std::string cell = StateLabel(reader, line.type, line.state);
  for (const std::string& state : line.requested) {
    absl::StrAppend(&cell, reader.voice("; đề nghị: ", "; requested: "),
                    StateLabel(reader, line.type, state));
  }
  return cell;
}

}  // namespace

std::string LinesInWords(const Reader& reader, const std::vector<sdk::RecordLine>& lines,
                         bool own) {
  const Voice& voice = reader.voice;
  std::vector<Table::Column> columns = {{voice("mã", "id")},
                                        {voice("loại", "type")},
                                        {voice("trạng thái", "state"), false, 12},
                                        {voice("nội dung", "title"), false, 12},
                                        {voice("đơn vị", "unit"), false, 24, true},
                                        {voice("sửa lúc", "changed")},
                                        {voice("xung đột", "conflicts"), true}};
  if (own) columns.push_back({voice("đồng bộ", "sync"), false, 0, true});
  Table table(columns);
  for (const sdk::RecordLine& line : lines) {
    std::vector<std::string> cells = {
        line.id.Short(),
        TypeLabel(reader, line.type),
        StateCell(reader, line),
        reader.columns != 0 ? line.title : Fit(OneLine(line.title), kTitleColumnsMax),
        reader.names.Unit(line.unit_id),
        InstantInWords(line.changed_ms),
        line.conflicts == 0 ? "" : absl::StrCat(line.conflicts)};
    if (own) cells.push_back(SyncStateInWords(voice, line.sync_state));
    table.Add(std::move(cells));
  }
  return table.Print(reader.columns);
}

std::string ConflictInWords(const Reader& reader, const sync::MergedRecord& record,
                            const sync::Conflict& conflict) {
  return absl::StrCat("  ", Place(reader.voice, conflict.type, conflict.field, conflict.key), ": ",
                      conflict.readings.size(), " ",
                      reader.voice("cách ghi khác nhau", "readings that disagree"), "   [",
                      OneLine(conflict.id), "]\n", ReadingsInWords(reader, record, conflict));
}

std::string RecordInWords(const Reader& reader, const sync::MergedRecord& record,
                          const std::vector<sync::Conflict>& conflicts,
                          absl::optional<sdk::SyncState> state) {
  const Voice& voice = reader.voice;
  std::string out =
      absl::StrCat(TypeLabel(reader, record.type_name()), "  ", record.id().Hex(), "\n");
  absl::StrAppend(
      &out, Entry(reader, voice("Đơn vị", "Unit"),
                  absl::StrCat(reader.names.Unit(record.unit_id()), " (", record.unit_id(), ")")));
  if (record.dossier() != record.id()) {
    absl::StrAppend(&out, Entry(reader, voice("Hồ sơ", "Dossier"), record.dossier().Short()));
  }
  absl::StrAppend(
      &out, Entry(reader, voice("Người ghi", "Written by"), AuthorInWords(reader, record.birth())));
  if (state.has_value()) {
    absl::StrAppend(&out, Entry(reader, voice("Đồng bộ", "Sync"), SyncStateInWords(voice, *state)));
  }
  absl::StrAppend(&out, "\n");

  std::map<sync::FieldPath, const sync::Conflict*> disputed;
  for (const sync::Conflict& conflict : conflicts) {
    if (!conflict.span.has_value()) disputed[{conflict.field, conflict.key}] = &conflict;
  }
  absl::StrAppend(&out, StepsInWords(reader, record));
  for (const auto& [path, slot] : record.fields()) {
    const auto conflict = disputed.find(path);
    absl::StrAppend(&out, conflict != disputed.end()
                              ? ConflictInWords(reader, record, *conflict->second)
                              : FieldInWords(reader, record, path, slot));
    for (const sync::Conflict& span : conflicts) {
      if (span.span.has_value() && sync::FieldPath(span.field, span.key) == path) {
        absl::StrAppend(&out, ConflictInWords(reader, record, span));
      }
    }
  }
  return out;
}

std::string ChangeInWords(const Reader& reader, const v1::Change& change,
                          const std::string& user_id, const v1::Admission* admission,
                          const absl::optional<sync::RecordId>& record) {
  const Voice& voice = reader.voice;
  const auto device = sync::DeviceId::From(change.device_id());
  std::string out = absl::StrCat(
      InstantInWords(change.claimed_ms()), "  ", OneLine(reader.names.Person(user_id)), "  ",
      voice("máy ", "device "), device.has_value() ? device->Short() : "?", " #", change.sequence(),
      "  ",
      admission == nullptr ? voice("(máy chủ chưa có)", "(not on the server)")
                           : absl::StrCat(voice("vị trí ", "position "), admission->position()));
  if (admission != nullptr) absl::StrAppend(&out, ClockInWords(voice, *admission));
  if (admission != nullptr && sync::UnawareOf(*admission) != 0) {
    absl::StrAppend(&out, voice("  (ghi sau khi chuyển phân công, máy chưa biết)",
                                "  (written after the dossier had become others', which the device "
                                "had not heard of)"));
  }
  absl::StrAppend(&out, "\n");
  if (admission != nullptr && admission->has_taken_in()) {
    absl::StrAppend(&out, Indented(reader, TakenInWords(reader, admission->taken_in()), 4));
  }
  if (!change.reason().empty()) {
    absl::StrAppend(
        &out, Indented(reader, absl::StrCat(voice("Lý do: ", "Reason: "), change.reason()), 4));
  }
  for (const v1::RecordEdit& edit : change.edits()) {
    if (record.has_value() && edit.record_id() != record->view()) continue;
    const sync::RecordType* type = reader.schema->Find(edit.type());
    if (edit.parents().empty()) {
      absl::StrAppend(&out, "    ", voice("Tạo mới: ", "Created: "),
                      OneLine(TypeLabel(reader, edit.type())), "\n");
    }
    for (const v1::FieldOp& op : edit.ops()) {
      absl::StrAppend(&out, Indented(reader, OpInWords(reader, type, op), 4));
    }
  }
  return out;
}

std::string BlameInWords(const Reader& reader, const std::vector<sync::BlameRun>& runs) {
  std::string out;
  for (const sync::BlameRun& run : runs) {
    absl::StrAppend(&out, "  ",
                    run.conflict ? reader.voice("(xung đột)", "(in conflict)")
                                 : OneLine(AuthorInWords(reader, run.author)),
                    "  ", reader.voice("máy ", "device "), run.author.writer().Short(), "  [",
                    run.author.change.Short(), "]\n", Indented(reader, run.text, 4));
  }
  return out;
}

}  // namespace sotay::cli
