// Steps of a state that were taken apart from what others did, neither knowing of the other: a note
// that was signed while somebody wrote on in it, or withdrawn, or about which two decided.  Pure;
// any thread.
#pragma once

#include <string>
#include <vector>

#include "sync/merged_record.h"

namespace sotay::sync {

// Who else changed the record last, without knowing of the step its state stands on, which does not
// know of them either; by change id.  Empty once anybody has written in the record who knew of
// both, and while the type has no state or nobody has moved it.
std::vector<Author> ApartFromState(const MergedRecord& record);

// A step that waits for somebody to decide (docs/merge.md, law M13), and about which one can still:
// one to which no step leads from the state in force was overtaken.  Points into the record.
struct Request {
  uint32_t number = 0;               // of the field
  const FieldType* field = nullptr;  // null: this build does not know it as a state
  const StepRequest* step = nullptr;
};
// All of them, in order of field and change id.
std::vector<Request> RequestsIn(const MergedRecord& record);

// Names of the states that are asked for, each once; its number of one this build does not know.
std::vector<std::string> RequestedStates(const MergedRecord& record);

// A step that did not know of the one in force, which leads elsewhere and holds by its author's
// authority or its caution; or that is asked for and to which nothing leads from there.  Points
// into the record.
struct Overtaken {
  const FieldType* field = nullptr;
  const std::string* value = nullptr;  // wire fragment
  size_t author = 0;
  const StandingReading* in_force = nullptr;
};
// All of them, until somebody steps on who has seen both, and decides about what is asked for.
std::vector<Overtaken> OvertakenIn(const MergedRecord& record);

}  // namespace sotay::sync
