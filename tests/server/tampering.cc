#include "tests/server/tampering.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <memory>

namespace sotay::tests {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string StringAt(const Message& message, const FieldDescriptor* field, int index) {
  const Reflection* const reflection = message.GetReflection();
  return index < 0 ? reflection->GetString(message, field)
                   : reflection->GetRepeatedString(message, field, index);
}

void SetStringAt(Message* message, const FieldDescriptor* field, int index, std::string value) {
  const Reflection* const reflection = message->GetReflection();
  if (index < 0) {
    reflection->SetString(message, field, std::move(value));
  } else {
    reflection->SetRepeatedString(message, field, index, std::move(value));
  }
}

bool IsBytes(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

// One more at the end of the list, like the one at `index` of `from`.
void AddLike(const Message& from, const FieldDescriptor* field, int index, Message* to) {
  const Reflection* const reflection = to->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->AddString(to, field, StringAt(from, field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection->AddUInt64(to, field,
                                   from.GetReflection()->GetRepeatedUInt64(from, field, index));
    default:
      reflection->AddMessage(to, field)->CopyFrom(
          from.GetReflection()->GetRepeatedMessage(from, field, index));
  }
}

}  // namespace

void Tamperer::Walk(Message* message, const std::string& path, std::vector<Place>* values,
                    std::vector<Place>* lists) {
  const google::protobuf::Descriptor* const type = message->GetDescriptor();
  const Reflection* const reflection = message->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    const std::string at = path.empty() ? field->name() : path + "." + field->name();
    if (!field->is_repeated()) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        values->push_back({message, field, -1, at});
      } else if (reflection->HasField(*message, field)) {
        Walk(reflection->MutableMessage(message, field), at, values, lists);
      }
      continue;
    }
    const int size = reflection->FieldSize(*message, field);
    lists->push_back({message, field, size, at});
    for (int index = 0; index < size; ++index) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Walk(reflection->MutableRepeatedMessage(message, field, index), at, values, lists);
      } else {
        values->push_back({message, field, index, at});
      }
    }
  }
}

std::string Tamperer::Flipped(std::string bytes) {
  const size_t bit = Below(bytes.size() * 8);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

bool Tamperer::FlipValue(const Place& place) {
  const Reflection* const reflection = place.message->GetReflection();
  const FieldDescriptor* const field = place.field;
  const auto bit = [this](unsigned bits) { return uint64_t{1} << Below(bits); };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string was = StringAt(*place.message, field, place.index);
      if (was.empty()) return false;
      std::string flipped = Flipped(was);
      // A string that is none is found by whoever reads the message, and is drawn as a file.
      if (field->type() == FieldDescriptor::TYPE_STRING) {
        const size_t at = Below(was.size());
        if ((was[at] & 0x80) != 0) return false;
        flipped = was;
        flipped[at] = static_cast<char>(flipped[at] ^ (1 << Below(4)));
      }
      SetStringAt(place.message, field, place.index, std::move(flipped));
      return true;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(place.message, field, !reflection->GetBool(*place.message, field));
      return true;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(
          place.message, field,
          reflection->GetInt64(*place.message, field) ^ static_cast<int64_t>(bit(64)));
      return true;
    case FieldDescriptor::CPPTYPE_UINT64:
      if (place.index >= 0) {
        reflection->SetRepeatedUInt64(
            place.message, field, place.index,
            reflection->GetRepeatedUInt64(*place.message, field, place.index) ^ bit(64));
      } else {
        reflection->SetUInt64(place.message, field,
                              reflection->GetUInt64(*place.message, field) ^ bit(64));
      }
      return true;
    case FieldDescriptor::CPPTYPE_ENUM:
      reflection->SetEnumValue(
          place.message, field,
          reflection->GetEnumValue(*place.message, field) ^ static_cast<int>(bit(4)));
      return true;
    default:
      return false;
  }
}

