#include "sync/decision.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/assignment_acts.h"
#include "sync/awaited.h"
#include "sync/limits.h"
#include "sync/record_size.h"
#include "sync/saw.h"
#include "sync/secrecy.h"
#include "sync/text.h"
#include "sync/view.h"

namespace sotay::sync {
namespace {

// Judges one change.
class Judge {
 public:
  Judge(const Arrival& arrival, Bench* bench) : arrival_(arrival), bench_(*bench) {}

  Decision Run(const stored::v1::DeviceRow& device);

 private:
  absl::optional<Refusal> CheckPlace(const v1::RecordEdit& edit, const RecordId& id,
                                     const WrittenRecord* existing);
  absl::optional<Refusal> PrepareEdit(const std::set<Role>& roles, const v1::RecordEdit& edit);
  absl::optional<Refusal> CheckGuard(const v1::RecordEdit& edit, const MergedRecord& base);
  absl::optional<Refusal> CheckSigned(const v1::RecordEdit& edit, const std::set<Role>& roles);
  Refusal AlsoLate(const v1::RecordEdit& edit, const std::set<Role>& roles, Refusal refusal);
  absl::optional<Refusal> CheckSigns(const v1::RecordEdit& edit, const RecordType& type);
  absl::optional<Refusal> CheckMaySignNow(const MergedRecord& object);
  const StandingSignature* FreezerOf(const RecordId& id);
  bool IsOfItsDossier(const WrittenRecord* record) const {
    const v1::Change& change = *arrival_.pushed->change;
    return record != nullptr && record->unit_id() == change.unit_id() &&
           record->dossier().view() == change.dossier_id();
  }
  absl::optional<Refusal> CheckNow(const v1::RecordEdit& edit, const MergedRecord& base,
                                   const WrittenRecord* existing, const std::set<Role>& roles);
  absl::optional<Refusal> CheckAssignment(const RecordType& type, const v1::RecordEdit& edit,
                                          const MergedRecord& base, const std::set<Role>& roles);
  DossierFacts OfDossier(const Rights& rights, const v1::DossierAct* before = nullptr);
  const v1::DossierAct* KeepingBack(const Rights& rights) const {
    return bench_.KeepingBack(*arrival_.pushed->change, rights);
  }
  bool Unaware(const v1::DossierAct& act) const;
  WrittenRecord* Find(const RecordId& id) { return bench_.Find(id); }

