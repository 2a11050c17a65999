// A record while it is being merged: takes edits in any causal order and comes to the same
// value for the same set of edits (docs/merge.md, laws M1 to M9).  The server keeps one per
// record; a device lays its outbox on a copy.
//
//   shown record = server's record + own outbox, in order
//
// Value; not thread-safe while it changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sync/ids.h"
#include "sync/schema.h"
#include "sync/stamp.h"
#include "sync/version_vector.h"

namespace sotay::v1 {
class FieldOp;
class Record;
class RecordEdit;
}  // namespace sotay::v1

namespace sotay::sync {

// Who made a change and when, as far as merging and readers need it.
struct Author {
  ChangeId change;
  DeviceId device;
  uint64_t sequence = 0;
  Stamp stamp = 0;  // effective; on the device, before admission, the claimed one
  std::string user_id;
  int64_t claimed_ms = 0;
  uint32_t authority = 0;
  // Of one that was taken in: the device it was written on, as `device` is none (TakenInAs).
  absl::optional<DeviceId> written_on = {};

  const DeviceId& writer() const { return written_on.has_value() ? *written_on : device; }
  // Of a change that is taken in: under the device it has in histories.
  void StandApart() {
    written_on = device;
    device = TakenInAs(change);
    sequence = kTakenInSequence;
  }
};

// A value somebody wrote; `author` indexes MergedRecord::authors().
struct StandingReading {
  std::string value;  // wire fragment
  size_t author = 0;
  bool text = false;  // what TEXT operations have made; there is at most one in a field
};

// A sentence to be read again, in scalar values of the text.
struct SentenceAgain {
  uint32_t position = 0;
  uint32_t length = 0;
  std::vector<size_t> authors;
};

// What people disagree about in a text (docs/words.md).
struct TextDisputes {
  std::vector<std::vector<StandingReading>> spans;  // for each U+FFFC of the text, in order
  std::vector<SentenceAgain> again;
};

// A step of a STATE that its author asks for: it did not know of others' work (docs/merge.md, M13).
struct StepRequest {
  std::string value;  // wire fragment
  size_t author = 0;
  std::string reason;
  std::vector<size_t> unaware;  // whose newest work did not know of the step either, by user id
};

// What stands in one field, or under one key of a map field.
struct FieldSlot {
  std::vector<StandingReading> readings;         // in the order of the rule; see record.proto
  int64_t total = 0;                             // COUNTER
  Rule rule = options::v1::RULE_UNSPECIFIED;     // of a field no schema knew: FieldState.rule
  std::shared_ptr<const TextDisputes> disputes;  // of a text; null: none
  uint64_t typed = 0;                 // characters ever typed in a text, deleted ones included
  std::vector<StepRequest> requests;  // STATE: what stands aside, by change id

  // The text; null when there is none.
  const StandingReading* Text() const;
};

// (field number, map key).
using FieldPath = std::pair<uint32_t, std::string>;

// A text as its history gives it.
struct WrittenText {
  struct Reading {
    std::string text;
    Author author;
  };
  struct Again {
    uint32_t position = 0;
    uint32_t length = 0;
    std::vector<Author> authors;
  };

  std::string text;
  uint64_t typed = 0;
  Author newest;
  std::vector<std::vector<Reading>> spans;
  std::vector<Again> again;
};

// A state as its history gives it (state_history.h).
struct WrittenState {
  struct Step {
    std::string value;
    Author author;
  };
  struct Request {
    std::string value;
    Author author;
    std::string reason;
    std::vector<Author> unaware;
  };

  std::vector<Step> standing;
  std::vector<Request> requests;
};

class MergedRecord {
 public:
  // An empty record about to be created.  `type` may be null when no schema knows it; it
  // must outlive the record.
  MergedRecord(const RecordType* type, RecordId id, std::string type_name, std::string unit_id,
               RecordId dossier);

