#include "server/deciders.h"

#include "server/refusal.h"
#include "sync/dossier_acts.h"
#include "sync/freeze.h"
#include "sync/guard.h"
#include "sync/matrix.h"
#include "sync/rights.h"
#include "sync/signing.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::StatusOr<const sync::MergedRecord*> RecordsNow::Find(const sync::RecordId& id) {
  auto known = read_.find(id);
  if (known == read_.end()) {
    absl::optional<sync::MergedRecord> record;
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
    if (stored.has_value()) {
      bytes_ += stored->bytes.size();
      SOTAY_ASSIGN_OR_RETURN(record, sync::MergedRecord::Parse(store_.schema(), stored->bytes));
    }
    known = read_.emplace(id, std::move(record)).first;
  }
  return known->second.has_value() ? &*known->second : nullptr;
}

absl::StatusOr<Deciders::Edited> Deciders::Look(const v1::RecordEdit& edit) const {
  const sync::Matrix& matrix = *directory_.rules().matrix;
  const auto find =
      [this](
          const absl::optional<sync::RecordId>& id) -> absl::StatusOr<const sync::MergedRecord*> {
    if (!id.has_value()) return nullptr;
    return records_.Find(*id);
  };
  // What the change says of a record that is here counts for nothing.
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord* const record,
                         find(sync::RecordId::From(edit.record_id())));
  const sync::TypeInMatrix& known =
      matrix.TypeOf(record != nullptr ? record->type_name() : edit.type());
  Edited edited;
  sync::Facts& facts = edited.facts;
  facts.kind = known.kind;
  if (record != nullptr && record->type() != nullptr && record->type()->state != nullptr) {
    facts.submitted = known.Submitted(record->StateInForce(record->type()->state->number));
  }
  SOTAY_ASSIGN_OR_RETURN(
      const sync::MergedRecord* const root,
      find(record != nullptr ? record->dossier() : sync::RecordId::From(change_->dossier_id())));
  if (root != nullptr && !root->empty()) {
    facts.fields = sync::FieldsOfDossier(matrix, *root);
    edited.opened_by = root->birth().user_id;
  }
  edited.record = record;
  return edited;
}

// Which is a leader's to decide; as the judge asks it (decision.h).
absl::StatusOr<bool> Deciders::AmendsWhatIsSigned(const sync::RecordType& type,
                                                  const sync::RecordId& id,
                                                  const v1::RecordEdit& edit) const {
  const auto frozen = [this](const sync::RecordId& record) -> absl::StatusOr<bool> {
    SOTAY_ASSIGN_OR_RETURN(const auto signature, records_.store().LoadSignature(record));
    if (!signature.has_value() || !signature->freezes) return false;
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord* const object, records_.Find(record));
    return object != nullptr && object->unit_id() == change_->unit_id() &&
           object->dossier().view() == change_->dossier_id();
  };
  if (sync::Amends(type, edit, /*leads=*/false)) {
    SOTAY_ASSIGN_OR_RETURN(const bool itself, frozen(id));
    if (itself) return true;
  }
  if (!records_.store().schema().IsCovered(type.name)) return false;
  for (const sync::RecordId& parent : sync::PutUnder(type, edit)) {
    SOTAY_ASSIGN_OR_RETURN(const bool covered, frozen(parent));
    if (covered) return true;
  }
  return false;
}