  const Arrival& arrival_;
  Bench& bench_;
  Decision decision_;
};

Decision Judge::Run(const stored::v1::DeviceRow& device) {
  const PushedChange& pushed = *arrival_.pushed;
  const auto refuse = [&](v1::Reason reason, std::string message) {
    decision_.refusal = Refusal{reason, std::move(message)};
    return std::move(decision_);
  };
  // Before anything for which it would be kept, to be looked at and decided.
  if (pushed.change != nullptr) decision_.refusal = GateRefusal(*pushed.change, &bench_);
  if (decision_.refusal.has_value()) return std::move(decision_);
  // What was held since before is still its author's; what comes now may be a thief's, in any
  // shape.
  if (device.state() == v1::DEVICE_STATE_REVOKED && !arrival_.released &&
      arrival_.taken == nullptr) {
    return refuse(v1::REASON_DEVICE_REVOKED, "received after its device was revoked");
  }
  if (IsSecret(pushed, bench_.input.sealed.get())) {
    return refuse(
        v1::REASON_CLASSIFIED,
        pushed.withheld.has_value()
            ? "its device withheld what it says; the server has its id alone"
            : "its dossier proved to be secret; of the change the server keeps its id alone");
  }
  if (pushed.change == nullptr) return refuse(v1::REASON_MALFORMED, "not a valid Change");
  const v1::Change& change = *pushed.change;
  if (auto refusal = CheckShape(change, pushed.bytes)) {
    decision_.refusal = std::move(refusal);
    return std::move(decision_);
  }
  if (change.device_id() != device.device_id() || change.sequence() != arrival_.sequence) {
    return refuse(v1::REASON_MALFORMED, "names another device or sequence than it came under");
  }
  const auto roles = arrival_.push->roles.find(change.unit_id());
  if (bench_.positions.count(change.unit_id()) == 0 || roles == arrival_.push->roles.end() ||
      AuthorityOf(roles->second) == 0) {
    return refuse(v1::REASON_NOT_MEMBER, "the author is no member of the unit it is written for");
  }
  // What is decided by itself waits for nothing.
  const stored::v1::HeldRow* const held =
      arrival_.taken != nullptr
          ? nullptr
          : HeldBefore(*bench_.input.schema, device, change, arrival_.sequence);
  if (held != nullptr) {
    decision_.waits_for = ChangeId::From(held->change_id()).value_or(ChangeId());
    return refuse(v1::REASON_WAITS_FOR_OWN,
                  absl::StrCat("waits for change ", held->sequence(), " of the same device"));
  }
  decision_.after = arrival_.released || arrival_.taken != nullptr ? 0 : device.stamp();
  for (const v1::RecordEdit& edit : change.edits()) {
    auto refusal = PrepareEdit(roles->second, edit);
    if (!refusal.has_value()) continue;
    decision_.refusal = std::move(refusal);
    // While a history is missing, the other edits may ask for theirs in the same go.
    if (bench_.histories_needed.empty()) return std::move(decision_);
  }
  return std::move(decision_);
}

// Unit, dossier and existence.
absl::optional<Refusal> Judge::CheckPlace(const v1::RecordEdit& edit, const RecordId& id,
                                          const WrittenRecord* existing) {
  const v1::Change& change = *arrival_.pushed->change;
  if (existing != nullptr) {
    if (!IsOfItsDossier(existing)) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH,
                     absl::StrCat("record ", id.Short(), " is of another unit or dossier")};
    }
    if (edit.parents().empty()) {
      return Refusal{v1::REASON_TYPE_MISMATCH,
                     absl::StrCat("record ", id.Short(), " exists already")};
    }
    return absl::nullopt;
  }
  if (edit.record_id() == change.dossier_id()) {
    const RecordType* type = bench_.input.schema->Find(edit.type());
    if (type != nullptr && !type->root) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH,
                     absl::StrCat("a ", edit.type(), " cannot open a dossier")};
    }
    return absl::nullopt;
  }
  const auto dossier = RecordId::From(change.dossier_id());
  if (const WrittenRecord* root = Find(*dossier)) {
    if (root->unit_id() != change.unit_id() || root->dossier() != *dossier) {
      return Refusal{v1::REASON_DOSSIER_MISMATCH, "the dossier is of another unit"};
    }
    return absl::nullopt;
  }
  const bool opened_here = std::any_of(
      change.edits().begin(), change.edits().end(),
      [&](const v1::RecordEdit& other) { return other.record_id() == change.dossier_id(); });
  if (opened_here) return absl::nullopt;
  decision_.waits_for = DossierMarker(*dossier);
  return Refusal{v1::REASON_DOSSIER_UNKNOWN,
                 absl::StrCat("dossier ", dossier->Short(), " is not here yet")};
}

