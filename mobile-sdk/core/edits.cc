#include "mobile-sdk/core/edits.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "sync/fragment.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_scan.h"

namespace sotay::sdk {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;

absl::Status Bad(const sync::FieldType& field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("field ", field.name, ": ", what));
}

// Which kind of wish a rule takes, and how to say so.
struct Wanted {
  std::vector<Edit::Kind> kinds;
  const char* words;
};

Wanted WantedBy(sync::Rule rule) {
  switch (rule) {
    case options::v1::RULE_TEXT:
      return {{Edit::Kind::kText, Edit::Kind::kSplice}, "takes a whole text, or splices of it"};
    case options::v1::RULE_SET:
      return {{Edit::Kind::kAdd, Edit::Kind::kRemove}, "is a set: add or remove"};
    case options::v1::RULE_LOG:
      return {{Edit::Kind::kAppend}, "is a log: append"};
    case options::v1::RULE_COUNTER:
      return {{Edit::Kind::kCount}, "is a counter: give a step, as +1"};
    case options::v1::RULE_SERVER:
      return {{}, "is given by the server"};
    default:
      return {{Edit::Kind::kSet}, "takes one value: set it"};
  }
}

// NOTE_KIND_ of NOTE_KIND_UNSPECIFIED; empty when the zero value is named otherwise.
absl::string_view PrefixOf(const pb::EnumDescriptor& values) {
  constexpr absl::string_view kZero = "UNSPECIFIED";
  const auto* zero = values.FindValueByNumber(0);
  if (zero == nullptr || !absl::EndsWith(zero->name(), kZero)) return "";
  return absl::string_view(zero->name()).substr(0, zero->name().size() - kZero.size());
}

const pb::EnumValueDescriptor* FindValue(const pb::EnumDescriptor& values, absl::string_view name) {
  const absl::string_view prefix = PrefixOf(values);
  for (int i = 0; i < values.value_count(); ++i) {
    const absl::string_view full = values.value(i)->name();
    if (absl::EqualsIgnoreCase(full, name)) return values.value(i);
    if (absl::StartsWith(full, prefix) &&
        absl::EqualsIgnoreCase(full.substr(prefix.size()), name)) {
      return values.value(i);
    }
  }
  return nullptr;
}

std::string ValuesOf(const pb::EnumDescriptor& values) {
  const absl::string_view prefix = PrefixOf(values);
  std::vector<std::string> names;
  for (int i = 0; i < values.value_count(); ++i) {
    absl::string_view name = values.value(i)->name();
    if (values.value(i)->number() == 0) continue;
    if (absl::StartsWith(name, prefix)) name.remove_prefix(prefix.size());
    names.push_back(absl::AsciiStrToLower(name));
  }
  return absl::StrJoin(names, ", ");
}

// Every string within `message`, which came as JSON, as text of ours.
absl::Status CleanStrings(const sync::FieldType& field, pb::Message* message) {
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(*message, &set);
  for (const FieldDescriptor* part : set) {
    const int count = part->is_repeated() ? reflection.FieldSize(*message, part) : 1;
    for (int i = 0; i < count; ++i) {
      if (part->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        SOTAY_RETURN_IF_ERROR(CleanStrings(
            field, part->is_repeated() ? reflection.MutableRepeatedMessage(message, part, i)
                                       : reflection.MutableMessage(message, part)));
      } else if (part->type() == FieldDescriptor::TYPE_STRING) {
        const std::string text = part->is_repeated()
                                     ? reflection.GetRepeatedString(*message, part, i)
                                     : reflection.GetString(*message, part);
        SOTAY_ASSIGN_OR_RETURN(std::string clean,
                               CleanText(absl::StrCat("field ", field.name), text));
        if (part->is_repeated()) {
          reflection.SetRepeatedString(message, part, i, std::move(clean));
        } else {
          reflection.SetString(message, part, std::move(clean));
        }
      }
    }
  }
  return absl::OkStatus();
}

template <typename Number>
absl::StatusOr<Number> ReadNumber(const sync::FieldType& field, absl::string_view text) {
  Number number = 0;
  if (!absl::SimpleAtoi(text, &number)) {
    return Bad(field, absl::StrCat("is not a whole number of ", sizeof(Number) * 8, " bits"));
  }
  return number;
}

