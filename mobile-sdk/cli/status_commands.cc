// status, fields, digest: what a notebook and its types are.
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct FieldsWords {
  std::string type;
};

struct NoWords {};

constexpr size_t kLabelColumns = 18;

json StatusJson(const sdk::Status& status) {
  json cursors = json::array();
  for (const v1::Cursor& cursor : status.cursors) {
    cursors.push_back({{"unit", cursor.unit_id()},
                       {"epoch", Hex(cursor.epoch())},
                       {"position", cursor.position()}});
  }
  return {{"enrolled", status.enrolled},
          {"user", status.user_id},
          {"name", status.full_name},
          {"device", status.device_id},
          {"server", status.server},
          {"last_sequence", status.last_sequence},
          {"accepted_through", status.accepted_through},
          {"outbox", status.outbox},
          {"oldest_outbox_ms", status.oldest_outbox_ms},
          {"last_contact_ms", status.last_contact_ms},
          {"skew_ms", status.skew_ms},
          {"records", status.records},
          {"conflicts", status.conflicts},
          {"refused", status.refused},
          {"cursors", cursors}};
}

absl::Status ShowStatus(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  const Voice& voice = run.voice;
  std::string text;
  const auto line = [&text](absl::string_view label, absl::string_view value) {
    absl::StrAppend(&text, PadRight(label, kLabelColumns), "  ", OneLine(value), "\n");
  };
  line(voice("Người dùng", "User"), absl::StrCat(status.full_name, " (", status.user_id, ")"));
  line(voice("Máy", "Device"), status.device_id);
  line(voice("Máy chủ", "Server"), status.server);
  // Both sides of the difference are the server's clock.
  line(voice("Liên lạc cuối", "Last contact"),
       AgoInWords(voice, status.last_contact_ms, run.NowMs() - status.skew_ms));
  line(voice("Chưa gửi", "Unsent"),
       status.outbox == 0 ? "0"
                          : absl::StrCat(status.outbox, voice(", cũ nhất ", ", the oldest "),
                                         AgoInWords(voice, status.oldest_outbox_ms, run.NowMs())));
  line(voice("Bản ghi", "Records"), absl::StrCat(status.records));
  line(voice("Xung đột", "Conflicts"), absl::StrCat(status.conflicts));
  line(voice("Bị giữ lại", "Set aside"), absl::StrCat(status.refused));
  if (status.skew_ms >= 60'000 || status.skew_ms <= -60'000) {
    line(voice("Lệch giờ", "Clock ahead by"), SpanInWords(voice, status.skew_ms));
  }
  for (const v1::Cursor& cursor : status.cursors) {
    line(voice("Đơn vị", "Unit"),
         absl::StrCat(open.reader.names.Unit(cursor.unit_id()), " (", cursor.unit_id(), ") ",
                      voice("đến vị trí ", "up to position "), cursor.position()));
  }
  run.Print(StatusJson(status), text);
  return absl::OkStatus();
}

absl::Status Digest(const Invocation& run, const NoWords&) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const std::string digest, open.notebook->Digest());
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  run.Print({{"digest", digest}, {"records", status.records}},
            absl::StrCat(digest, "  ", status.records, run.voice(" bản ghi", " records"), "\n"));
  return absl::OkStatus();
}

// The names an enum field takes, without what all of them begin with; the zero value left out.
std::vector<std::string> EnumNames(const sync::FieldType& field) {
  constexpr absl::string_view kZero = "UNSPECIFIED";
  std::vector<std::string> names;
  const google::protobuf::EnumDescriptor* values = field.value_descriptor->enum_type();
  if (values == nullptr) return names;
  absl::string_view prefix = values->value(0)->name();
  prefix.remove_suffix(absl::EndsWith(prefix, kZero) ? kZero.size() : prefix.size());
  for (int i = 1; i < values->value_count(); ++i) {
    absl::string_view name = values->value(i)->name();
    if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
    names.push_back(absl::AsciiStrToLower(name));
  }
  return names;
}

