#include "sync/guard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace sotay::sync {
namespace {

bool Has(const std::vector<std::string>& units, const std::string& unit) {
  return std::find(units.begin(), units.end(), unit) != units.end();
}

bool Reaches(const AccessLine& line, const Seat& seat, bool own) {
  switch (line.scope) {
    case Scope::kOwn:
      return seat.here && own;
    case Scope::kUnit:
      return seat.here;
    case Scope::kTree:
      return true;
  }
  return false;
}

Lack LackOf(const AccessLine& line, const Seat& seat, const Facts& facts) {
  if (!Reaches(line, seat, facts.own())) return Lack::kScope;
  if (facts.kept_back && !line.always) return Lack::kNamed;
  if (line.in_field && seat.fields != kEveryField && (seat.fields & facts.fields) == 0) {
    return Lack::kField;
  }
  if (line.submitted && !facts.submitted) return Lack::kSubmitted;
  return Lack::kNothing;
}

// Whether records of every kind can be read from a seat in their unit, of which nothing holds but
// `facts` and their kind: what is allowed then is allowed always.
bool ReadsEvery(const Matrix& matrix, const Seats& seats, Facts facts) {
  Seats here;
  std::copy_if(seats.begin(), seats.end(), std::back_inserter(here),
               [](const Seat& seat) { return seat.here; });
  for (size_t kind = 0; kind < matrix.kinds().size(); ++kind) {
    if (kind == kDeviceKind || kind == kAuditKind) continue;
    facts.kind = static_cast<Kind>(kind);
    if (!Decide(matrix, here, Verb::kRead, facts).allowed()) return false;
  }
  return true;
}

}  // namespace

Seats SeatsIn(const std::vector<HeldPost>& posts, const Standing& unit, Day day) {
  Seats seats;
  for (const HeldPost& post : posts) {
    if (!InTerm(day, post.from, post.to)) continue;
    const bool here = Has(unit.self, post.unit);
    if (here || Has(unit.above, post.unit)) seats.push_back({post.capacity, here, post.fields});
  }
  return seats;
}

Verdict Decide(const Matrix& matrix, const Seats& seats, Verb verb, const Facts& facts) {
  Verdict nearest;
  for (const Seat& seat : seats) {
    for (const AccessLine* line : matrix.LinesFor(seat.capacity, facts.kind, verb)) {
      const Lack lack = LackOf(*line, seat, facts);
      if (lack == Lack::kNothing) return {lack, line};
      // The later the check that failed, the nearer it came.
      if (nearest.line == nullptr || lack > nearest.lack) nearest = {lack, line};
    }
  }
  return nearest;
}

const AccessLine* ReadsSome(const Matrix& matrix, const Seats& seats) {
  for (const Seat& seat : seats) {
    for (size_t kind = 0; kind < matrix.kinds().size(); ++kind) {
      if (kind == kDeviceKind || kind == kAuditKind) continue;
      for (const AccessLine* line :
           matrix.LinesFor(seat.capacity, static_cast<Kind>(kind), Verb::kRead)) {
        if (Reaches(*line, seat, /*own=*/true)) return line;
      }
    }
  }
  return nullptr;
}

bool Counts(const Matrix& matrix, const Seats& seats) {
  for (size_t kind = 0; kind < matrix.kinds().size(); ++kind) {
    // At best: a line may be about some of them alone.
    Facts facts;
    facts.kind = static_cast<Kind>(kind);
    facts.submitted = facts.begun = facts.assigned = true;
    facts.fields = kEveryField;
    if (Decide(matrix, seats, Verb::kNumbers, facts).allowed()) return true;
  }
  return false;
}

bool ReadsAll(const Matrix& matrix, const Seats& seats) {
  return ReadsEvery(matrix, seats, Facts());
}

FieldSet ReachOfKeptBack(const Matrix& matrix, const Seats& seats) {
  Facts facts;
  facts.kept_back = true;
  if (ReadsEvery(matrix, seats, facts)) return kEveryField;
  FieldSet reach = 0;
  for (size_t i = 0; i < matrix.fields_of_work().size(); ++i) {
    facts.fields = FieldSet{1} << i;
    if (ReadsEvery(matrix, seats, facts)) reach |= facts.fields;
  }
  return reach;
}

Wants WantsToRead(const Matrix& matrix, const Seats& seats, Kind kind) {
  Wants wants;
  for (const Seat& seat : seats) {
    for (const AccessLine* line : matrix.LinesFor(seat.capacity, kind, Verb::kRead)) {
      wants.fields = wants.fields || line->in_field;
      wants.own = wants.own || line->scope == Scope::kOwn;
    }
  }
  return wants;
}

std::string Why(const Matrix& matrix, const Verdict& verdict, Verb verb, Kind kind) {
  if (verdict.line == nullptr) {
    return absl::StrCat("no rule lets the author's posts ", NameOf(verb), " a record of kind ",
                        matrix.kinds()[kind]);
  }
  const char* lacks = "";
  switch (verdict.lack) {
    case Lack::kNothing:
      lacks = "it allows this";
      break;
    case Lack::kRule:
    case Lack::kScope:
      lacks = "it does not reach this record";
      break;
    case Lack::kNamed:
      lacks = "the dossier is for named people, of whom the author is none";
      break;
    case Lack::kField:
      lacks = "the dossier is in none of the post's fields of work";
      break;
    case Lack::kSubmitted:
      lacks = "the record was not submitted";
      break;
  }
  return absl::StrCat("rule ", verdict.line->name, ": ", lacks);
}

}  // namespace sotay::sync