absl::optional<Refusal> Judge::PrepareEdit(const std::set<Role>& roles,
                                           const v1::RecordEdit& edit) {
  const auto id = RecordId::From(edit.record_id());
  const WrittenRecord* const existing = Find(*id);
  if (auto refusal = CheckPlace(edit, *id, existing)) return refusal;
  const std::vector<ChangeId> parents = MadeOn(edit);

  const VersionVector::Entry own = arrival_.Written();
  ReadyEdit ready;
  ready.edit = &edit;
  const MergedRecord* base = nullptr;
  if (existing == nullptr && parents.empty()) {
    base = &bench_.nothing;
  } else if (existing != nullptr && parents == existing->record().heads()) {
    base = &existing->record();  // the usual case: nothing happened meanwhile
    ready.seen = base->seen();
  } else {
    const auto history = bench_.histories.find(*id);
    if (history == bench_.histories.end()) {
      bench_.histories_needed.insert(*id);
      return Refusal{v1::REASON_UNSPECIFIED, "asks for the record's history"};
    }
    ChangeId missing;
    auto seen = history->second.SeenBy(parents, arrival_.Device(), &missing);
    if (!seen.has_value() && bench_.bare.count({own.first, missing}) != 0) {
      return Refusal{
          v1::REASON_BUILDS_ON_REFUSED,
          "made on a change of which the server has the id alone, or on what was made on it"};
    }
    if (!seen.has_value()) {
      decision_.waits_for = missing;
      return Refusal{v1::REASON_PARENT_UNKNOWN,
                     absl::StrCat("made on change ", missing.Short(), ", which is not here yet")};
    }
    ready.seen = *std::move(seen);
    base = &history->second.At(ready.seen);
    // Nobody but its author ever had a refused edit before them, and only until they were told;
    // so what was typed into its text names it.  What was typed since, or by others, does not.
    const auto refused_text = [&](const ChangeId& parent) {
      const HistoryNode* node = history->second.Find(parent);
      return node != nullptr && !node->applied && SharesText(node->edit, edit);
    };
    if (base->empty() || std::any_of(parents.begin(), parents.end(), refused_text)) {
      // What amends a late amendment is one as well.
      if (auto refusal = CheckSigned(edit, roles)) return refusal;
      return Refusal{v1::REASON_BUILDS_ON_REFUSED, "made on a change that was not applied"};
    }
  }
  if (auto refusal = CheckEdit(*bench_.input.schema, edit, *base, roles)) return refusal;
  if (auto refusal = CheckSaw(*bench_.input.schema, edit, ready.seen, own)) return refusal;
  if (auto refusal = arrival_.taken == nullptr ? CheckGuard(edit, *base)
                                               : CheckNow(edit, *base, existing, roles)) {
    return AlsoLate(edit, roles, *std::move(refusal));
  }
  if (auto refusal = CheckSigned(edit, roles)) return refusal;
  const RecordType& type = *bench_.input.schema->Find(edit.type());
  if (type.assigning != nullptr) {
    if (auto refusal = CheckAssignment(type, edit, *base, roles)) return refusal;
  }
  auto texts = TextsAfter(edit, *base);
  if (!texts.ok()) return Refusal{v1::REASON_TEXT_MISMATCH, std::string(texts.status().message())};
  ready.texts = *std::move(texts);
  if (auto refusal = CheckSize(arrival_, ready, existing, &bench_)) return refusal;
  if (auto refusal = CheckAttaching(edit, &bench_)) return refusal;
  decision_.after = std::max(decision_.after, base->newest_stamp());
  decision_.ready.push_back(std::move(ready));
  return absl::nullopt;
}

// Of the change's dossier, as it is; but whose it was before that act.
DossierFacts Judge::OfDossier(const Rights& rights, const v1::DossierAct* before) {
  const v1::Change& change = *arrival_.pushed->change;
  const WrittenRecord* const root = Find(*RecordId::From(change.dossier_id()));
  return {root == nullptr ? 0 : FieldsOfDossier(*rights.matrix, root->record()),
          before == nullptr ? bench_.IsTheirs(change, rights)
                            : bench_.WasTheirs(change, rights, before->number())};
}

absl::optional<Refusal> Judge::CheckAssignment(const RecordType& type, const v1::RecordEdit& edit,
                                               const MergedRecord& base,
                                               const std::set<Role>& roles) {
  const bool leads = Leads(arrival_, roles, /*begins=*/base.empty(), &bench_);
  if (base.empty()) decision_.assigns = leads;
  return CheckAssigns(arrival_, type, edit, base, leads, &bench_);
}

