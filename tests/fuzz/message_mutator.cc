#include "tests/fuzz/message_mutator.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "sync/text.h"

// libFuzzer's own mutation of bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

namespace sotay::fuzz {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr int kBlindlyOneIn = 50;
constexpr int kMutationsMax = 4;
constexpr size_t kGrowthMax = 64;  // of one bytes field in one mutation

// One field of one message within the input, set or not.
struct Site {
  pb::Message* message;
  const Field* field;
};

class Mutator {
 public:
  Mutator(pb::Message* root, unsigned seed) : root_(root), chance_(seed) {}

  bool OneIn(int n) { return Below(static_cast<size_t>(n)) == 0; }
  size_t Below(size_t n) { return static_cast<size_t>(chance_() % n); }

  void Mutate() {
    sites_.clear();
    Collect(root_);
    if (sites_.empty()) return;
    // A site with something in it is worth more than an empty one: try twice for one.
    Site site = sites_[Below(sites_.size())];
    if (Count(site) == 0) site = sites_[Below(sites_.size())];
    Change(site);
  }

 private:
  void Collect(pb::Message* message) {
    const pb::Reflection& reflection = *message->GetReflection();
    std::vector<const Field*> set;
    reflection.ListFields(*message, &set);
    for (const Field* field : set) {
      // Extensions have no place in the descriptor's own list below.
      if (field->is_extension()) sites_.push_back({message, field});
      if (field->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
      for (int i = 0; i < Count({message, field}); ++i) {
        Collect(field->is_repeated() ? reflection.MutableRepeatedMessage(message, field, i)
                                     : reflection.MutableMessage(message, field));
      }
    }
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      sites_.push_back({message, message->GetDescriptor()->field(i)});
    }
  }

  static int Count(const Site& site) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    if (site.field->is_repeated()) return reflection.FieldSize(*site.message, site.field);
    return reflection.HasField(*site.message, site.field) ? 1 : 0;
  }

