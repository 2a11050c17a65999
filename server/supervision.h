// Central reading: what supervisors and members see.  Every answer comes from the guard first
// and the store second; a unit or record that is not the caller's is answered as if it were not
// there.  What an answer shows of records is told in `shown`, unless that is null.  Reads only; any
// thread.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/page.h"
#include "server/reading.h"
#include "server/shown.h"
#include "server/store.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/history.h"
#include "sync/schema.h"

namespace sotay::server {

class Supervision {
 public:
  Supervision(const Directory* directory, Store* store, const sync::Schema* schema)
      : directory_(*directory), store_(*store), schema_(*schema) {}

  // Records of the units, unit after unit from the top, within a unit the newest change first.
  // A page may hold fewer than asked for, even none, and still not be the last: it ends where
  // it has grown to kPageBytesMax or has looked through many records that did not match.
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(const Person& person,
                                                      const v1::ListRecordsRequest& request,
                                                      ShownParts* shown = nullptr) const;
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const Person& person,
                                                          const v1::ListConflictsRequest& request,
                                                          ShownParts* shown = nullptr) const;
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const Person& person,
                                                  const v1::GetRecordRequest& request,
                                                  ShownParts* shown = nullptr) const;
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const Person& person, const v1::ListRecordHistoryRequest& request,
      ShownParts* shown = nullptr) const;
  // Changes that can be read for no unit are listed with the units of their author.
  absl::StatusOr<v1::ListQuarantineResponse> ListQuarantine(
      const Person& person, const v1::ListQuarantineRequest& request,
      ShownParts* shown = nullptr) const;
  absl::StatusOr<v1::ListDevicesResponse> ListDevices(const Person& person,
                                                      const v1::ListDevicesRequest& request) const;
  absl::StatusOr<v1::ListUnitsResponse> ListUnits(const Person& person) const;

  // The record a whole id or the beginning of one names, and what of it is shown, for those who may
  // read it.
  absl::StatusOr<v1::FeedRecord> Resolve(const Person& person, const std::string& id_bytes,
                                         Shown* shown) const;
  // Whether the person is shown a change that was set aside.
  absl::StatusOr<bool> MaySee(const Person& person, const v1::QuarantinedChange& change) const;
  // A unit's records as the person may read them.
  Reading ReadingOf(const Person& person, const std::string& unit) const {
    return Reading(directory_, &store_, schema_, person, unit);
  }

 private:
  struct Filter;
  struct Found;

  // Whether the record may be read, by the short row of its unit's feed; where anything of the unit
  // may, true when it stands at that place no longer.  For what may not, and for what stands in for
  // a record that is not there, the same is looked up whoever asks, so that time does not tell.
  absl::StatusOr<bool> MayRead(Reading* reading, const std::string& unit, const RecordPlace& place,
                               bool stands_in) const;
  // The units a request asks for; NOT_FOUND when it names one the person may not read.
  absl::StatusOr<std::vector<std::string>> UnitsFor(const Person& person, const std::string& unit,
                                                    bool subtree) const;
  absl::StatusOr<Filter> FilterFor(const v1::ListRecordsRequest& request) const;
  // A page of the records that match.
  absl::StatusOr<Found> Find(const Person& person, const std::vector<std::string>& units,
                             const Filter& filter, size_t size,
                             const absl::optional<PagePlace>& from, ShownParts* shown) const;
  // The record's history, when entries of it must say what their authors had seen.
  absl::StatusOr<absl::optional<sync::History>> HistoryToTell(const v1::FeedRecord& found) const;
  // Of the units that are read, the one through which the change may be seen; empty: none.
  absl::StatusOr<std::string> SeenThrough(std::vector<std::pair<std::string, Reading>>* units,
                                          const v1::QuarantinedChange& change) const;
  // Those of the units, as the person may read them.
  std::vector<std::pair<std::string, Reading>> ReadingsOf(
      const Person& person, const std::vector<std::string>& units) const;

  const Directory& directory_;
  Store& store_;
  const sync::Schema& schema_;
};

}  // namespace sotay::server