// What the table of rights says, of the version its author had before them and of the dossier as it
// is.
absl::optional<Refusal> Judge::CheckGuard(const v1::RecordEdit& edit, const MergedRecord& base) {
  const Rights* const rights = arrival_.push->rights.get();
  if (rights == nullptr) return absl::nullopt;
  const v1::Change& change = *arrival_.pushed->change;
  const v1::DossierAct* const act = KeepingBack(*rights);
  const auto check = [&](bool now) {
    return CheckRights(*rights, change.unit_id(), *bench_.input.schema, edit, base,
                       now && act != nullptr,
                       [&] { return OfDossier(*rights, now ? nullptr : act); });
  };
  auto refusal = check(/*now=*/true);
  if (!refusal.has_value() || act == nullptr || !Unaware(*act)) return refusal;
  // There was no time before at which it was theirs.
  if (OpensForSome(*act)) return refusal;
  // What they say is evidence of what they saw, and counts; what is to become of the dossier, and
  // whose it is, others say now.
  const RecordType* const type = bench_.input.schema->Find(edit.type());
  if (base.empty() ? type->assigning != nullptr : StepsState(*bench_.input.schema, edit)) {
    absl::StrAppend(&refusal->message, "; the device had not heard of that (act ", act->number(),
                    ")");
    return refusal;
  }
  if (check(/*now=*/false).has_value()) return refusal;
  decision_.unaware_of = act->number();
  return absl::nullopt;
}

// Whether the author's device had not heard of the act when the change came, for as long as it is
// believed.  That it was held since makes no difference.
bool Judge::Unaware(const v1::DossierAct& act) const {
  return arrival_.Heard(act.unit_id()) < act.number() &&
         arrival_.CameMs(bench_.input.now_ms) - act.set_ms() <= kUnawareMsMax;
}

// What a signature freezes, and whether this is one that takes effect: both asked of the records as
// they are now (freeze.h).
absl::optional<Refusal> Judge::CheckSigned(const v1::RecordEdit& edit,
                                           const std::set<Role>& roles) {
  const RecordType* const known = bench_.input.schema->Find(edit.type());
  if (known == nullptr) return absl::nullopt;
  const RecordType& type = *known;
  if (type.signing != nullptr) return CheckSigns(edit, type);
  // To take it in is to decide that it amends.
  if (arrival_.taken != nullptr) return absl::nullopt;
  const RecordId id = *RecordId::From(edit.record_id());
  if (const StandingSignature* const standing = FreezerOf(id)) {
    const bool leads = roles.count(options::v1::ROLE_SUPERVISOR) != 0 &&
                       !CheckMaySignNow(Find(id)->record()).has_value();
    if (Amends(type, edit, leads)) return LateAmendment(id, *standing);
  }
  const bool covered = bench_.input.schema->IsCovered(type.name);
  for (const RecordId& parent : covered ? PutUnder(type, edit) : std::vector<RecordId>()) {
    if (const StandingSignature* const standing = FreezerOf(parent)) {
      return LateAmendment(parent, *standing);
    }
  }
  // What it amended was signed before the server was restored, and may be here again or not.
  if (arrival_.SaidLate()) return LateAmendmentBefore();
  return absl::nullopt;
}

// Who may not write it amends what is signed all the same.  That is what its device is to keep: a
// restored server that has not got the signature back would let a colleague agree to the rest.
Refusal Judge::AlsoLate(const v1::RecordEdit& edit, const std::set<Role>& roles, Refusal refusal) {
  const Rights* const rights = arrival_.push->rights.get();
  const RecordType* const type = bench_.input.schema->Find(edit.type());
  if (refusal.reason != v1::REASON_WRITER_MAY_NOT || type == nullptr || type->signing != nullptr) {
    return refusal;
  }
  // Of what they may not see they are not told what was signed.
  if (rights == nullptr || KeepingBack(*rights) != nullptr) return refusal;
  auto late = CheckSigned(edit, roles);
  if (!late.has_value()) return refusal;
  absl::StrAppend(&late->message, "; and ", refusal.message);
  return *std::move(late);
}

