#include "server/dossier_records.h"

#include "sync/dossier_acts.h"
#include "sync/status_macros.h"

namespace sotay::server {

absl::Status DossierRecords::Read(const std::string& unit, uint64_t head,
                                  const sync::DossierActs& acts, OfUnit* known) {
  // A dossier that was not among them stands anywhere.
  bool fresh = false;
  for (; known->acts < acts.newest(); ++known->acts) {
    const v1::DossierAct& act = acts.all()[known->acts];
    const bool added = known->records.try_emplace(act.dossier_id()).second;
    // Of one that was opened with this act everything stands past what was read without it.
    fresh = fresh || (added && !sync::OpensForSome(act));
  }
  const uint64_t from = fresh ? 0 : known->read;
  if (fresh) known->read = 0;  // if it is cut short, what was found counts for nothing
  SOTAY_RETURN_IF_ERROR(store_.VisitFeed(
      unit, from, head, [known](const FeedPlace& place, const stored::v1::FeedRow& row) {
        const auto dossier = known->records.find(row.dossier_id());
        if (dossier != known->records.end()) dossier->second.insert(place.record);
        return true;
      }));
  known->read = std::max(from, head);
  return absl::OkStatus();
}

absl::StatusOr<std::set<sync::RecordId>> DossierRecords::After(
    const std::string& unit, uint64_t head, const sync::DossierActs& acts,
    const std::string& dossier, const absl::optional<sync::RecordId>& after) {
  absl::MutexLock lock(&mutex_);
  OfUnit& known = units_[unit];
  SOTAY_RETURN_IF_ERROR(Read(unit, head, acts, &known));
  const auto at = known.records.find(dossier);
  if (at == known.records.end()) return std::set<sync::RecordId>();
  const std::set<sync::RecordId>& records = at->second;
  const auto first = after.has_value() ? records.upper_bound(*after) : records.begin();
  return std::set<sync::RecordId>(first, records.end());
}

}  // namespace sotay::server
