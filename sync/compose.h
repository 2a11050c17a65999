// Compose makes what a person asks for permanent: edit + record as shown → change + record
// as shown next.  First door of the phone: notebook.cc loads, this decides, store.cc
// commits.  Pure; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sotay/v1/change.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/validate.h"

namespace sotay::sync {

// One wish for one field.
struct FieldEdit {
  // What is in `op` is taken as it stands.  A TEXT wish may instead give the whole new text, from
  // which the splices are made (a span left standing is one U+FFFC, docs/words.md); or splices of
  // the text as the wishes before it leave it.
  v1::FieldOp op;
  absl::optional<std::string> whole_text;
  std::vector<v1::TextSplice> splices = {};
};

// A wish for one record.
struct RecordWish {
  RecordId id;
  std::string type;  // full name
  std::vector<FieldEdit> fields;
};

struct ComposeInput {
  const Schema* schema = nullptr;
  DeviceId device;
  std::string user_id;
  std::set<Role> roles;    // of the user in the unit
  uint32_t authority = 0;  // the same; 0: what the roles give
  uint64_t sequence = 0;
  std::string previous;  // 32 bytes, or empty at sequence 1
  Stamp stamp = 0;
  int64_t claimed_ms = 0;
  std::string salt;  // 16 random bytes
  std::string unit_id;
  RecordId dossier;
  std::string reason;
  std::vector<RecordWish> wishes;
  // Every record of `wishes` that exists, as shown.
  std::map<RecordId, MergedRecord> shown;
  // The root of the dossier as shown, where it is not among these; null: it is made here, or is not
  // on this device.
  const MergedRecord* root = nullptr;
  // SHA-256 with sotay's tag (sync/seal/digest.h, HashChange).
  ChangeId (*hash)(absl::string_view change_bytes) = nullptr;
};

struct Composed {
  std::string bytes;  // the change, final
  v1::Change change;  // the same, parsed
  ChangeId id;
  std::vector<stored::v1::EditContext> contexts;  // one per edit
  std::map<RecordId, MergedRecord> shown;         // the records after it
};

// Fails with kFailedPrecondition when a rule forbids the wish, kPermissionDenied when the
// role does, kInvalidArgument when a value is malformed, kResourceExhausted over a limit;
// the message names the field.  Then nothing happened.
absl::StatusOr<Composed> Compose(const ComposeInput& input);

// The status that tells a person of a refusal.
absl::Status ToStatus(const Refusal& refusal);

// Lays one of the device's own changes on a record, in the place it was made.  Nothing
// happens when the record has it already.  False when it edits a text that is not the one it was
// made on, which is then left as it was, or when a step of a state may yield (MayYield).
bool LayOn(const v1::Change& change, const ChangeId& id, const Author& author,
           const std::vector<stored::v1::EditContext>& contexts, MergedRecord* record);

}  // namespace sotay::sync
