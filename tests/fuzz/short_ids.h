// Short ids: in a script an id field may hold a single byte, which stands for a whole id made of
// it.  Ids of 16 and 32 bytes are beyond what a mutator repeats by chance; one byte is not.
#pragma once

#include "google/protobuf/message.h"

namespace sotay::fuzz {

// Widens every bytes field whose name is one of an id (record_id, dossier_id, device_id, salt,
// epoch: 16 bytes; change_id, previous, parents, head: 32), wherever in `message`, that holds
// exactly one byte.  Everything else stays as it is.
void WidenShortIds(google::protobuf::Message* message);

}  // namespace sotay::fuzz
