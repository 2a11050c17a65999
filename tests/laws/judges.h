// One judge for each law of docs/merge.md that speaks of merging.  A judge plays a past to
// replicas of a given making and says in a sentence how the law is broken, or nothing.  The
// same judges hold the product to the laws and planted faults to be found.  Where the maker asks
// for it, the record of a judge that finds nothing is held against the oracle's as well:
// ByDefinition. Any thread.
#pragma once

#include <string>

#include "tests/laws/chance.h"
#include "tests/laws/oracle.h"
#include "tests/laws/past.h"
#include "tests/laws/past_maker.h"
#include "tests/laws/replica.h"

namespace sotay::laws {

using Judge = std::string (*)(const Past& past, Chance* chance, const ReplicaMaker& make);

// How `record`, which is of all of the past, is another than the oracle's; nothing where the maker
// does not ask.
std::string ByDefinition(const Oracle& oracle, const v1::Record& record, const ReplicaMaker& make);

std::string JudgeM1(const Past& past, Chance* chance, const ReplicaMaker& make);
// One random order of arrival, with duplicates and restarts, against the oracle.
std::string JudgeM2(const Past& past, Chance* chance, const ReplicaMaker& make);
// The record as it was for the author of each edit, against the oracle.
std::string JudgeM2Versions(const Past& past, Chance* chance, const ReplicaMaker& make);
// Two orders of arrival against each other; for pasts the oracle has no definition for.
std::string JudgeM2Orders(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM3(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM4(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM5(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM6(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM7(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM8(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM10(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM11(const Past& past, Chance* chance, const ReplicaMaker& make);
std::string JudgeM13(const Past& past, Chance* chance, const ReplicaMaker& make);

// A law as it is tried.
struct Law {
  const char* name;
  Judge judge;
  PastWishes wishes;
};

// A broken law: where, and the smallest past that was found to break it.
struct Violation {
  uint64_t seed = 0;
  std::string what;
  Past past;
};

// Tries `law` on `cases` random pasts, from seed `first`; stops at the first violation, makes it
// smaller and gives it back.  `tried` counts the pasts.
absl::optional<Violation> Try(const Law& law, uint64_t first, size_t cases,
                              const ReplicaMaker& make, size_t* tried);

// What to print of it.
std::string Tell(const Law& law, const Violation& violation);

}  // namespace sotay::laws