// Puts the value that `text` says into field `part` of `holder`, which is empty.
absl::Status PutValue(const sync::FieldType& field, const FieldDescriptor& part,
                      absl::string_view text, pb::Message* holder) {
  const pb::Reflection& to = *holder->GetReflection();
  const bool many = part.is_repeated();
  switch (part.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      SOTAY_ASSIGN_OR_RETURN(const auto number, ReadNumber<int32_t>(field, text));
      many ? to.AddInt32(holder, &part, number) : to.SetInt32(holder, &part, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      SOTAY_ASSIGN_OR_RETURN(const auto number, ReadNumber<int64_t>(field, text));
      many ? to.AddInt64(holder, &part, number) : to.SetInt64(holder, &part, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      SOTAY_ASSIGN_OR_RETURN(const auto number, ReadNumber<uint32_t>(field, text));
      many ? to.AddUInt32(holder, &part, number) : to.SetUInt32(holder, &part, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      SOTAY_ASSIGN_OR_RETURN(const auto number, ReadNumber<uint64_t>(field, text));
      many ? to.AddUInt64(holder, &part, number) : to.SetUInt64(holder, &part, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool yes = text == "true";
      if (!yes && text != "false") return Bad(field, "is not true or false");
      many ? to.AddBool(holder, &part, yes) : to.SetBool(holder, &part, yes);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = FindValue(*part.enum_type(), text);
      if (value == nullptr) {
        return Bad(field, absl::StrCat("is not one of ", ValuesOf(*part.enum_type())));
      }
      many ? to.AddEnum(holder, &part, value) : to.SetEnum(holder, &part, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string bytes;
      if (part.type() == FieldDescriptor::TYPE_BYTES) {
        const bool hex =
            text.size() % 2 == 0 && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
        if (!hex) return Bad(field, "is not bytes in hexadecimal");
        bytes = absl::HexStringToBytes(text);
      } else {
        SOTAY_ASSIGN_OR_RETURN(bytes, CleanText(absl::StrCat("field ", field.name), text));
      }
      many ? to.AddString(holder, &part, bytes) : to.SetString(holder, &part, bytes);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      pb::Message* message = many ? to.AddMessage(holder, &part) : to.MutableMessage(holder, &part);
      if (!pb::util::JsonStringToMessage(std::string(text), message).ok()) {
        return Bad(field, absl::StrCat("is not JSON of a ", part.message_type()->full_name()));
      }
      return CleanStrings(field, message);
    }
    default:
      return Bad(field, "is of a type that no record has");
  }
}

std::string Serialised(const pb::Message& message) {
  std::string bytes;
  pb::io::StringOutputStream stream(&bytes);
  pb::io::CodedOutputStream out(&stream);
  // So that the same element is the same bytes: sets compare by them.
  out.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&out);
  out.Trim();
  return bytes;
}

void AppendVarint(uint64_t number, std::string* out) {
  for (; number >= 0x80; number >>= 7) out->push_back(static_cast<char>(number | 0x80));
  out->push_back(static_cast<char>(number));
}

// Repeated numbers are written packed; an operation holds one occurrence as if they were not.
absl::StatusOr<std::string> Unpacked(const sync::FieldType& field, const std::string& packed) {
  absl::string_view rest = packed;
  sync::Occurrence occurrence;
  if (!sync::NextOccurrence(&rest, &occurrence) || occurrence.wire_type != 2) {
    return absl::InternalError(absl::StrCat("field ", field.name, ": cannot be written"));
  }
  uint32_t wire_type = 0;
  switch (field.descriptor->type()) {
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      wire_type = 1;
      break;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      wire_type = 5;
      break;
    default:
      break;
  }
  std::string fragment;
  AppendVarint(field.number << 3 | wire_type, &fragment);
  return fragment.append(occurrence.payload.data(), occurrence.payload.size());
}

// The wire fragment of a value: a message of the type with nothing but that in it.
absl::StatusOr<std::string> FragmentOf(const sync::Schema& schema, const sync::RecordType& type,
                                       const sync::FieldType& field, const std::string& key,
                                       const std::string& value) {
  const std::unique_ptr<pb::Message> holder = schema.New(type);
  if (!field.is_map) {
    SOTAY_RETURN_IF_ERROR(PutValue(field, *field.descriptor, value, holder.get()));
    std::string fragment = Serialised(*holder);
    if (field.descriptor->is_packed()) return Unpacked(field, fragment);
    return fragment;
  }
  pb::Message* entry = holder->GetReflection()->AddMessage(holder.get(), field.descriptor);
  const pb::Descriptor& parts = *field.descriptor->message_type();
  entry->GetReflection()->SetString(entry, parts.map_key(), key);
  SOTAY_RETURN_IF_ERROR(PutValue(field, *parts.map_value(), value, entry));
  return Serialised(*holder);
}

// Scalars that are in NFC on their own and change nothing before them (UAX 15, NFC_Quick_Check and
// no combining class): Latin letters, Vietnamese ones among them, and what is set between words.
bool IsSurelyNfc(char32_t c) {
  return c < 0x0300 || (c >= 0x1E00 && c <= 0x1EFF) || (c >= 0x2002 && c <= 0x2064) ||
         (c >= 0x20A0 && c <= 0x20BF);
}

// The usual text, of which normalising would be a hundred times the work.
bool IsSurelyNfc(absl::string_view text) {
  char32_t scalar = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] > 0) {  // most of every text
      ++at;
      continue;
    }
    const int length = sync::DecodeScalar(text, at, &scalar);
    if (length == 0 || !IsSurelyNfc(scalar)) return false;
    at += static_cast<size_t>(length);
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> CleanText(absl::string_view what, absl::string_view text) {
  if (const size_t good = sync::Utf8Prefix(text); good != text.size()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": byte ", good, " is not UTF-8"));
  }
  if (const size_t nul = text.find('\0'); nul != text.npos) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": byte ", nul, " is a NUL"));
  }
  std::string nfc(text);
  if (!IsSurelyNfc(text)) {
    utf8proc_uint8_t* composed = nullptr;
    const utf8proc_ssize_t size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(text.size()), &composed,
                     static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    if (size < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, ": cannot be normalised: ", utf8proc_errmsg(size)));
    }
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(composed, &std::free);
    nfc.assign(reinterpret_cast<const char*>(composed), static_cast<size_t>(size));
  }
  if (nfc.find('\r') == nfc.npos) return nfc;
  return absl::StrReplaceAll(nfc, {{"\r\n", "\n"}, {"\r", "\n"}});
}