  // From stored or received bytes.  `schema` gives the type.  kDataLoss when malformed.
  static absl::StatusOr<MergedRecord> Parse(const Schema& schema, absl::string_view bytes);
  static absl::StatusOr<MergedRecord> FromProto(const Schema& schema, const v1::Record& record);

  // Takes an edit by `author` who had `seen` that much of the record.  `texts` holds the
  // whole text after each TEXT operation of the edit, in order.  An edit already in the
  // record changes nothing (law M1).  Nothing is checked here: see validate.h.
  //
  // Texts are merged by their history.  Where the edit has seen all there is in the record its
  // TEXT operations are applied; else they are left out, and SetText follows.  So are states whose
  // steps may yield: SetState follows where MayYield says so before.
  void Apply(const v1::RecordEdit& edit, const Author& author, const VersionVector& seen,
             const std::vector<std::string>& texts);

  // Whether a step may yield, or no longer be all that is asked for, because the edit's author had
  // not seen something.
  bool MayYield(const v1::RecordEdit& edit, const VersionVector& seen) const;

  // What the history of a text, or of a state, says of it (history.h).
  void SetText(const FieldPath& path, const WrittenText& text);
  void SetState(const FieldType& field, const WrittenState& state);

  // Sets a SERVER field on behalf of the server, attributed to the change it came with.
  void Assign(const v1::FieldOp& op, const Author& author);

  // The record as it is stored and sent; canonical (law M2).
  void ToProto(v1::Record* record) const;
  std::string Serialize() const;

  const RecordType* type() const { return type_; }
  const std::string& type_name() const { return type_name_; }
  const RecordId& id() const { return id_; }
  const RecordId& dossier() const { return dossier_; }
  const std::string& unit_id() const { return unit_id_; }
  const VersionVector& seen() const { return seen_; }
  // Ids of the changes no other has seen.
  std::vector<ChangeId> heads() const;
  // Greatest stamp of any standing change; 0 when there is none.
  Stamp newest_stamp() const;
  // Whether no edit was applied yet.
  bool empty() const { return !born_; }
  const Author& birth() const { return authors_[birth_]; }
  const Author& author(size_t index) const { return authors_[index]; }
  // Whether something stands that was written on the device, refused, and taken in.
  bool StandsTakenIn(const DeviceId& device) const;
  const std::map<FieldPath, FieldSlot>& fields() const { return fields_; }
  // Bytes of everything that stands, about: what kRecordBytesMax is held against.
  size_t bytes() const;
  // Null when the field was never written.
  const FieldSlot* Slot(uint32_t field, absl::string_view key = "") const;
  // The text shown in a TEXT field; empty when never written.
  absl::string_view ShownText(uint32_t field, absl::string_view key = "") const;
  // The enum number in force in a STATE field.
  int32_t StateInForce(uint32_t field) const;

 private:
  void ApplyOp(const v1::FieldOp& op, size_t author, const VersionVector& seen,
               const std::string* text);
  Rule RuleOf(const v1::FieldOp& op) const;
  bool Seen(size_t author, const VersionVector& seen) const;
  // Orders authors by (stamp, change id).
  bool Earlier(size_t a, size_t b) const;
  void Sort(Rule rule, const FieldType* field, FieldSlot* slot) const;
  void ApplyText(const v1::FieldOp& op, size_t author, const std::string& text, FieldSlot* slot);
  size_t AddAuthor(const Author& author);
  size_t FindOrAddAuthor(const Author& author);
  void MoveHeads(size_t author, const VersionVector& seen);

  const RecordType* type_;
  RecordId id_;
  std::string type_name_;
  std::string unit_id_;
  RecordId dossier_;
  bool born_ = false;
  size_t birth_ = 0;
  std::vector<Author> authors_;  // may hold ones nothing refers to any more
  std::vector<size_t> heads_;
  VersionVector seen_;
  std::map<FieldPath, FieldSlot> fields_;
};

}  // namespace sotay::sync
