#include "sync/fragment.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/message.h"
#include "sync/limits.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

namespace pb = google::protobuf;

bool TakeLongVarint(absl::string_view* bytes, uint64_t* value) {
  const size_t longest = std::min<size_t>(10, bytes->size());
  uint64_t read = 0;
  for (size_t i = 0; i < longest; ++i) {
    const auto byte = static_cast<uint8_t>((*bytes)[i]);
    read |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte >= 0x80) continue;
    // Longer than needed, which would be two spellings of one value, or more than 64 bits.
    if ((byte == 0 && i > 0) || (i == 9 && byte > 1)) return false;
    bytes->remove_prefix(i + 1);
    *value = read;
    return true;
  }
  return false;
}

inline bool TakeVarint(absl::string_view* bytes, uint64_t* value) {
  if (bytes->empty() || static_cast<uint8_t>(bytes->front()) >= 0x80) {
    return TakeLongVarint(bytes, value);
  }
  *value = static_cast<uint8_t>(bytes->front());
  bytes->remove_prefix(1);
  return true;
}

void PutVarint(std::string* out, uint64_t value) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void PutTag(std::string* out, uint32_t number, uint32_t wire_type) {
  PutVarint(out, number << 3 | wire_type);
}

int WireTypeOf(const pb::FieldDescriptor& field) {
  switch (field.type()) {
    case pb::FieldDescriptor::TYPE_FIXED64:
    case pb::FieldDescriptor::TYPE_SFIXED64:
      return 1;
    case pb::FieldDescriptor::TYPE_STRING:
    case pb::FieldDescriptor::TYPE_BYTES:
    case pb::FieldDescriptor::TYPE_MESSAGE:
      return 2;
    case pb::FieldDescriptor::TYPE_FIXED32:
    case pb::FieldDescriptor::TYPE_SFIXED32:
      return 5;
    default:
      return 0;
  }
}

// Whether a varint stands for a value of the type in its shortest form.
bool FitsVarint(const pb::FieldDescriptor& field, uint64_t value) {
  const auto narrow = static_cast<int64_t>(value);
  switch (field.type()) {
    case pb::FieldDescriptor::TYPE_BOOL:
      return value <= 1;
    case pb::FieldDescriptor::TYPE_UINT32:
    case pb::FieldDescriptor::TYPE_SINT32:
      return value <= std::numeric_limits<uint32_t>::max();
    case pb::FieldDescriptor::TYPE_INT32:
    case pb::FieldDescriptor::TYPE_ENUM:
      return narrow >= std::numeric_limits<int32_t>::min() &&
             narrow <= std::numeric_limits<int32_t>::max();
    default:
      return true;
  }
}

absl::Status Bad(const FieldType& field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("field ", field.name, ": ", what));
}

absl::Status CheckText(const FieldType& field, absl::string_view text) {
  if (const size_t good = Utf8Prefix(text); good != text.size()) {
    return Bad(field, absl::StrCat("byte ", good, " is not UTF-8"));
  }
  if (!MarksWithinLimit(text)) {
    return Bad(field,
               absl::StrCat("more than ", kMarksPerLetterMax, " combining marks on one letter"));
  }
  return absl::OkStatus();
}

