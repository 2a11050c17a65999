// What a message says beside its own fields: those of another message, with numbers of their own,
// in the same bytes.  Builds of before keep or skip it.  Pure; any thread.
#pragma once

#include <string>

#include "google/protobuf/unknown_field_set.h"

namespace sotay::sync {

// Says nothing when there is nothing, or it cannot be read.  To set it, merge its bytes into the
// message.
template <typename Beside, typename Message>
Beside ReadBeside(const Message& message) {
  Beside beside;
  const google::protobuf::UnknownFieldSet& unknown =
      message.GetReflection()->GetUnknownFields(message);
  std::string bytes;
  if (unknown.empty() || !unknown.SerializeToString(&bytes) || !beside.ParseFromString(bytes)) {
    return Beside();
  }
  return beside;
}

}  // namespace sotay::sync
