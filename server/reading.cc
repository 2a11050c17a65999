#include "server/reading.h"

#include <algorithm>

#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/status_macros.h"
#include "sync/written_record.h"

namespace sotay::server {

Reading::Reading(const Directory& directory, Store* store, const sync::Schema& schema,
                 const Person& person, absl::string_view unit)
    : matrix_(*directory.rules().matrix),
      store_(*store),
      schema_(schema),
      user_id_(person.user.user_id()),
      seats_(directory.SeatsOf(person, unit)),
      some_(sync::ReadsSome(matrix_, seats_) != nullptr),
      all_(sync::ReadsAll(matrix_, seats_)) {}

absl::StatusOr<sync::FieldSet> Reading::FieldsOf(const std::string& dossier) {
  const auto known = fields_.find(dossier);
  if (known != fields_.end()) return known->second;
  sync::FieldSet fields = 0;
  if (const auto id = sync::RecordId::From(dossier)) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(*id));
    if (stored.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(const auto root, sync::MergedRecord::Parse(schema_, stored->bytes));
      fields = sync::FieldsOfDossier(matrix_, root);
    }
  }
  return fields_[dossier] = fields;
}

absl::StatusOr<sync::Verdict> Reading::Of(const sync::RecordId& id,
                                          const stored::v1::FeedRow& row) {
  const sync::TypeInMatrix& known = matrix_.TypeOf(row.type());
  sync::Facts facts;
  facts.kind = known.kind;
  facts.submitted = known.Submitted(row.state());
  const sync::Verdict at_once = sync::Decide(matrix_, seats_, sync::Verb::kRead, facts);
  const sync::Wants wants = sync::WantsToRead(matrix_, seats_, facts.kind);
  if (at_once.allowed() || (!wants.fields && !wants.own)) return at_once;
  if (wants.fields) {
    SOTAY_ASSIGN_OR_RETURN(facts.fields, FieldsOf(row.dossier_id()));
  }
  if (wants.own) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
    if (!stored.has_value()) return sync::Verdict();
    SOTAY_ASSIGN_OR_RETURN(const auto record, sync::MergedRecord::Parse(schema_, stored->bytes));
    facts.own = !record.empty() && record.birth().user_id == user_id_;
  }
  return sync::Decide(matrix_, seats_, sync::Verb::kRead, facts);
}

absl::StatusOr<sync::Verdict> Reading::Of(const v1::Record& record) {
  const auto id = sync::RecordId::From(record.record_id());
  if (!id.has_value()) return absl::DataLossError("a record without an id");
  stored::v1::FeedRow row;
  if (all_) {
    row.set_type(record.type());
    return Of(*id, row);
  }
  SOTAY_ASSIGN_OR_RETURN(const auto merged, sync::MergedRecord::FromProto(schema_, record));
  FillFeedRow(sync::WrittenRecord(&merged, 0), &row);
  return Of(*id, row);
}

bool Reading::OfAside(const v1::QuarantinedChange& aside) const {
  if (!some_) return false;
  if (all_) return true;
  v1::Change change;
  if (!change.ParseFromString(aside.change())) return false;
  return std::all_of(change.edits().begin(), change.edits().end(), [&](const v1::RecordEdit& edit) {
    sync::Facts facts;
    facts.kind = matrix_.TypeOf(edit.type()).kind;
    facts.own = aside.user_id() == user_id_;
    return sync::Decide(matrix_, seats_, sync::Verb::kRead, facts).allowed();
  });
}

}  // namespace sotay::server