  void Change(const Site& site) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    const int count = Count(site);
    if (site.field->is_repeated()) {
      if (count > 1 && OneIn(6)) {
        reflection.SwapElements(site.message, site.field, Index(count), Index(count));
        return;
      }
      if (count > 0 && OneIn(5)) {
        reflection.SwapElements(site.message, site.field, Index(count), count - 1);
        reflection.RemoveLast(site.message, site.field);
        return;
      }
      if (count == 0 || OneIn(2)) {
        Append(site);
        return;
      }
      Set(site, Index(count));
      return;
    }
    if (count > 0 && OneIn(8)) {
      reflection.ClearField(site.message, site.field);
      return;
    }
    Set(site, -1);
  }

  int Index(int count) { return static_cast<int>(Below(static_cast<size_t>(count))); }

  void Append(const Site& site) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    switch (site.field->cpp_type()) {
      case Field::CPPTYPE_MESSAGE:
        reflection.AddMessage(site.message, site.field);
        break;
      case Field::CPPTYPE_STRING:
        reflection.AddString(site.message, site.field, "");
        break;
      case Field::CPPTYPE_ENUM:
        reflection.AddEnumValue(site.message, site.field, 0);
        break;
      case Field::CPPTYPE_UINT32:
        reflection.AddUInt32(site.message, site.field, 0);
        break;
      case Field::CPPTYPE_INT32:
        reflection.AddInt32(site.message, site.field, 0);
        break;
      default:
        return;  // no script has another repeated kind
    }
    Set(site, Count(site) - 1);
  }

  // A value of the same kind that stands elsewhere in the input; null when there is none.
  const Site* Elsewhere(const Field& field) {
    for (int tries = 0; tries < 16; ++tries) {
      const Site& other = sites_[Below(sites_.size())];
      if (other.field->type() == field.type() &&
          other.field->message_type() == field.message_type() && Count(other) > 0) {
        return &other;
      }
    }
    return nullptr;
  }

  void Set(const Site& site, int index) {
    switch (site.field->cpp_type()) {
      case Field::CPPTYPE_MESSAGE:
        SetMessage(site, index);
        break;
      case Field::CPPTYPE_STRING:
        SetString(site, index);
        break;
      case Field::CPPTYPE_FLOAT:
      case Field::CPPTYPE_DOUBLE:
        break;
      default:
        SetNumber(site, index);
        break;
    }
  }

  void SetMessage(const Site& site, int index) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    // A copy first: the other place may be within this one.
    std::string bytes;
    if (const Site* other = Elsewhere(*site.field)) {
      const pb::Reflection& from = *other->message->GetReflection();
      const pb::Message& value =
          other->field->is_repeated()
              ? from.GetRepeatedMessage(*other->message, other->field, Index(Count(*other)))
              : from.GetMessage(*other->message, other->field);
      bytes = value.SerializePartialAsString();
    }
    pb::Message* target = index >= 0
                              ? reflection.MutableRepeatedMessage(site.message, site.field, index)
                              : reflection.MutableMessage(site.message, site.field);
    target->ParsePartialFromString(bytes);
  }

  std::string StringAt(const Site& site, int index) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    return index >= 0 ? reflection.GetRepeatedString(*site.message, site.field, index)
                      : reflection.GetString(*site.message, site.field);
  }

  void SetString(const Site& site, int index) {
    const pb::Reflection& reflection = *site.message->GetReflection();
    std::string value = StringAt(site, index);
    const Site* other = OneIn(4) ? Elsewhere(*site.field) : nullptr;
    if (other != nullptr) {
      value = StringAt(*other, other->field->is_repeated() ? Index(Count(*other)) : -1);
    } else if (OneIn(8)) {
      value.assign(1, static_cast<char>(Below(8)));  // a short id
    } else {
      const size_t size = value.size();
      value.resize(size + kGrowthMax);
      value.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(&value[0]), size, value.size()));
    }
    // Text that is none would make the whole input none.
    if (site.field->type() == Field::TYPE_STRING) value.resize(sync::Utf8Prefix(value));
    index >= 0 ? reflection.SetRepeatedString(site.message, site.field, index, std::move(value))
               : reflection.SetString(site.message, site.field, std::move(value));
  }

  uint64_t Number(uint64_t now) {
    switch (Below(6)) {
      case 0:
        return Below(8);
      case 1:
        return now + Below(5) - 2;
      case 2:
        return std::numeric_limits<uint64_t>::max() - Below(2);
      case 3:
        return (uint64_t{1} << Below(64)) - Below(2);
      default:
        LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(&now), sizeof(now), sizeof(now));
        return now;
    }
  }

  void SetNumber(const Site& site, int index) {
    pb::Message* message = site.message;
    const Field* field = site.field;
    const pb::Reflection& r = *message->GetReflection();
    const bool many = index >= 0;
    switch (field->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        if (!many) r.SetBool(message, field, !r.GetBool(*message, field));
        break;
      case Field::CPPTYPE_ENUM: {
        // By place in the list as well, since the numbers of a large list are rare.
        const pb::EnumDescriptor& values = *field->enum_type();
        int number = values.value(Index(values.value_count()))->number();
        if (OneIn(8) && !field->is_extension() &&
            field->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3) {
          number = static_cast<int>(Number(0));
        }
        many ? r.SetRepeatedEnumValue(message, field, index, number)
             : r.SetEnumValue(message, field, number);
        break;
      }
      case Field::CPPTYPE_UINT32: {
        const auto value = static_cast<uint32_t>(Number(
            many ? r.GetRepeatedUInt32(*message, field, index) : r.GetUInt32(*message, field)));
        many ? r.SetRepeatedUInt32(message, field, index, value)
             : r.SetUInt32(message, field, value);
        break;
      }
      case Field::CPPTYPE_INT32: {
        const auto value = static_cast<int32_t>(Number(static_cast<uint64_t>(
            many ? r.GetRepeatedInt32(*message, field, index) : r.GetInt32(*message, field))));
        many ? r.SetRepeatedInt32(message, field, index, value) : r.SetInt32(message, field, value);
        break;
      }
      case Field::CPPTYPE_UINT64:
        if (!many) r.SetUInt64(message, field, Number(r.GetUInt64(*message, field)));
        break;
      case Field::CPPTYPE_INT64:
        if (!many) {
          const auto now = static_cast<uint64_t>(r.GetInt64(*message, field));
          r.SetInt64(message, field, static_cast<int64_t>(Number(now)));
        }
        break;
      default:
        break;
    }
  }

  pb::Message* root_;
  std::minstd_rand chance_;
  std::vector<Site> sites_;
};

}  // namespace

size_t MutateMessage(pb::Message* scratch, uint8_t* data, size_t size, size_t size_max,
                     unsigned seed) {
  Mutator mutator(scratch, seed + 1);
  if (mutator.OneIn(kBlindlyOneIn) ||
      !scratch->ParsePartialFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, size_max);
  }
  for (size_t left = 1 + mutator.Below(kMutationsMax); left > 0; --left) mutator.Mutate();
  const std::string bytes = scratch->SerializePartialAsString();
  if (bytes.size() > size_max) return LLVMFuzzerMutate(data, size, size_max);
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace sotay::fuzz
