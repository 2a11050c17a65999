// fields: which record types there are, and how each field of one is typed.
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/value.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;

struct FieldsWords {
  std::string type;
};

struct Choice {
  std::string name;  // as it is typed
  const pb::EnumValueDescriptor* value = nullptr;
};

// What an enum field takes, named without what all of them begin with; the zero value left out.
std::vector<Choice> ChoicesOf(const sync::FieldType& field) {
  constexpr absl::string_view kZero = "UNSPECIFIED";
  std::vector<Choice> choices;
  const pb::EnumDescriptor* values = field.value_descriptor->enum_type();
  if (values == nullptr || field.rule == options::v1::RULE_SERVER) return choices;
  absl::string_view prefix = values->value(0)->name();
  prefix.remove_suffix(absl::EndsWith(prefix, kZero) ? kZero.size() : prefix.size());
  for (int i = 0; i < values->value_count(); ++i) {
    absl::string_view name = values->value(i)->name();
    if (values->value(i)->number() == 0) continue;
    if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
    choices.push_back({absl::AsciiStrToLower(name), values->value(i)});
  }
  return choices;
}

// What is typed behind the sign.
std::string ValueForm(const sync::FieldType& field) {
  if (IsInstant(field)) return "dd/mm/yyyy HH:mm";
  switch (field.value_descriptor->type()) {
    case pb::FieldDescriptor::TYPE_BYTES:
      return "RECORD";
    case pb::FieldDescriptor::TYPE_BOOL:
      return "true|false";
    case pb::FieldDescriptor::TYPE_MESSAGE:
      break;
    default:
      return "…";
  }
  const pb::Descriptor& message = *field.value_descriptor->message_type();
  if (IsMeasurement(message)) return "4,2 m";
  std::vector<std::string> parts;
  for (int i = 0; i < message.field_count(); ++i) {
    parts.push_back(absl::StrCat("\"", message.field(i)->name(), "\":…"));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
}

std::string PlaceOf(const sync::FieldType& field) {
  return field.is_map ? absl::StrCat(field.name, "[KEY]") : field.name;
}

// How the field is typed on a command line.
std::string FormOf(const Voice& voice, const sync::FieldType& field) {
  const std::string place = PlaceOf(field);
  switch (field.rule) {
    case options::v1::RULE_SERVER:
      return absl::StrCat(place, " ", voice("(máy chủ ghi)", "(the server's)"));
    case options::v1::RULE_SET:
      return absl::StrCat(place, "+=… ", place, "-=…");
    case options::v1::RULE_LOG:
      return absl::StrCat(place, "+=", ValueForm(field));
    case options::v1::RULE_COUNTER:
      return absl::StrCat(place, "+=N ", place, "-=N");
    default:
      return absl::StrCat(place, "=", ValueForm(field));
  }
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
  run.Print(list, absl::StrCat(table.Print(run.streams.columns), "\n",
                               run.voice("Các trường của một loại: ", "The fields of one: "),
                               "sotay fields note\n"));
  return absl::OkStatus();
}

absl::Status Fields(const Invocation& run, const FieldsWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const std::shared_ptr<const sync::Schema> schema,
                         LoadSchema(run.schema_files));
  if (words.type.empty()) return Types(run, *schema);
  const sync::RecordType* type = schema->Find(words.type);
  if (type == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no record type ", words.type, "; sotay fields lists them"));
  }
  const Voice& voice = run.voice;
  Table fields(
      {{voice("cách ghi", "form")}, {voice("tên gọi", "label")}, {voice("bắt buộc", "required")}});
  Table choices({{voice("chọn một", "one of")}, {voice("nghĩa là", "which means")}});
  json list = json::array();
  for (const auto& [number, field] : type->fields) {
    json values = json::array();
    for (const Choice& choice : ChoicesOf(field)) {
      values.push_back({{"name", choice.name},
                        {"label_vi", EnumLabel(Voice(Language::kVietnamese), *choice.value)},
                        {"label_en", EnumLabel(Voice(Language::kEnglish), *choice.value)}});
      choices.Add(
          {absl::StrCat(PlaceOf(field), "=", choice.name), EnumLabel(voice, *choice.value)});
    }
    list.push_back({{"field", field.name},
                    {"number", number},
                    {"rule", options::v1::Rule_Name(field.rule)},
                    {"map", field.is_map},
                    {"required", field.required},
                    {"label_vi", field.label_vi},
                    {"label_en", field.label_en},
                    {"values", std::move(values)}});
    fields.Add({FormOf(voice, field), voice.Label(field.label_vi, field.label_en, field.name),
                field.required ? voice("có", "yes") : ""});
  }
  std::string text = fields.Print(run.streams.columns);
  if (!choices.empty()) absl::StrAppend(&text, "\n", choices.Print(run.streams.columns));
  run.Print(list, text);
  return absl::OkStatus();
}

}  // namespace

void AddFieldsCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto fields = std::make_shared<FieldsWords>();
  Command command = AddCommand(
      app, run, "fields",
      voice("Các loại bản ghi, các trường của một loại", "The record types, or the fields of one"),
      fields, &Fields);
  command.AddOption("TYPE", fields->type, voice("loại", "type"));
}

}  // namespace sotay::cli