absl::StatusOr<bool> Deciders::WaitsForConsent(absl::string_view user) const {
  if (aside_.reason() != v1::REASON_WRITER_MAY_NOT || change_ == nullptr) return false;
  // Whoever did not agree may say so again; against them a leader decides.
  if (aside_.has_dismissed() && aside_.dismissed().user_id() != user) {
    return false;
  }
  const auto author = directory_.FindPerson(aside_.user_id());
  if (author == nullptr) return false;
  const std::string& unit = aside_.unit_id();
  const sync::Rights& rights = *author->rights;
  const auto acts = directory_.DossiersOf(unit);
  const bool kept_back =
      acts != nullptr && acts->KeepsBack(change_->dossier_id(), rights.user_id, rights.day);
  const sync::Schema& schema = records_.store().schema();
  bool submits = false;
  for (const v1::RecordEdit& edit : change_->edits()) {
    const sync::RecordType* const type = schema.Find(edit.type());
    const auto id = sync::RecordId::From(edit.record_id());
    const auto dossier = sync::RecordId::From(change_->dossier_id());
    if (type == nullptr || !id.has_value() || !dossier.has_value()) return false;
    SOTAY_ASSIGN_OR_RETURN(const bool amends, AmendsWhatIsSigned(*type, *id, edit));
    if (amends) return false;
    SOTAY_ASSIGN_OR_RETURN(const Edited edited, Look(edit));
    const sync::MergedRecord newborn(type, *id, edit.type(), unit, *dossier);
    const sync::MergedRecord& base = edited.record != nullptr ? *edited.record : newborn;
    const sync::Consent consent =
        sync::ConsentFor(rights, unit, schema, edit, base, kept_back, [&] {
          return sync::DossierFacts{
              edited.facts.fields,
              sync::IsTheirs(acts.get(), change_->dossier_id(), rights.user_id, edited.opened_by)};
        });
    if (consent == sync::Consent::kNone) return false;
    submits = submits || consent == sync::Consent::kSubmits;
  }
  return submits;
}

absl::Status Deciders::CheckSeats(const Person& person, const sync::Seats& seats) const {
  const sync::Matrix& matrix = *directory_.rules().matrix;
  const auto check = [&](const sync::Facts& facts, bool consent) {
    const sync::Verdict verdict = sync::Decide(matrix, seats, sync::Verb::kDecide, facts);
    if (verdict.allowed()) return absl::OkStatus();
    if (consent && sync::Decide(matrix, seats, sync::Verb::kSubmit, facts).allowed()) {
      return absl::OkStatus();
    }
    return RoleMayNot(sync::Why(matrix, verdict, sync::Verb::kDecide, facts.kind));
  };
  // What cannot be read as a change of a unit is what a device sent, and nothing else.
  const bool readable =
      change_ != nullptr && !change_->edits().empty() && !aside_.unit_id().empty();
  if (!readable || aside_.reason() == v1::REASON_DEVICE_REVOKED) {
    sync::Facts device;
    device.kind = sync::kDeviceKind;
    SOTAY_RETURN_IF_ERROR(check(device, false));
  }
  if (!readable) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const bool consent, WaitsForConsent(person.user.user_id()));
  for (const v1::RecordEdit& edit : change_->edits()) {
    SOTAY_ASSIGN_OR_RETURN(const Edited edited, Look(edit));
    SOTAY_RETURN_IF_ERROR(check(edited.facts, consent));
  }
  return absl::OkStatus();
}

// By posts in the very unit, as whoever writes there, or in what came after it: somebody has to
// answer for what comes late.
absl::Status Deciders::CheckMayDecide(const Person& person) const {
  if (aside_.user_id() == person.user.user_id()) {
    return RoleMayNot("nobody decides about a change of their own");
  }
  absl::Status why = RoleMayNot("no post in its unit decides about refused changes");
  if (!aside_.unit_id().empty()) {
    const sync::Seats seats = directory_.SeatsHere(person, aside_.unit_id());
    return seats.empty() ? why : CheckSeats(person, seats);
  }
  // Of no unit that can be read: of its author's.
  const auto author = directory_.FindPerson(aside_.user_id());
  for (const auto& [unit, seats] : person.rights->seats) {
    if (author == nullptr || !author->IsIn(unit)) continue;
    why = CheckSeats(person, seats);
    if (why.ok()) return why;
  }
  return why;
}

}  // namespace sotay::server