// The value of one occurrence, which has the right number.
absl::Status CheckOccurrence(const Schema& schema, const RecordType& type, const FieldType& field,
                             const pb::FieldDescriptor& value, const Occurrence& occurrence) {
  if (occurrence.wire_type != WireTypeOf(value)) return Bad(field, "wrong wire type");
  if (occurrence.wire_type == 0 && !FitsVarint(value, occurrence.varint)) {
    return Bad(field, "number out of range");
  }
  if (value.type() == pb::FieldDescriptor::TYPE_STRING) {
    return CheckText(field, occurrence.payload);
  }
  if (value.type() == pb::FieldDescriptor::TYPE_MESSAGE) {
    const std::unique_ptr<pb::Message> probe = schema.New(type);
    pb::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(occurrence.whole.data()),
                                    static_cast<int>(occurrence.whole.size()));
    stream.SetRecursionLimit(kNestingMax);
    if (!probe->ParseFromCodedStream(&stream)) {
      return Bad(field, absl::StrCat("is no ", value.message_type()->full_name(),
                                     " or is nested deeper than ", kNestingMax));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool NextOccurrence(absl::string_view* bytes, Occurrence* occurrence) {
  if (bytes->empty()) return false;
  absl::string_view rest = *bytes;
  uint64_t tag = 0;
  if (!TakeVarint(&rest, &tag)) return false;
  const uint64_t number = tag >> 3;
  if (number == 0 || number > kFieldNumberMax) return false;
  occurrence->number = static_cast<uint32_t>(number);
  occurrence->wire_type = static_cast<int>(tag & 7);
  occurrence->payload = {};
  occurrence->varint = 0;
  size_t skip = 0;
  switch (occurrence->wire_type) {
    case 0:
      if (!TakeVarint(&rest, &occurrence->varint)) return false;
      break;
    case 1:
      skip = 8;
      break;
    case 2: {
      uint64_t length = 0;
      if (!TakeVarint(&rest, &length) || length > rest.size()) return false;
      occurrence->payload = rest.substr(0, length);
      skip = length;
      break;
    }
    case 5:
      skip = 4;
      break;
    default:
      return false;
  }
  if (skip > rest.size()) return false;
  rest.remove_prefix(skip);
  occurrence->whole = bytes->substr(0, bytes->size() - rest.size());
  *bytes = rest;
  return true;
}

absl::Status CheckFragment(const Schema& schema, const RecordType& type, const FieldType& field,
                           absl::string_view key, absl::string_view fragment, bool may_clear) {
  if (fragment.empty()) return may_clear ? absl::OkStatus() : Bad(field, "no value");
  Occurrence occurrence;
  absl::string_view rest = fragment;
  if (!NextOccurrence(&rest, &occurrence) || !rest.empty() || occurrence.number != field.number) {
    return Bad(field, "is not one well-formed value");
  }
  const size_t bytes_max = field.bytes_max != 0 ? field.bytes_max : kChangeBytesMax;
  if (occurrence.payload.size() > bytes_max) {
    return Bad(field, absl::StrCat(occurrence.payload.size(), " bytes, limit ", bytes_max));
  }
  if (!field.is_map) {
    return CheckOccurrence(schema, type, field, *field.descriptor, occurrence);
  }
  // An entry: 1 = key, 2 = value, in this order, as every protobuf library writes them.
  if (occurrence.wire_type != 2) return Bad(field, "wrong wire type");
  absl::string_view entry = occurrence.payload;
  Occurrence part;
  if (!NextOccurrence(&entry, &part) || part.number != 1 || part.payload != key) {
    return Bad(field, "the entry is not of the key the operation names");
  }
  if (!NextOccurrence(&entry, &part) || part.number != 2 || !entry.empty()) {
    return Bad(field, "the entry holds no single value");
  }
  if (field.value_descriptor->type() == pb::FieldDescriptor::TYPE_MESSAGE && part.wire_type == 2) {
    return CheckOccurrence(schema, type, field, *field.descriptor, occurrence);
  }
  return CheckOccurrence(schema, type, field, *field.value_descriptor, part);
}

absl::Status CheckUnknownFragment(uint32_t number, absl::string_view fragment) {
  // An occurrence of another field would stand in the record's content as that field's value.
  Occurrence occurrence;
  bool own = true;
  while (own && NextOccurrence(&fragment, &occurrence)) own = occurrence.number == number;
  if (own && fragment.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("field ", number, ": is not well-formed occurrences of it"));
}

std::string StringFragment(uint32_t number, absl::string_view text) {
  if (text.empty()) return "";
  std::string out;
  out.reserve(text.size() + 8);
  PutTag(&out, number, 2);
  PutVarint(&out, text.size());
  out.append(text.data(), text.size());
  return out;
}

std::string VarintFragment(uint32_t number, uint64_t value) {
  if (value == 0) return "";
  std::string out;
  PutTag(&out, number, 0);
  PutVarint(&out, value);
  return out;
}

std::string CounterFragment(const FieldType& field, absl::string_view key, int64_t total) {
  const bool zigzag = field.value_descriptor->type() == pb::FieldDescriptor::TYPE_SINT64;
  const auto plain = static_cast<uint64_t>(total);
  const uint64_t encoded = zigzag ? (plain << 1) ^ (total < 0 ? ~uint64_t{0} : 0) : plain;
  if (!field.is_map) return VarintFragment(field.number, encoded);
  std::string entry = StringFragment(1, key);
  PutTag(&entry, 2, 0);
  PutVarint(&entry, encoded);
  std::string out;
  PutTag(&out, field.number, 2);
  PutVarint(&out, entry.size());
  out += entry;
  return out;
}

absl::optional<absl::string_view> StringOf(absl::string_view fragment) {
  if (fragment.empty()) return fragment;
  Occurrence occurrence;
  if (!NextOccurrence(&fragment, &occurrence) || !fragment.empty() || occurrence.wire_type != 2) {
    return absl::nullopt;
  }
  return occurrence.payload;
}

absl::optional<uint64_t> VarintOf(absl::string_view fragment) {
  if (fragment.empty()) return 0;
  Occurrence occurrence;
  if (!NextOccurrence(&fragment, &occurrence) || !fragment.empty() || occurrence.wire_type != 0) {
    return absl::nullopt;
  }
  return occurrence.varint;
}

}  // namespace sotay::sync
