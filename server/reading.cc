#include "server/reading.h"

#include <algorithm>
#include <set>

#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/status_macros.h"
#include "sync/written_record.h"

namespace sotay::server {
namespace {

bool EverKeptBack(const sync::DossierActs& acts) {
  return std::any_of(acts.all().begin(), acts.all().end(), [](const v1::DossierAct& act) {
    return act.restricted() || act.has_sealed();
  });
}

}  // namespace

Reading::Reading(const Directory& directory, Store* store, const sync::Schema& schema,
                 const Person& person, absl::string_view unit)
    : directory_(directory),
      matrix_(*directory.rules().matrix),
      store_(*store),
      schema_(schema),
      unit_(unit.data(), unit.size()),
      user_id_(person.user.user_id()),
      seats_(directory.SeatsOf(person, unit)),
      acts_(directory.DossiersOf(unit)),
      day_(directory.today()),
      some_(sync::ReadsSome(matrix_, seats_) != nullptr),
      reads_all_(sync::ReadsAll(matrix_, seats_)),
      never_kept_back_(acts_ == nullptr || !EverKeptBack(*acts_)),
      all_(reads_all_ && ((!matrix_.opens_for_some() &&
                           (acts_ == nullptr || !acts_->KeepsAnyBack(user_id_, day_))) ||
                          sync::ReachOfKeptBack(matrix_, seats_) == sync::kEveryField)) {}

bool Reading::AllYet() const {
  return all_ || (reads_all_ && never_kept_back_ && directory_.StandsAsItIs(unit_, acts_.get()));
}

bool Reading::KeptBack(absl::string_view dossier) const {
  if (acts_ != nullptr && acts_->KeepsBack(dossier, user_id_, day_)) return true;
  return matrix_.opens_for_some() && directory_.KeepsBack(unit_, dossier, user_id_);
}

absl::StatusOr<KnownRoots::Facts> Reading::RootOf(const std::string& dossier) {
  const auto known = roots_.find(dossier);
  if (known != roots_.end()) return known->second;
  const auto id = sync::RecordId::From(dossier);
  if (!id.has_value()) return KnownRoots::Facts();
  const auto& matrix = directory_.rules().matrix;
  SOTAY_ASSIGN_OR_RETURN(
      auto root, anew_ ? FactsOfRootAnew(&store_, matrix, *id) : FactsOfRoot(&store_, matrix, *id));
  return roots_[dossier] = std::move(root);
}

absl::StatusOr<bool> Reading::IsTheirs(const std::string& dossier) {
  SOTAY_ASSIGN_OR_RETURN(const auto root, RootOf(dossier));
  return root != nullptr && !root->opened_by.empty() &&
         sync::IsTheirs(acts_.get(), dossier, user_id_, root->opened_by);
}

bool Reading::IsSealed(absl::string_view dossier) const {
  return acts_ != nullptr && acts_->IsSealed(dossier);
}

absl::StatusOr<sync::FieldSet> Reading::FieldsOf(const std::string& dossier) {
  SOTAY_ASSIGN_OR_RETURN(const auto root, RootOf(dossier));
  return root == nullptr ? sync::FieldSet{0} : root->fields;
}

absl::StatusOr<sync::Verdict> Reading::Of(const sync::RecordId& id,
                                          const stored::v1::FeedRow& row) {
  // Nobody's, whatever the table says.
  if (IsSealed(row.dossier_id())) return sync::Verdict();
  const sync::TypeInMatrix& known = matrix_.TypeOf(row.type());
  sync::Facts facts;
  facts.kind = known.kind;
  facts.submitted = known.Submitted(row.state());
  facts.kept_back = KeptBack(row.dossier_id());
  const sync::Verdict at_once = sync::Decide(matrix_, seats_, sync::Verb::kRead, facts);
  const sync::Wants wants = sync::WantsToRead(matrix_, seats_, facts.kind);
  if (at_once.allowed() || (!wants.fields && !wants.own)) return at_once;
  sync::Facts at_best = facts;
  at_best.fields = sync::kEveryField;
  at_best.begun = at_best.assigned = true;
  // Whatever its dossier is, or whose: nothing of that has to be read.
  if (!sync::Decide(matrix_, seats_, sync::Verb::kRead, at_best).allowed()) return at_once;
  if (wants.fields) {
    SOTAY_ASSIGN_OR_RETURN(facts.fields, FieldsOf(row.dossier_id()));
  }
  if (wants.own) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
    if (!stored.has_value()) return sync::Verdict();
    SOTAY_ASSIGN_OR_RETURN(const auto record, sync::MergedRecord::Parse(schema_, stored->bytes));
    facts.begun = !record.empty() && record.birth().user_id == user_id_;
    SOTAY_ASSIGN_OR_RETURN(facts.assigned, IsTheirs(row.dossier_id()));
  }
  return sync::Decide(matrix_, seats_, sync::Verb::kRead, facts);
}

