#include "server/hanging.h"

#include <algorithm>

#include "sync/status_macros.h"

namespace sotay::server {

absl::StatusOr<std::set<sync::RecordId>> Hanging::In(const std::string& unit, uint64_t head,
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
  const auto at = known.records.find(dossier.str());
  return at == known.records.end() ? std::set<sync::RecordId>() : at->second;
}

}  // namespace sotay::server
