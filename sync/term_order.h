// Which entries of a term count, and in what order they take effect.  Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sync/deadline.h"

namespace sotay::sync {

// Entries, by where they stand in the log.
using Indexes = std::vector<size_t>;

// Who had what before them: [a][b], whether the author of a had b.
using Knowledge = std::vector<std::vector<bool>>;
Knowledge KnowledgeIn(const std::vector<TermEvent>& events);

// Whether two entries say the same of the term, whoever entered them and in place of whatever: one
// document entered twice is one.
bool SayTheSame(const TermEvent& a, const TermEvent& b);

// What stands in another's place, of some of the entries.
//
//   A <- B <- C    C stands in the place of A as well as of B.  Only what strikes B out brings A
//                  back, and not where C stands in that place.
class Corrections {
 public:
  Corrections(const std::vector<TermEvent>& events, const Knowledge& saw, const Indexes& known);

  // Whether nothing stands in its place, and nothing strikes it out.
  bool Counts(size_t index);

 private:
  enum class Answer : uint8_t { kUnasked, kAsked, kYes, kNo };
  // Whether what it corrects does not count because of it, or of what stands in its own place.
  bool KeepsOut(size_t index);
  bool StruckOut(size_t index);

  const std::vector<TermEvent>& events_;
  std::vector<Indexes> corrected_by_;  // by entries that can be read and whose author saw it
  std::vector<Answer> counts_, keeps_out_, struck_out_;
};

// Of each entry, the one in whose place it stands in the end; itself where it corrects nothing.
Indexes PlacesOf(const std::vector<TermEvent>& events, const Knowledge& saw);

// The entries in the order in which they take effect, of those that say the same only one: by the
// days of their documents; of one day by their hours where both are said, else who saw whom, else
// their kind.  What stands in another's place was as if entered with that.
Indexes InEffect(const std::vector<TermEvent>& events, const Knowledge& saw, const Indexes& places,
                 const Indexes& entries);

}  // namespace sotay::sync