absl::StatusOr<sync::FieldEdit> ReadEdit(const sync::Schema& schema, const sync::RecordType& type,
                                         const Edit& edit) {
  const sync::FieldType* field = type.Field(absl::string_view(edit.field));
  if (field == nullptr) {
    std::vector<std::string> names;
    for (const auto& [number, known] : type.fields) names.push_back(known.name);
    return absl::InvalidArgumentError(absl::StrCat("a ", type.name, " has no field ",
                                                   absl::Utf8SafeCEscape(edit.field), "; it has ",
                                                   absl::StrJoin(names, ", ")));
  }
  const Wanted wanted = WantedBy(field->rule);
  if (std::find(wanted.kinds.begin(), wanted.kinds.end(), edit.kind) == wanted.kinds.end()) {
    return field->rule == options::v1::RULE_SERVER
               ? absl::PermissionDeniedError(absl::StrCat("field ", field->name, " ", wanted.words))
               : Bad(*field, wanted.words);
  }
  if (field->is_map && edit.key.empty()) return Bad(*field, "needs a key");
  if (!field->is_map && !edit.key.empty()) return Bad(*field, "takes no key");

  sync::FieldEdit wish;
  wish.op.set_field(field->number);
  SOTAY_ASSIGN_OR_RETURN(const std::string key,
                         CleanText(absl::StrCat("key of field ", field->name), edit.key));
  wish.op.set_key(key);
  switch (edit.kind) {
    case Edit::Kind::kText: {
      SOTAY_ASSIGN_OR_RETURN(wish.whole_text,
                             CleanText(absl::StrCat("field ", field->name), edit.value));
      return wish;
    }
    case Edit::Kind::kSplice: {
      v1::TextSplice& splice = wish.splices.emplace_back();
      splice.set_position(edit.position);
      splice.set_deleted(edit.deleted);
      SOTAY_ASSIGN_OR_RETURN(*splice.mutable_inserted(),
                             CleanText(absl::StrCat("field ", field->name), edit.value));
      return wish;
    }
    case Edit::Kind::kCount: {
      SOTAY_ASSIGN_OR_RETURN(const int64_t step, ReadNumber<int64_t>(*field, edit.value));
      wish.op.set_count(step);
      return wish;
    }
    case Edit::Kind::kSet: {
      wish.op.set_set("");
      if (edit.value.empty()) return wish;
      SOTAY_ASSIGN_OR_RETURN(*wish.op.mutable_set(),
                             FragmentOf(schema, type, *field, key, edit.value));
      return wish;
    }
    default:
      break;
  }
  SOTAY_ASSIGN_OR_RETURN(std::string fragment, FragmentOf(schema, type, *field, key, edit.value));
  if (edit.kind == Edit::Kind::kAdd) wish.op.set_add(std::move(fragment));
  if (edit.kind == Edit::Kind::kRemove) wish.op.set_remove(std::move(fragment));
  if (edit.kind == Edit::Kind::kAppend) wish.op.set_append(std::move(fragment));
  return wish;
}

}  // namespace sotay::sdk
