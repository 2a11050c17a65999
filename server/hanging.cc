#include "server/hanging.h"

#include <algorithm>
#include <utility>

#include "sync/attaching.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

bool HangsForGood(const sync::RecordType& type) {
  return std::all_of(type.fields.begin(), type.fields.end(), [](const auto& field) {
    return !field.second.parent || field.second.rule == options::v1::RULE_ONCE;
  });
}

bool Has(const std::vector<sync::RecordId>& parents, const sync::RecordId& record) {
  return std::find(parents.begin(), parents.end(), record) != parents.end();
}

}  // namespace

absl::StatusOr<absl::optional<Hanging::Place>> Hanging::PlaceOf(const sync::RecordId& id) {
  if (const auto at = places_.find(id); at != places_.end()) return absl::make_optional(at->second);
  SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
  if (!stored.has_value()) return absl::optional<Place>();
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                         sync::MergedRecord::Parse(schema_, stored->bytes));
  Place place;
  place.parents = sync::ParentsOf(record);
  place.attaches = sync::FileOf(record).has_value();
  place.covered = schema_.IsCovered(record.type_name());
  if (!place.parents.empty() && record.type() != nullptr && HangsForGood(*record.type())) {
    places_.emplace(id, place);
  }
  return absl::make_optional(std::move(place));
}

absl::StatusOr<Hanging::Places> Hanging::In(const std::string& unit, uint64_t head,
                                            const sync::RecordId& dossier) {
  OfUnit& known = units_[unit];
  SOTAY_RETURN_IF_ERROR(store_.VisitFeed(
      unit, known.read, head, [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
        const sync::RecordType* const type = schema_.Find(row.type());
        if (type != nullptr && (type->attaching != nullptr || schema_.IsCovered(type->name))) {
          known.records[row.dossier_id()].insert(place.record);
        }
        return true;
      }));
  known.read = std::max(known.read, head);
  Places places;
  const auto at = known.records.find(dossier.str());
  if (at == known.records.end()) return places;
  for (const sync::RecordId& id : at->second) {
    SOTAY_ASSIGN_OR_RETURN(auto place, PlaceOf(id));
    if (place.has_value()) places.emplace(id, *std::move(place));
  }
  return places;
}

absl::StatusOr<std::set<sync::RecordId>> Hanging::Under(const std::string& unit, uint64_t head,
                                                        const sync::RecordId& dossier,
                                                        std::set<sync::RecordId> objects) {
  SOTAY_ASSIGN_OR_RETURN(const Places places, In(unit, head, dossier));
  std::set<sync::RecordId> under;
  for (bool deeper = true; deeper;) {
    deeper = false;
    for (const auto& [id, place] : places) {
      const bool hangs = std::any_of(place.parents.begin(), place.parents.end(),
                                     [&](const auto& one) { return objects.count(one) != 0; });
      if (!hangs || !under.insert(id).second) continue;
      if (place.covered) deeper = objects.insert(id).second || deeper;
    }
  }
  return under;
}

absl::StatusOr<size_t> Hanging::Attached(const std::string& unit, uint64_t head,
                                         const sync::RecordId& dossier,
                                         const sync::RecordId& record) {
  SOTAY_ASSIGN_OR_RETURN(const Places places, In(unit, head, dossier));
  return static_cast<size_t>(std::count_if(places.begin(), places.end(), [&](const auto& one) {
    return one.second.attaches && Has(one.second.parents, record);
  }));
}

}  // namespace sotay::server
