// Journals as an office would have them that does one thing wrong with signatures: planted faults,
// for whoever holds journals to the laws S1 to S4.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/support/paper_world.h"

namespace sotay::laws {

using Journal = std::vector<tests::PaperOffice::Line>;

// Whether there was an occasion for it.
using Fault = bool (*)(Journal* journal);

// A line that was set aside, as if it had been applied where it came.
inline void Apply(Journal* journal, Journal::iterator line) {
  const uint64_t position = line->after_position + 1;
  line->admission.set_position(position);
  line->admission.set_stamp(journal->front().admission.stamp() + 1);
  line->admission.set_user_id(line->set_aside.user_id());
  line->set_aside.Clear();
  for (auto later = line + 1; later != journal->end(); ++later) {
    if (later->admission.position() != 0) {
      later->admission.set_position(later->admission.position() + 1);
    }
    ++later->after_position;
  }
}

inline Journal::iterator FirstRefused(Journal* journal, v1::Reason reason) {
  return std::find_if(journal->begin(), journal->end(),
                      [&](const auto& one) { return one.set_aside.reason() == reason; });
}

inline bool AppliesFirst(Journal* journal, v1::Reason reason) {
  const auto line = FirstRefused(journal, reason);
  if (line == journal->end()) return false;
  Apply(journal, line);
  return true;
}

inline bool TakesAStaleSignature(Journal* journal) {
  return AppliesFirst(journal, v1::REASON_SIGNATURE_STALE);
}

inline bool LetsAnAmendmentIn(Journal* journal) {
  return AppliesFirst(journal, v1::REASON_LATE_AMENDMENT);
}

// What was taken in stands where its author wrote it, and so in versions that were signed before.
inline bool TakesInWhereItWasWritten(Journal* journal) {
  bool any = false;
  for (auto late = journal->begin(); late != journal->end(); ++late) {
    if (!late->admission.has_taken_in()) continue;
    const auto refused = std::find_if(journal->begin(), journal->end(), [&](const auto& one) {
      return one.id == late->id && one.admission.position() == 0;
    });
    if (refused == journal->end()) continue;
    any = true;
    late->admission.clear_taken_in();
    std::iter_swap(refused, late);
  }
  return any;
}

inline bool LosesWhatItRefuses(Journal* journal) {
  const auto line = FirstRefused(journal, v1::REASON_LATE_AMENDMENT);
  if (line == journal->end()) return false;
  journal->erase(line);
  return true;
}

// A signature that was refused is taken in at the end.
inline bool TakesASignatureIn(Journal* journal) {
  const auto line = FirstRefused(journal, v1::REASON_SIGNATURE_STALE);
  if (line == journal->end()) return false;
  tests::PaperOffice::Line taken = *line;
  uint64_t newest = 0;
  for (const auto& one : *journal) newest = std::max(newest, one.admission.position());
  taken.admission.set_position(newest + 1);
  taken.admission.mutable_taken_in()->set_user_id("ngu");
  taken.set_aside.Clear();
  journal->push_back(taken);
  return true;
}

}  // namespace sotay::laws
