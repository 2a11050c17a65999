#include "sync/rights.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "sync/fragment.h"
#include "sync/yielding.h"

namespace sotay::sync {
namespace {

// Verbs of which any one will do, a bit each.
using Verbs = uint32_t;

constexpr Verbs Bit(Verb verb) { return Verbs{1} << static_cast<uint32_t>(verb); }

bool Has(const std::set<Role>& roles, Role role) { return roles.count(role) != 0; }

// What writing to a field is to those who write it.
Verbs VerbsOf(const std::set<Role>& writers) {
  Verbs verbs = 0;
  if (Has(writers, options::v1::ROLE_PROSECUTOR)) verbs |= Bit(Verb::kEdit);
  if (Has(writers, options::v1::ROLE_SUPERVISOR)) verbs |= Bit(Verb::kApprove);
  return verbs;
}

Verbs VerbsOfStep(const RecordType& type, const TypeInMatrix& known, const FieldType& field,
                  const v1::FieldOp& op, const MergedRecord& base) {
  const int32_t from = base.StateInForce(field.number);
  const auto to = static_cast<int32_t>(VarintOf(op.set()).value_or(0));
  const absl::optional<LawfulStep> step = StepFrom(field, base, to);
  const bool anybody = !step.has_value() || step->roles.empty();
  Verbs verbs = VerbsOf(anybody ? field.writers : step->roles);
  // A prosecutor's step that submits is no mere edit.
  if (&field == type.state && (verbs & Bit(Verb::kEdit)) != 0 && known.Submitted(to) &&
      !known.Submitted(from)) {
    verbs = (verbs & ~Bit(Verb::kEdit)) | Bit(Verb::kSubmit);
  }
  return verbs;
}

// What the edit asks for: of each entry one verb must be allowed.
absl::InlinedVector<Verbs, 4> Asked(const RecordType& type, const TypeInMatrix& known,
                                    const v1::RecordEdit& edit, const MergedRecord& base) {
  absl::InlinedVector<Verbs, 4> asked;
  const auto ask = [&asked](Verbs verbs) {
    for (const Verbs already : asked) {
      if (already == verbs) return;
    }
    asked.push_back(verbs);
  };
  if (base.empty()) ask(Bit(Verb::kCreate));
  for (const v1::FieldOp& op : edit.ops()) {
    const FieldType* const field = type.Field(op.field());
    // Of a field no schema knows nobody says who writes it.
    Verbs verbs = Bit(Verb::kEdit);
    if (field != nullptr) {
      verbs = field->rule == options::v1::RULE_STATE ? VerbsOfStep(type, known, *field, op, base)
                                                     : VerbsOf(field->writers);
    }
    // Who creates a record fills in what those write who edit it, and no more.
    if (!base.empty() || (verbs & Bit(Verb::kEdit)) == 0) ask(verbs);
  }
  return asked;
}

void AddOnce(const AccessLine* line, std::vector<const AccessLine*>* lines) {
  if (std::find(lines->begin(), lines->end(), line) == lines->end()) lines->push_back(line);
}

const Seats& SeatsOf(const Rights& rights, const std::string& unit) {
  static const Seats* const kNowhere = new Seats();
  const auto at = rights.seats.find(unit);
  return at == rights.seats.end() ? *kNowhere : at->second;
}

// What else is asked for while rights are checked; each null: it is not.
struct Also {
  // Whether anything submits; then to edit is enough for that.
  bool* submits = nullptr;
  // By which lines it is allowed, each once.
  std::vector<const AccessLine*>* lines = nullptr;
};

// As CheckRights.
absl::optional<Refusal> CheckRightsAnd(const Also& also, const Rights& rights,
                                       const std::string& unit, const Schema& schema,
                                       const v1::RecordEdit& edit, const MergedRecord& base,
                                       bool kept_back,
                                       absl::FunctionRef<DossierFacts()> of_dossier) {
  const RecordType* const type = schema.Find(edit.type());
  const Matrix& matrix = *rights.matrix;
  const TypeInMatrix& known = matrix.TypeOf(type->name);
  const Seats& seats = SeatsOf(rights, unit);
  Facts facts;
  facts.kind = known.kind;
  facts.kept_back = kept_back;
  bool whole = false;  // whether `facts` say all there is to say
  for (Verbs verbs : Asked(*type, known, edit, base)) {
    if (also.submits != nullptr && (verbs & Bit(Verb::kSubmit)) != 0) {
      *also.submits = true;
      verbs |= Bit(Verb::kEdit);
    }
    Verdict nearest;
    Verb of_nearest = Verb::kEdit;
    const auto allowed = [&] {
      for (size_t i = 0; i < kVerbs; ++i) {
        const auto verb = static_cast<Verb>(i);
        if ((verbs & Bit(verb)) == 0) continue;
        const Verdict verdict = Decide(matrix, seats, verb, facts);
        if (verdict.allowed()) {
          if (also.lines != nullptr) AddOnce(verdict.line, also.lines);
          return true;
        }
        if (nearest.line == nullptr || verdict.lack > nearest.lack) {
          nearest = verdict;
          of_nearest = verb;
        }
      }
      return false;
    };
    if (allowed()) continue;
    if (!whole && nearest.line != nullptr) {
      // A line is about it: now what costs a look matters.
      whole = true;
      facts.begun = !base.empty() && base.birth().user_id == rights.user_id;
      facts.submitted = !base.empty() && type->state != nullptr &&
                        known.Submitted(base.StateInForce(type->state->number));
      const DossierFacts dossier = of_dossier();
      facts.fields = dossier.fields;
      facts.assigned = dossier.assigned;
      nearest = Verdict();
      if (allowed()) continue;
    }
    return Refusal{v1::REASON_WRITER_MAY_NOT, Why(matrix, nearest, of_nearest, known.kind)};
  }
  return absl::nullopt;
}

// On disk: never renumbered.  Those of heads and prosecutors are what AuthorityOf gives the roles.
uint32_t AuthorityOf(v1::Capacity capacity) {
  switch (capacity) {
    case v1::CAPACITY_HEAD:
      return 40;
    case v1::CAPACITY_DEP:
      return 35;
    case v1::CAPACITY_DIV:
      return 30;
    case v1::CAPACITY_KSV:
      return 10;
    case v1::CAPACITY_KTV:
      return 5;
    default:
      return 0;
  }
}

}  // namespace

uint32_t AuthorityIn(const Rights& rights, const std::string& unit) {
  uint32_t authority = 0;
  for (const Seat& seat : SeatsOf(rights, unit)) {
    if (seat.here) authority = std::max(authority, AuthorityOf(seat.capacity));
  }
  return authority;
}

FieldSet FieldsOfDossier(const Matrix& matrix, const MergedRecord& root) {
  const TypeInMatrix& known = matrix.TypeOf(root.type_name());
  if (known.field_number == 0) return 0;
  const FieldSlot* const slot = root.Slot(known.field_number);
  if (slot == nullptr) return 0;
  FieldSet fields = 0;
  for (const StandingReading& reading : slot->readings) {
    const auto value = static_cast<int32_t>(VarintOf(reading.value).value_or(0));
    const auto at = known.fields.find(value);
    if (at != known.fields.end()) fields |= at->second;
  }
  return fields;
}

absl::optional<Refusal> CheckRights(const Rights& rights, const std::string& unit,
                                    const Schema& schema, const v1::RecordEdit& edit,
                                    const MergedRecord& base, bool kept_back,
                                    absl::FunctionRef<DossierFacts()> of_dossier) {
  return CheckRightsAnd(Also(), rights, unit, schema, edit, base, kept_back, of_dossier);
}

std::vector<const AccessLine*> LinesAllowing(const Rights& rights, const std::string& unit,
                                             const Schema& schema, const v1::RecordEdit& edit,
                                             const MergedRecord& base, bool kept_back,
                                             absl::FunctionRef<DossierFacts()> of_dossier) {
  std::vector<const AccessLine*> lines;
  Also also;
  also.lines = &lines;
  if (schema.Find(edit.type()) == nullptr ||
      CheckRightsAnd(also, rights, unit, schema, edit, base, kept_back, of_dossier)) {
    lines.clear();
  }
  return lines;
}

Consent ConsentFor(const Rights& rights, const std::string& unit, const Schema& schema,
                   const v1::RecordEdit& edit, const MergedRecord& base, bool kept_back,
                   absl::FunctionRef<DossierFacts()> of_dossier) {
  const RecordType* const type = schema.Find(edit.type());
  if (type == nullptr) return Consent::kNone;
  for (const v1::FieldOp& op : edit.ops()) {
    const FieldType* const field = type->Field(op.field());
    if (field == nullptr || field->rule != options::v1::RULE_STATE) continue;
    const auto to = static_cast<int32_t>(VarintOf(op.set()).value_or(0));
    if (!StepFrom(*field, base, to).has_value()) return Consent::kNone;
  }
  bool submits = false;
  Also also;
  also.submits = &submits;
  if (CheckRightsAnd(also, rights, unit, schema, edit, base, kept_back, of_dossier)) {
    return Consent::kNone;
  }
  return submits ? Consent::kSubmits : Consent::kNothing;
}

absl::optional<Refusal> CheckMaySign(const Rights& rights, const std::string& unit,
                                     const MergedRecord& object, bool kept_back,
                                     absl::FunctionRef<DossierFacts()> of_dossier) {
  const TypeInMatrix& known = rights.matrix->TypeOf(object.type_name());
  Facts facts;
  facts.kind = known.kind;
  facts.kept_back = kept_back;
  facts.begun = object.birth().user_id == rights.user_id;
  facts.submitted = object.type() != nullptr && object.type()->state != nullptr &&
                    known.Submitted(object.StateInForce(object.type()->state->number));
  const DossierFacts dossier = of_dossier();
  facts.fields = dossier.fields;
  facts.assigned = dossier.assigned;
  const Verdict verdict = Decide(*rights.matrix, SeatsOf(rights, unit), Verb::kApprove, facts);
  if (verdict.allowed()) return absl::nullopt;
  return Refusal{v1::REASON_WRITER_MAY_NOT,
                 Why(*rights.matrix, verdict, Verb::kApprove, known.kind)};
}

bool MayAssign(const Rights& rights, const std::string& unit, const MergedRecord& root,
               bool kept_back, bool assigned) {
  Facts facts;
  facts.kind = rights.matrix->TypeOf(root.type_name()).kind;
  facts.kept_back = kept_back;
  facts.begun = root.birth().user_id == rights.user_id;
  facts.assigned = assigned;
  facts.fields = FieldsOfDossier(*rights.matrix, root);
  return Decide(*rights.matrix, SeatsOf(rights, unit), Verb::kAssign, facts).allowed();
}

bool AssignsInUnit(const Rights& rights, const std::string& unit, const MergedRecord& root) {
  Facts facts;
  facts.kind = rights.matrix->TypeOf(root.type_name()).kind;
  facts.begun = facts.assigned = true;
  facts.fields = kEveryField;
  return Decide(*rights.matrix, SeatsOf(rights, unit), Verb::kAssign, facts).allowed();
}

bool MayAnswer(const Rights& rights, const RecordType& type, const MergedRecord& root) {
  Facts facts;
  facts.kind = rights.matrix->TypeOf(type.name).kind;
  facts.assigned = true;
  facts.fields = FieldsOfDossier(*rights.matrix, root);
  const Seats& seats = SeatsOf(rights, root.unit_id());
  return Decide(*rights.matrix, seats, Verb::kEdit, facts).allowed() ||
         Decide(*rights.matrix, seats, Verb::kApprove, facts).allowed();
}

bool StepsState(const Schema& schema, const v1::RecordEdit& edit) {
  const RecordType* const type = schema.Find(edit.type());
  if (type == nullptr || type->state == nullptr) return false;
  return std::any_of(edit.ops().begin(), edit.ops().end(),
                     [type](const v1::FieldOp& op) { return op.field() == type->state->number; });
}

}  // namespace sotay::sync