// How the field is typed on a command line.
std::string Form(const Voice& voice, const sync::FieldType& field) {
  const std::string place = field.is_map ? absl::StrCat(field.name, "[KEY]") : field.name;
  switch (field.rule) {
    case options::v1::RULE_SERVER:
      return absl::StrCat(place, " ", voice("(máy chủ ghi)", "(the server's)"));
    case options::v1::RULE_SET:
      return absl::StrCat(place, "+=… ", place, "-=…");
    case options::v1::RULE_LOG:
      return absl::StrCat(place, "+=…");
    case options::v1::RULE_COUNTER:
      return absl::StrCat(place, "+=N ", place, "-=N");
    default:
      break;
  }
  if (IsInstant(field)) return absl::StrCat(place, "=dd/mm/yyyy HH:mm");
  if (field.value_descriptor->type() == google::protobuf::FieldDescriptor::TYPE_BYTES) {
    return absl::StrCat(place, "=RECORD");
  }
  return absl::StrCat(place, "=…");
}

absl::Status Types(const Invocation& run, const sync::Schema& schema) {
  Table table({{run.voice("loại", "type")},
               {run.voice("tên gọi", "label")},
               {run.voice("tên đầy đủ", "full name")},
               {run.voice("hồ sơ riêng", "own dossier")}});
  json list = json::array();
  for (const auto& [name, type] : schema.types()) {
    list.push_back({{"type", type.short_name},
                    {"name", name},
                    {"label_vi", type.label_vi},
                    {"label_en", type.label_en},
                    {"root", type.root}});
    table.Add({type.short_name, run.voice.Label(type.label_vi, type.label_en, name), name,
               type.root ? run.voice("có", "yes") : ""});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

absl::Status Fields(const Invocation& run, const FieldsWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const std::shared_ptr<const sync::Schema> schema,
                         LoadSchema(run.schema_files));
  if (words.type.empty()) return Types(run, *schema);
  const sync::RecordType* type = schema->Find(words.type);
  if (type == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no record type ", words.type));
  }
  Table table({{run.voice("cách ghi", "form")},
               {run.voice("tên gọi", "label")},
               {run.voice("bắt buộc", "required")},
               {run.voice("giá trị", "values"), false, true}});
  json list = json::array();
  for (const auto& [number, field] : type->fields) {
    const std::vector<std::string> values = EnumNames(field);
    list.push_back({{"field", field.name},
                    {"number", number},
                    {"rule", options::v1::Rule_Name(field.rule)},
                    {"map", field.is_map},
                    {"required", field.required},
                    {"label_vi", field.label_vi},
                    {"label_en", field.label_en},
                    {"values", values}});
    table.Add({Form(run.voice, field), run.voice.Label(field.label_vi, field.label_en, field.name),
               field.required ? run.voice("có", "yes") : "", absl::StrJoin(values, ", ")});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommands(CLI::App* app, Invocation* run) {
  const Voice& voice = run->voice;
  AddCommand(
      app, run, "status",
      voice("Sổ này của ai, còn gì chưa gửi", "Whose notebook this is, and what is still unsent"),
      std::make_shared<NoWords>(), &ShowStatus);
  auto fields = std::make_shared<FieldsWords>();
  CLI::App* command = AddCommand(
      app, run, "fields",
      voice("Các loại bản ghi, các trường của một loại", "The record types, or the fields of one"),
      fields, &Fields);
  command->add_option("TYPE", fields->type, voice("loại", "type"));
  AddCommand(app, run, "digest",
             voice("Dấu vân của mọi bản ghi đang hiển thị: hai máy giống nhau thì bằng nhau",
                   "Fingerprint of every record shown: equal on two devices that show the same"),
             std::make_shared<NoWords>(), &Digest);
}

}  // namespace sotay::cli
