// Assignments: records that give somebody the dossier they are in, or something to do there
// (sotay/options/v1/assigning.proto).  What they are, and whose a dossier is by them:
//
//   assigned = whoever opened it, then each assignment that decides, in the order in which the
//              server took them: it takes the place of the one it names, and of an older one that
//              gives the same person the same role
//
// So whose it is does not depend on clocks, nor on anything but those records.  What is said of the
// dossier by an assignment is assignment_acts.h.  Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"
#include "sync/validate.h"

namespace sotay::sync {

// Which fields of a type say what, by number, and which values of its state; see assigning.proto.
struct Assigning {
  uint32_t parent = 0;
  uint32_t assignee = 0;
  uint32_t role = 0;
  uint32_t supersedes = 0;
  uint32_t decides = 0;
  uint32_t state = 0;
  std::set<int32_t> answers;
  std::set<int32_t> reasoned;
  std::set<int32_t> ends;
  std::set<uint32_t> reports;
};

// What `type` declares; null when nothing.  Fails with kInvalidArgument, naming the field, when the
// declaration breaks assigning.proto.
absl::StatusOr<std::shared_ptr<const Assigning>> ReadAssigning(const RecordType& type);

// What an assignment says.
struct Assignment {
  RecordId parent;
  std::string user_id;
  int32_t role = 0;
  absl::optional<RecordId> supersedes;
  bool decides = false;
  bool ended = false;
};

// What the edit that makes an assignment says, `decides` aside, which it cannot say; nothing when
// it is not well formed, or `type` does not assign.
absl::optional<Assignment> AssignmentIn(const RecordType& type, const v1::RecordEdit& edit);
// What the record says, as it stands.
absl::optional<Assignment> AssignmentOf(const MergedRecord& record);

// To whom a dossier is assigned.
using Assigned = std::vector<v1::AssignedPerson>;

// When it was opened.
Assigned AssignedAtOpening(const RecordId& root, const std::string& opened_by);
// After an assignment that decides, by its id.
void Assign(const RecordId& id, const Assignment& assignment, Assigned* assigned);
// After the state of one of them became another.
void NoteEnded(const RecordId& id, bool ended, Assigned* assigned);
bool IsAssigned(const Assigned& assigned, absl::string_view user);

// An assignment with its id.
struct PlacedAssignment {
  RecordId id;
  Assignment assignment;
};
// All that follows from a dossier's assignments, in the order in which the server took them.
Assigned AssignedBy(const RecordId& root, const std::string& opened_by,
                    const std::vector<PlacedAssignment>& assignments);

// Whether `edit` writes what was left open when the assignment was made, answers or reports for
// somebody else, or answers without the reason it takes.
// `base`: the record as its author `user` saw it.  Asked on the device and on the server.
absl::optional<Refusal> CheckAnswers(const RecordType& type, const v1::RecordEdit& edit,
                                     const MergedRecord& base, absl::string_view user,
                                     absl::string_view reason);

}  // namespace sotay::sync
