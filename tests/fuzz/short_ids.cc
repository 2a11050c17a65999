#include "tests/fuzz/short_ids.h"

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace sotay::fuzz {
namespace {

namespace pb = google::protobuf;

// Bytes of the id a field of that name holds; 0: none.
size_t IdBytes(const std::string& name) {
  if (name == "record_id" || name == "dossier_id" || name == "device_id" || name == "salt" ||
      name == "epoch") {
    return 16;
  }
  if (name == "change_id" || name == "previous" || name == "parents" || name == "head") return 32;
  return 0;
}

}  // namespace

void WidenShortIds(pb::Message* message) {
  const pb::Reflection& reflection = *message->GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(*message, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 1;
    const size_t size =
        field->type() == pb::FieldDescriptor::TYPE_BYTES ? IdBytes(field->name()) : 0;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
        WidenShortIds(field->is_repeated() ? reflection.MutableRepeatedMessage(message, field, i)
                                           : reflection.MutableMessage(message, field));
      } else if (size != 0) {
        std::string id = field->is_repeated() ? reflection.GetRepeatedString(*message, field, i)
                                              : reflection.GetString(*message, field);
        if (id.size() != 1) continue;
        id.resize(size, '.');
        field->is_repeated() ? reflection.SetRepeatedString(message, field, i, std::move(id))
                             : reflection.SetString(message, field, std::move(id));
      }
    }
  }
}

}  // namespace sotay::fuzz