absl::StatusOr<sync::Verdict> Reading::Of(const v1::Record& record) {
  const auto id = sync::RecordId::From(record.record_id());
  if (!id.has_value()) return absl::DataLossError("a record without an id");
  stored::v1::FeedRow row;
  if (AllYet()) {
    row.set_type(record.type());
    row.set_dossier_id(record.dossier_id());
    return Of(*id, row);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto merged, sync::MergedRecord::FromProto(schema_, record));
  FillFeedRow(sync::WrittenRecord(&merged, 0), &row);
  return Of(*id, row);
}

absl::StatusOr<bool> Reading::OfId(absl::string_view record) {
  const auto id = sync::RecordId::From(record);
  if (!id.has_value()) return false;
  const auto known = may_.find(*id);
  if (known != may_.end()) return known->second;
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(*id));
  v1::Record read;
  if (!stored.has_value() || !read.ParseFromString(stored->bytes)) return false;
  SOTAY_ASSIGN_OR_RETURN(const sync::Verdict verdict, Of(read));
  return may_[*id] = verdict.allowed();
}

absl::StatusOr<bool> Reading::OfAllIn(absl::string_view bytes, absl::string_view about) {
  if (AllYet()) return true;
  v1::Change change;
  if (!change.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  for (const v1::RecordEdit& edit : change.edits()) {
    if (edit.record_id() == about) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool may, OfId(edit.record_id()));
    if (!may) return false;
  }
  return true;
}

absl::Status Reading::Cut(absl::string_view about, v1::LogEntry* entry) {
  if (AllYet()) return absl::OkStatus();
  v1::Change change;
  if (!change.ParseFromString(entry->change())) {
    return absl::DataLossError("a change of a log cannot be read");
  }
  std::set<std::string> refused;
  for (const v1::RecordEdit& edit : change.edits()) {
    if (edit.record_id() == about) continue;
    SOTAY_ASSIGN_OR_RETURN(const bool may, OfId(edit.record_id()));
    if (!may) refused.insert(edit.record_id());
  }
  if (refused.empty()) return absl::OkStatus();
  const auto is_refused = [&refused](const auto& of) { return refused.count(of.record_id()) != 0; };
  auto* const edits = change.mutable_edits();
  edits->erase(std::remove_if(edits->begin(), edits->end(), is_refused), edits->end());
  auto* const assigned = entry->mutable_admission()->mutable_assigned();
  assigned->erase(std::remove_if(assigned->begin(), assigned->end(), is_refused), assigned->end());
  // The salt would let one try what the edits said; the reason may be theirs.
  change.clear_salt();
  change.clear_reason();
  entry->set_change(change.SerializeAsString());
  return absl::OkStatus();
}

bool Reading::MayBeForSome(const v1::Change& change) const {
  if (!matrix_.opens_for_some()) return false;
  const auto root = std::find_if(
      change.edits().begin(), change.edits().end(),
      [&change](const v1::RecordEdit& edit) { return edit.record_id() == change.dossier_id(); });
  // What only goes into it does not say what it is.
  if (root == change.edits().end()) return true;
  const sync::TypeInMatrix& known = matrix_.TypeOf(root->type());
  return known.assigned_only || known.hidden.field != 0;
}

