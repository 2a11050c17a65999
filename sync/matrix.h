// The table of rights: who, by what capacity, may do what with which kind of record, how far, and
// under what condition.  Read from text (server/access.rules is the one compiled in); the guard
// (guard.h) looks rights up in it.  Immutable once read; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/post.pb.h"
#include "sync/day.h"
#include "sync/schema.h"

namespace sotay::sync {

enum class Verb : uint8_t {
  kCreate,
  kRead,
  kEdit,
  kSubmit,
  kApprove,
  kNumbers,
  kDecide,
  kAssign,
  kSeal,
};
constexpr size_t kVerbs = 9;
constexpr size_t kCapacities = v1::Capacity_ARRAYSIZE;

// How far a line reaches from the unit of the post.
enum class Scope : uint8_t {
  kOwn,   // what the person began in the unit, or is assigned; of devices and reads, what is about
          // them
  kUnit,  // the unit
  kTree,  // the unit and all below
};

// Fields of work, a bit for each that the table declares.
using FieldSet = uint32_t;
constexpr size_t kFieldsOfWorkMax = 31;
constexpr FieldSet kEveryField = ~FieldSet{0};

// A kind of record, as lines name them.  Types that no line names are all of one kind.
using Kind = uint16_t;
constexpr Kind kOtherKind = 0;   // "other": record types that no line names
constexpr Kind kDeviceKind = 1;  // "device": last contacts and what is unsent
constexpr Kind kAuditKind = 2;   // "audit": who read what

// A line.
struct AccessLine {
  std::string name;
  v1::Capacity capacity = v1::CAPACITY_UNSPECIFIED;
  std::vector<Kind> kinds;
  std::vector<Verb> verbs;
  Scope scope = Scope::kUnit;
  bool in_field = false;   // only in a field of work of the post
  bool submitted = false;  // only from the submission on
  bool always = false;     // also of a dossier that is for others alone
};

// A field of work.
struct FieldOfWork {
  std::string code;
  std::string label_vi;
  std::string label_en;
};

// When a dossier that a type opens is hidden from its unit (hidden_dossiers.h).
struct HiddenUntil {
  uint32_t field = 0;           // the enum field that says so; 0: none does
  int32_t value = 0;            // by this value
  std::vector<uint32_t> names;  // fields that name who sees it
  std::vector<int32_t> begun;   // values of its state field from which on it is hidden no longer
};

// What the table says of a record type.
struct TypeInMatrix {
  Kind kind = kOtherKind;
  std::vector<int32_t> submitted;  // values of its state field from which on it was submitted
  // The enum field that says of what field of work a dossier with this root is; 0: none does.
  uint32_t field_number = 0;
  absl::flat_hash_map<int32_t, FieldSet> fields;
  // A dossier that one opens is for whom it is assigned to, from then on.
  bool assigned_only = false;
  HiddenUntil hidden;

  bool Submitted(int32_t state) const;
};

class Matrix {
 public:
  // Reads a table.  `file` is what errors call it.  kInvalidArgument, "FILE:LINE: what is wrong;
  // what is allowed", for anything that is not as server/access.rules explains, or that names
  // a record type, state or value `schema` does not have.
  static absl::StatusOr<std::shared_ptr<const Matrix>> Parse(absl::string_view text,
                                                             absl::string_view file,
                                                             const Schema& schema);

  // The lines for a capacity, kind and verb, in order.
  const std::vector<const AccessLine*>& LinesFor(v1::Capacity capacity, Kind kind,
                                                 Verb verb) const {
    return cells_[CellOf(capacity, kind, verb)];
  }
  // What it says of a type; of one it does not know, that it is of kind `other` and no more.
  const TypeInMatrix& TypeOf(absl::string_view type) const;
  // The set of these codes, or of all for "*"; those the table does not declare are left out.
  FieldSet FieldsOf(const google::protobuf::RepeatedPtrField<std::string>& codes) const;

  // Whether there are dossiers that are for some people alone from when they are opened on.
  bool opens_for_some() const { return opens_for_some_; }

  const std::string& version() const { return version_; }
  Day since() const { return since_; }
  const std::string& text() const { return text_; }
  const std::vector<std::unique_ptr<const AccessLine>>& lines() const { return lines_; }
  const std::vector<FieldOfWork>& fields_of_work() const { return fields_of_work_; }
  // Names of kinds, by number.
  const std::vector<std::string>& kinds() const { return kinds_; }

 private:
  friend class MatrixReader;
  Matrix() = default;
  size_t CellOf(v1::Capacity capacity, Kind kind, Verb verb) const {
    return (static_cast<size_t>(capacity) * kinds_.size() + kind) * kVerbs +
           static_cast<size_t>(verb);
  }

  std::string text_;
  std::string version_;
  Day since_ = 0;
  std::vector<FieldOfWork> fields_of_work_;
  std::vector<std::string> kinds_;
  std::vector<std::unique_ptr<const AccessLine>> lines_;
  std::vector<std::vector<const AccessLine*>> cells_;
  absl::flat_hash_map<std::string, TypeInMatrix> types_;  // by full name
  bool opens_for_some_ = false;
};

// As lines spell them: "KSV", "read", "tree".
const char* NameOf(v1::Capacity capacity);
const char* NameOf(Verb verb);
const char* NameOf(Scope scope);
// CAPACITY_UNSPECIFIED when no capacity is spelt so.
v1::Capacity CapacityNamed(absl::string_view name);

// The role the schema's write rules know a capacity by; ROLE_UNSPECIFIED: it writes nothing.
Role RoleOf(v1::Capacity capacity);

}  // namespace sotay::sync
