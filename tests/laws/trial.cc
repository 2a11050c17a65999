#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "tests/laws/cases.h"
#include "tests/laws/judges.h"
#include "tests/laws/oracle.h"

namespace sotay::laws {
namespace {

// Where the chances of a law's case begin: no two laws try the same pasts.
Chance ChanceOf(const Law& law, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001B3;  // FNV-1a
  uint64_t salt = 0xCBF29CE484222325;
  for (char c : absl::string_view(law.name)) salt = (salt ^ static_cast<uint8_t>(c)) * kPrime;
  return Chance(salt ^ seed);
}

// Whether `past` still breaks the law; the judge may need luck, so it is asked a few times.
std::string Broken(const Law& law, const Past& past, uint64_t seed, const ReplicaMaker& make) {
  if (past.edits.empty() || !Oracle(TypeOf(kNewest, past.type), past).fits()) return "";
  for (uint64_t attempt = 0; attempt < 8; ++attempt) {
    Chance chance = ChanceOf(law, seed + attempt);
    std::string what = law.judge(past, &chance, make);
    if (!what.empty()) return what;
  }
  return "";
}

// Whether one applied edit creates the record and all others have seen it, as admission sees to.
bool BornOnce(const Past& past) {
  const Oracle oracle(nullptr, past);
  return 1 == std::count_if(oracle.all().begin(), oracle.all().end(), [&](size_t i) {
           const Version& seen = oracle.SeenBy(i);
           return std::none_of(seen.begin(), seen.end(),
                               [&](size_t j) { return past.edits[j].applied; });
         });
}

// Past without one operation.
Past WithoutOp(const Past& past, size_t edit, int op) {
  Past smaller = past;
  smaller.edits[edit].edit.mutable_ops()->DeleteSubrange(op, 1);
  return smaller;
}

// Takes one thing away, if the law is broken without it.
bool ShrinkOnce(const Law& law, const ReplicaMaker& make, Violation* violation) {
  const auto accept = [&](Past smaller) {
    if (!BornOnce(smaller)) return false;  // that would be another story
    std::string what = Broken(law, smaller, violation->seed, make);
    if (what.empty()) return false;
    violation->past = std::move(smaller);
    violation->what = std::move(what);
    return true;
  };
  for (size_t i = violation->past.edits.size(); i > 0; --i) {
    if (accept(Without(violation->past, i - 1))) return true;
  }
  for (size_t i = 0; i < violation->past.edits.size(); ++i) {
    for (int op = 0; op < violation->past.edits[i].edit.ops_size(); ++op) {
      if (accept(WithoutOp(violation->past, i, op))) return true;
    }
    if (!violation->past.edits[i].assigned.empty()) {
      Past smaller = violation->past;
      smaller.edits[i].assigned.clear();
      if (accept(std::move(smaller))) return true;
    }
  }
  return false;
}

}  // namespace

absl::optional<Violation> Try(const Law& law, uint64_t first, size_t cases,
                              const ReplicaMaker& make, size_t* tried) {
  for (uint64_t seed = first; seed < first + cases; ++seed) {
    Chance chance = ChanceOf(law, seed);
    const Past past = MakePast(law.wishes, &chance);
    ++*tried;
    std::string what = law.judge(past, &chance, make);
    if (what.empty()) continue;
    Violation violation = {seed, std::move(what), past};
    while (ShrinkOnce(law, make, &violation)) {
    }
    return violation;
  }
  return absl::nullopt;
}

std::string Tell(const Law& law, const Violation& violation) {
  return absl::StrCat(law.name, " is broken, ", HowToRepeat(violation.seed), "\n",
                      Describe(violation.past), violation.what);
}

}  // namespace sotay::laws