absl::StatusOr<std::vector<sync::FieldSet>> Reading::KeptBackOf(const v1::Change& change,
                                                                bool theirs) {
  std::vector<sync::FieldSet> fields;
  if (acts_ == nullptr && !matrix_.opens_for_some()) return fields;
  std::set<std::string> dossiers = {change.dossier_id()};
  bool all_here = true;
  // Whatever it says, its records may be of others.
  for (const v1::RecordEdit& edit : change.edits()) {
    const auto id = sync::RecordId::From(edit.record_id());
    all_here = all_here && id.has_value();
    if (!id.has_value()) continue;
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(*id));
    v1::Record record;
    all_here = all_here && stored.has_value();
    if (stored.has_value() && record.ParseFromString(stored->bytes)) {
      dossiers.insert(record.dossier_id());
    }
  }
  for (const std::string& dossier : dossiers) {
    if (!KeptBack(dossier)) continue;
    SOTAY_ASSIGN_OR_RETURN(const sync::FieldSet of, FieldsOf(dossier));
    fields.push_back(of);
  }
  if (theirs || all_here || !MayBeForSome(change)) return fields;
  // That it is for some says an act that comes with its root: what was refused, or waits for that,
  // is known to be of a dossier, and of none that anybody was given.
  const auto root = sync::RecordId::From(change.dossier_id());
  if (!root.has_value()) return fields;
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(*root));
  if (!stored.has_value()) fields.push_back(0);
  return fields;
}

// What is left of it: that it was sent, by whom, and why nothing more of it is here.
bool Reading::SeesBare() const {
  return std::any_of(matrix_.kinds().begin(), matrix_.kinds().end(),
                     [this, kind = sync::Kind{0}](const std::string&) mutable {
                       sync::Facts facts;
                       facts.kind = kind++;
                       facts.kept_back = true;
                       return sync::Decide(matrix_, seats_, sync::Verb::kSeal, facts).allowed();
                     });
}

absl::StatusOr<bool> Reading::OfAside(const v1::QuarantinedChange& aside) {
  if (!some_) return false;
  if (aside.reason() == v1::REASON_CLASSIFIED || IsBare(aside)) return SeesBare();
  v1::Change change;
  if (acts_ != nullptr && change.ParseFromString(aside.change()) && IsSealed(change.dossier_id())) {
    return false;
  }
  if (all_) return true;
  // What edits nothing is of no kind, and may say anything: it is as what cannot be read.
  if (!change.ParseFromString(aside.change()) || change.edits().empty()) return false;
  const auto may = [&](bool kept_back, sync::FieldSet fields) {
    sync::Facts facts;
    facts.begun = aside.user_id() == user_id_;
    facts.kept_back = kept_back;
    facts.fields = fields;
    return std::all_of(change.edits().begin(), change.edits().end(), [&](const auto& edit) {
      facts.kind = matrix_.TypeOf(edit.type()).kind;
      return sync::Decide(matrix_, seats_, sync::Verb::kRead, facts).allowed();
    });
  };
  // Of what is not theirs in any field of work nothing is read, so that time does not tell of it.
  if (KeptBack(change.dossier_id()) && !may(true, sync::kEveryField)) return false;
  const absl::StatusOr<std::vector<sync::FieldSet>> kept_back =
      KeptBackOf(change, aside.user_id() == user_id_);
  if (absl::IsDataLoss(kept_back.status())) return false;
  SOTAY_RETURN_IF_ERROR(kept_back.status());
  if (kept_back->empty()) return may(false, 0);
  return std::all_of(kept_back->begin(), kept_back->end(),
                     [&](sync::FieldSet fields) { return may(true, fields); });
}

}  // namespace sotay::server
