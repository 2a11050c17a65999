#include "server/purge_feed.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Of every run what is not of the dossier; of the births that go also the rows that say they are
// gone.
absl::Status PurgeBirths(Store* store, const std::string& unit, absl::string_view dossier,
                         FeedPurge* purge) {
  std::vector<std::string> places;
  absl::Status status;
  const std::string prefix = UnitPrefix(Table::kBirths, unit);
  SOTAY_RETURN_IF_ERROR(store->TakeMoment()->Visit(
      prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        const absl::optional<KeyParts> parts = ParseKey(key);
        const auto run = parts.has_value() ? BirthRun::Read(parts->number, value) : absl::nullopt;
        if (!run.has_value()) {
          status = absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
          return false;
        }
        BirthRun stays;
        stored::v1::FeedRow row;
        for (size_t i = 0; i < run->places().size(); ++i) {
          const FeedPlace& place = run->places()[i];
          run->FillRow(i, &row);
          if (row.dossier_id() != dossier) {
            stays.Add(place, row);
            continue;
          }
          purge->records.insert(place.record);
          places.push_back(FeedKey(unit, place.position, place.record));
        }
        if (stays.places().size() == run->places().size()) return true;
        if (stays.places().empty()) {
          purge->erased.emplace_back(key);
          return true;
        }
        std::string rest;
        stays.AppendTo(parts->number, &rest);
        purge->puts.emplace_back(key, std::move(rest));
        return true;
      }));
  SOTAY_RETURN_IF_ERROR(status);
  for (std::string& place : places) {
    SOTAY_ASSIGN_OR_RETURN(const auto gone, store->Get(place));
    if (gone.has_value()) purge->erased.push_back(std::move(place));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FeedPurge> PlanFeedPurge(Store* store, const std::string& unit,
                                        absl::string_view dossier) {
  FeedPurge purge;
  SOTAY_RETURN_IF_ERROR(PurgeBirths(store, unit, dossier, &purge));
  SOTAY_RETURN_IF_ERROR(
      store->VisitFeed(unit, 0, std::numeric_limits<uint64_t>::max() - 1,
                       [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
                         if (row.dossier_id() != dossier) {
                           ++purge.others;
                         } else if (!row.newborn()) {
                           purge.records.insert(place.record);
                           purge.erased.push_back(FeedKey(unit, place.position, place.record));
                         }
                         return true;
                       }));
  return purge;
}

}  // namespace sotay::server