bool Tamperer::CutValue(const Place& place) {
  if (!IsBytes(place.field)) return false;
  std::string value = StringAt(*place.message, place.field, place.index);
  if (value.empty()) return false;
  value.resize(Below(value.size()));
  while (place.field->type() == FieldDescriptor::TYPE_STRING && !value.empty() &&
         (value.back() & 0x80) != 0) {
    value.pop_back();
  }
  SetStringAt(place.message, place.field, place.index, std::move(value));
  return true;
}

bool Tamperer::Exchange(const Place& one, const Place& two) {
  if (!IsBytes(one.field) || one.field->type() != two.field->type()) return false;
  const std::string first = StringAt(*one.message, one.field, one.index);
  SetStringAt(one.message, one.field, one.index, StringAt(*two.message, two.field, two.index));
  SetStringAt(two.message, two.field, two.index, first);
  return true;
}

bool Tamperer::InList(Tampering kind, const Place& list, const Place* foreign) {
  Message* const message = list.message;
  const Reflection* const reflection = message->GetReflection();
  const auto shift = [&](int from, int to) {
    for (; from < to; ++from) reflection->SwapElements(message, list.field, from, from + 1);
    for (; from > to; --from) reflection->SwapElements(message, list.field, from, from - 1);
  };
  const auto draw = [this](int size) { return static_cast<int>(Below(static_cast<size_t>(size))); };
  const int last = list.index - 1;
  if (kind == Tampering::kForeign) {
    if (foreign->index == 0) return false;
    AddLike(*foreign->message, list.field, draw(foreign->index), message);
    const int at = draw(list.index + 1);
    shift(last + 1, at);
    if (list.index > 0 && Below(2) == 0) {  // instead of the one that stood there
      const int gone = at == last + 1 ? at - 1 : at + 1;
      shift(gone, last + 1);
      reflection->RemoveLast(message, list.field);
    }
    return true;
  }
  if (list.index == 0) return false;
  const int at = draw(list.index);
  switch (kind) {
    case Tampering::kDrop:
      shift(at, last);
      reflection->RemoveLast(message, list.field);
      return true;
    case Tampering::kRepeat: {
      const std::unique_ptr<Message> copy(message->New());
      copy->CopyFrom(*message);
      AddLike(*copy, list.field, at, message);
      shift(last + 1, draw(list.index + 1));
      return true;
    }
    case Tampering::kSwap:
      reflection->SwapElements(message, list.field, at, draw(list.index));
      return true;
    default:
      shift(at, draw(list.index));
      return true;
  }
}

std::string Tamperer::Tamper(Tampering kind, Message* message, const Message& other) {
  std::vector<Place> values, lists;
  Walk(message, "", &values, &lists);
  if (kind == Tampering::kFlip || kind == Tampering::kCut) {
    const Place& place = values[Below(values.size())];
    return (kind == Tampering::kFlip ? FlipValue(place) : CutValue(place)) ? place.path : "";
  }
  if (kind == Tampering::kValues) {
    const Place& one = values[Below(values.size())];
    std::vector<const Place*> like;
    for (const Place& place : values) {
      if (place.field->name() == one.field->name()) like.push_back(&place);
    }
    const Place& two = *like[Below(like.size())];
    return Exchange(one, two) ? one.path : "";
  }
  const Place& list = lists[Below(lists.size())];
  if (kind != Tampering::kForeign) return InList(kind, list, nullptr) ? list.path : "";
  const std::unique_ptr<Message> source(other.New());
  source->CopyFrom(other);
  std::vector<Place> their_values, their_lists;
  Walk(source.get(), "", &their_values, &their_lists);
  their_lists.erase(std::remove_if(their_lists.begin(), their_lists.end(),
                                   [&](const Place& of) { return of.field != list.field; }),
                    their_lists.end());
  if (their_lists.empty()) return "";
  return InList(kind, list, &their_lists[Below(their_lists.size())]) ? list.path : "";
}

}  // namespace sotay::tests
