#include "mobile-sdk/cli/steps.h"

#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/fragment.h"

namespace sotay::cli {
namespace {

using google::protobuf::EnumValueDescriptor;
using nlohmann::json;

// As it is typed: "withdrawn" of NOTE_STATE_WITHDRAWN.
std::string ShortName(const sync::FieldType& field, int32_t number) {
  const auto& values = *field.descriptor->enum_type();
  const EnumValueDescriptor* const value = values.FindValueByNumber(number);
  if (value == nullptr) return absl::StrCat(number);
  const absl::string_view prefix =
      absl::StripSuffix(values.FindValueByNumber(0)->name(), "UNSPECIFIED");
  return absl::AsciiStrToLower(absl::StripPrefix(value->name(), prefix));
}

int32_t NumberOf(const std::string& fragment) {
  return static_cast<int32_t>(sync::VarintOf(fragment).value_or(0));
}

std::string StateInWords(const Reader& reader, const sync::FieldType* field, int32_t number) {
  const EnumValueDescriptor* const value =
      field != nullptr ? field->descriptor->enum_type()->FindValueByNumber(number) : nullptr;
  return value != nullptr ? EnumLabel(reader.voice, *value) : absl::StrCat(number);
}

json StateJson(const sync::FieldType* field, int32_t number) {
  const EnumValueDescriptor* const value =
      field != nullptr ? field->descriptor->enum_type()->FindValueByNumber(number) : nullptr;
  return value != nullptr ? json(value->name()) : json(number);
}

std::string DecidersInWords(const Voice& voice, const std::set<sync::Role>& deciders) {
  std::vector<std::string> names;
  for (sync::Role role : deciders) {
    names.push_back(role == options::v1::ROLE_SUPERVISOR ? voice("lãnh đạo", "a leader")
                                                         : voice("kiểm sát viên", "a prosecutor"));
  }
  return absl::StrJoin(names, voice(" hoặc ", " or "));
}

std::string HowToDecide(const Reader& reader, const sync::MergedRecord& record,
                        const sync::FieldType& field, int32_t asked) {
  const Voice& voice = reader.voice;
  const auto command = [&](int32_t value) {
    return absl::StrCat("sotay edit ", record.id().Short(), " ", field.name, "=",
                        ShortName(field, value));
  };
  const int32_t in_force = record.StateInForce(field.number);
  return absl::StrCat(voice("Chờ ", "For "), DecidersInWords(voice, field.yielding.at(asked)),
                      voice(" quyết định. Đồng ý: ", " to decide. Agreed: "), command(asked),
                      voice("; không đồng ý, giữ “", "; not agreed, it stays “"),
                      StateInWords(reader, &field, in_force), voice("”: ", "”: "),
                      command(in_force));
}

// Who wrote on while the record was moved, neither knowing of the other.
std::string ApartInWords(const Reader& reader, const sync::MergedRecord& record) {
  std::string out;
  for (const sync::Author& author : sync::ApartFromState(record)) {
    absl::StrAppend(
        &out,
        Indented(reader,
                 absl::StrCat(reader.voice("Xem lại: khi đổi trạng thái chưa biết bản sửa của ",
                                           "Look again: its state was set without knowing of "
                                           "what was written by "),
                              AuthorInWords(reader, author)),
                 2));
  }
  return out;
}

std::string OvertakenInWords(const Reader& reader, const sync::MergedRecord& record) {
  const Voice& voice = reader.voice;
  std::string out;
  for (const sync::Overtaken& one : sync::OvertakenIn(record)) {
    absl::StrAppend(
        &out, Indented(reader,
                       absl::StrCat(voice("Bị vượt: “", "Overtaken: “"),
                                    StateInWords(reader, one.field, NumberOf(*one.value)),
                                    voice("” của ", "” by "),
                                    AuthorInWords(reader, record.author(one.author)),
                                    voice("; có hiệu lực là “", "; in force is “"),
                                    StateInWords(reader, one.field, NumberOf(one.in_force->value)),
                                    voice("” của ", "” by "),
                                    AuthorInWords(reader, record.author(one.in_force->author))),
                       2));
  }
  return out;
}

const sync::FieldType* FieldOf(const Reader& reader, const stored::v1::StepNotice& notice) {
  const sync::RecordType* const type = reader.schema->Find(notice.type());
  const sync::FieldType* const field = type != nullptr ? type->Field(notice.field()) : nullptr;
  return field != nullptr && field->rule == options::v1::RULE_STATE ? field : nullptr;
}

std::string ShortOf(const stored::v1::StepNotice& notice) {
  const auto id = sync::RecordId::From(notice.record_id());
  return id.has_value() ? id->Short() : "?";
}

const char* KindName(stored::v1::StepNotice::Kind kind) {
  switch (kind) {
    case stored::v1::StepNotice::KIND_OVERTAKEN:
      return "overtaken";
    case stored::v1::StepNotice::KIND_PREVAILED:
      return "prevailed";
    case stored::v1::StepNotice::KIND_REQUESTED:
      return "requested";
    default:
      return "";
  }
}

// What became of it.
std::string EndInWords(const Reader& reader, const sync::FieldType* field,
                       const stored::v1::StepNotice& notice) {
  const Voice& voice = reader.voice;
  const stored::v1::NoticedStep& since = notice.ended();
  if (since.user_id().empty()) return voice("; nay không còn nữa", "; it is so no longer");
  return absl::StrCat(voice("; nay là “", "; since then it is “"),
                      StateInWords(reader, field, NumberOf(since.value())),
                      voice("” của ", "” by "), reader.names.Person(since.user_id()), ", ",
                      InstantInWords(since.at_ms()));
}

}  // namespace

std::string RequestsInWords(const Reader& reader, const sync::MergedRecord& record) {
  const Voice& voice = reader.voice;
  std::string out;
  for (const sync::Request& request : sync::RequestsIn(record)) {
    const int32_t asked = NumberOf(request.step->value);
    std::string words = absl::StrCat(voice("Đề nghị: ", "Request: "),
                                     AuthorInWords(reader, record.author(request.step->author)),
                                     voice(" muốn chuyển sang “", " wants it to be “"),
                                     StateInWords(reader, request.field, asked), "”");
    if (!request.step->reason.empty()) {
      absl::StrAppend(&words, voice(", lý do: ", ", because: "), request.step->reason);
    }
    absl::StrAppend(&out, Indented(reader, words, 2));
    for (size_t author : request.step->unaware) {
      absl::StrAppend(&out, Indented(reader,
                                     absl::StrCat(voice("khi đó chưa biết bản sửa của ",
                                                        "not knowing of what was written by "),
                                                  AuthorInWords(reader, record.author(author))),
                                     4));
    }
    if (request.field != nullptr && request.field->yielding.count(asked) != 0) {
      absl::StrAppend(&out,
                      Indented(reader, HowToDecide(reader, record, *request.field, asked), 4));
    }
  }
  return out;
}

std::string StepsInWords(const Reader& reader, const sync::MergedRecord& record) {
  return absl::StrCat(RequestsInWords(reader, record), ApartInWords(reader, record),
                      OvertakenInWords(reader, record));
}

std::string NoticesInWords(const Reader& reader,
                           const std::vector<stored::v1::StepNotice>& notices) {
  const Voice& voice = reader.voice;
  std::string out;
  for (const stored::v1::StepNotice& notice : notices) {
    const sync::FieldType* const field = FieldOf(reader, notice);
    const std::string record = ShortOf(notice);
    const std::string own =
        absl::StrCat("“", StateInWords(reader, field, NumberOf(notice.own().value())), "”");
    const std::string others =
        absl::StrCat("“", StateInWords(reader, field, NumberOf(notice.other().value())), "”");
    const std::string other = absl::StrCat(reader.names.Person(notice.other().user_id()), ", ",
                                           InstantInWords(notice.other().at_ms()));
    const bool past = notice.has_ended();
    std::string words;
    switch (notice.kind()) {
      case stored::v1::StepNotice::KIND_OVERTAKEN:
        words = absl::StrCat(voice("Quyết định ", "Your "), own, voice(" của bạn về ", " about "),
                             record, voice(" bị vượt bởi ", " was overtaken by "), others,
                             voice(" của ", " by "), other);
        break;
      case stored::v1::StepNotice::KIND_PREVAILED:
        words = absl::StrCat(
            voice("Quyết định ", "Your "), own, voice(" của bạn về ", " about "), record,
            past ? voice(" đã có hiệu lực; ", " was in force; ")
                 : voice(" có hiệu lực; ", " is in force; "),
            other, voice(", đã quyết định khác: ", ", had decided otherwise: "), others);
        break;
      case stored::v1::StepNotice::KIND_REQUESTED:
        words = absl::StrCat(own, voice(" của bạn về ", ", which you made of "), record,
                             past ? voice(" đã là đề nghị: khi đó bạn chưa biết bản sửa của ",
                                          ", was a request: you did not know of what was written "
                                          "by ")
                                  : voice(" là đề nghị, chờ quyết định: khi đó bạn chưa biết bản "
                                          "sửa của ",
                                          ", is a request to be decided: you did not know of what "
                                          "was written by "),
                             other);
        break;
      default:
        continue;
    }
    if (notice.has_ended()) absl::StrAppend(&words, EndInWords(reader, field, notice));
    absl::StrAppend(&out, OneLine(words), voice(" (xem: sotay show ", " (see: sotay show "), record,
                    ")\n");
  }
  return out;
}

json NoticesJson(const Reader& reader, const std::vector<stored::v1::StepNotice>& notices) {
  json list = json::array();
  for (const stored::v1::StepNotice& notice : notices) {
    const sync::FieldType* const field = FieldOf(reader, notice);
    const auto step = [&](const stored::v1::NoticedStep& one) -> json {
      return {
          {"value", one.value().empty() ? json(nullptr) : StateJson(field, NumberOf(one.value()))},
          {"user", one.user_id()},
          {"name", reader.names.Person(one.user_id())},
          {"at_ms", one.at_ms()},
          {"change", Hex(one.change_id())}};
    };
    list.push_back({{"notice", KindName(notice.kind())},
                    {"record", Hex(notice.record_id())},
                    {"field", field != nullptr ? field->name : absl::StrCat(notice.field())},
                    {"own", step(notice.own())},
                    {"other", step(notice.other())},
                    {"ended", notice.has_ended() ? step(notice.ended()) : json(nullptr)}});
  }
  return list;
}

json RequestsJson(const Reader& reader, const sync::MergedRecord& record) {
  json list = json::array();
  for (const sync::Request& request : sync::RequestsIn(record)) {
    const int32_t asked = NumberOf(request.step->value);
    json one = AuthorJson(reader, record.author(request.step->author));
    one["record"] = record.id().Hex();
    one["field"] = request.field != nullptr ? request.field->name : absl::StrCat(request.number);
    one["value"] = StateJson(request.field, asked);
    one["reason"] = request.step->reason;
    one["stands"] = StateJson(request.field, record.StateInForce(request.number));
    one["unaware"] = json::array();
    for (size_t author : request.step->unaware) {
      one["unaware"].push_back(AuthorJson(reader, record.author(author)));
    }
    one["deciders"] = json::array();
    if (request.field != nullptr && request.field->yielding.count(asked) != 0) {
      for (sync::Role role : request.field->yielding.at(asked)) {
        one["deciders"].push_back(options::v1::Role_Name(role));
      }
    }
    list.push_back(std::move(one));
  }
  return list;
}

json OvertakenJson(const Reader& reader, const sync::MergedRecord& record) {
  json list = json::array();
  for (const sync::Overtaken& overtaken : sync::OvertakenIn(record)) {
    json one = AuthorJson(reader, record.author(overtaken.author));
    one["field"] = overtaken.field->name;
    one["value"] = StateJson(overtaken.field, NumberOf(*overtaken.value));
    one["in_force"] = StateJson(overtaken.field, NumberOf(overtaken.in_force->value));
    one["by"] = AuthorJson(reader, record.author(overtaken.in_force->author));
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace sotay::cli