absl::optional<Refusal> Judge::CheckSigns(const v1::RecordEdit& edit, const RecordType& type) {
  // So the seal over it is over that alone; what becomes of it becomes of nothing else.
  if (arrival_.pushed->change->edits_size() != 1) {
    return Refusal{v1::REASON_MALFORMED, "a signature is a change of its own"};
  }
  const auto signature = SignatureIn(type, edit);
  if (!signature.has_value()) return Refusal{v1::REASON_BAD_VALUE, "not a valid signature"};
  if (arrival_.taken != nullptr) {
    return Refusal{v1::REASON_SIGNATURE_STALE, "a signature is given again, never taken in"};
  }
  const WrittenRecord* const object = Find(signature->object);
  if (object != nullptr && !IsOfItsDossier(object)) {
    return Refusal{v1::REASON_DOSSIER_MISMATCH, "what is signed is of another unit or dossier"};
  }
  if (auto refusal = CheckAwaited(arrival_, *signature, object, &bench_, &decision_)) {
    return refusal;
  }
  if (auto refusal = CheckMaySignNow(object->record())) return refusal;
  if (auto refusal =
          CheckSignature(*signature, object->record(), bench_.SignatureOf(signature->object),
                         bench_.input.hash_content)) {
    return refusal;
  }
  auto refusal = signature->signs ? CheckFiles(object->record(), &bench_) : absl::nullopt;
  if (!refusal.has_value()) decision_.signature = signature;
  return refusal;
}

// Whoever has not heard that the dossier is no longer theirs signs nothing in it either.
absl::optional<Refusal> Judge::CheckMaySignNow(const MergedRecord& object) {
  const Rights* const rights = arrival_.push->rights.get();
  if (rights == nullptr) return absl::nullopt;
  return CheckMaySign(*rights, object.unit_id(), object, KeepingBack(*rights) != nullptr,
                      [&] { return OfDossier(*rights); });
}

// Of what is elsewhere nothing is told, and it freezes nothing here.
const StandingSignature* Judge::FreezerOf(const RecordId& id) {
  if (!IsOfItsDossier(Find(id))) return nullptr;
  const StandingSignature* const standing = bench_.SignatureOf(id);
  return standing != nullptr && standing->freezes ? standing : nullptr;
}

// Of what is decided now the record as it is counts: it is settled, and the step leads on from it.
absl::optional<Refusal> Judge::CheckNow(const v1::RecordEdit& edit, const MergedRecord& base,
                                        const WrittenRecord* existing,
                                        const std::set<Role>& roles) {
  const MergedRecord& now = existing != nullptr ? existing->record() : bench_.nothing;
  if (WantsSettled(*bench_.input.schema->Find(edit.type()), edit, base)) {
    if (const FieldType* const open = Unsettled(now)) {
      return Refusal{
          v1::REASON_UNSETTLED,
          absl::StrCat("by now people disagree: first pick one of the readings of ", open->name)};
    }
  }
  if (arrival_.taken->taken_in.refused_for() != v1::REASON_ILLEGAL_TRANSITION) return absl::nullopt;
  auto refusal = CheckEdit(*bench_.input.schema, edit, now, roles);
  if (!refusal.has_value() || refusal->reason != v1::REASON_ILLEGAL_TRANSITION) {
    return absl::nullopt;
  }
  return refusal;
}

}  // namespace

Decision Decide(const Arrival& arrival, const stored::v1::DeviceRow& device, Bench* bench) {
  Decision decision = Judge(arrival, bench).Run(device);
  BoundAwaited(device, &decision);
  const v1::Change* const change = arrival.pushed->change.get();
  // What is held comes again, and what was refused before is not here.
  const bool final = decision.refusal.has_value() && decision.waits_for == ChangeId() &&
                     change != nullptr && arrival.taken == nullptr;
  // Whatever it is refused for, as an alias as long as a story: kept to be looked at, it would be
  // content of what is to have none.
  if (final && IsOfStub(*bench->input.schema, *change, bench->RootThatIsAsked(*change))) {
    decision.refusal->reason = v1::REASON_CLASSIFIED;
  }
  return decision;
}

}  // namespace sotay::sync
