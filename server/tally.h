// Numbers of records, one thing that was recorded several times being one, and what the records of
// it have together (sync/one_thing.h).  The guard comes first, as in supervision.h; what an answer
// shows of records is told in `shown`, unless that is null.  Reads only; any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "server/directory.h"
#include "server/shown.h"
#include "server/store.h"
#include "server/supervision.h"
#include "sotay/v1/tally_service.pb.h"
#include "sync/one_thing.h"
#include "sync/schema.h"

namespace sotay::server {

// How much one answer looks through: a second or so of one of the threads that answer everybody.
struct TallyLimits {
  size_t rows = 400'000;
  size_t records = 50'000;
};

class Tally {
 public:
  // kInvalidArgument, naming the type, when one of them declares what cannot be.  What it is given
  // outlives it.
  static absl::StatusOr<std::unique_ptr<Tally>> Make(const Directory* directory, Store* store,
                                                     const sync::Schema* schema,
                                                     const Supervision* supervision,
                                                     TallyLimits limits = {});

  // Both fail as in TallyService.
  absl::StatusOr<v1::CountRecordsResponse> CountRecords(
      const Person& person, const v1::CountRecordsRequest& request) const;
  absl::StatusOr<v1::GetTogetherResponse> GetTogether(const Person& person,
                                                      const v1::GetTogetherRequest& request,
                                                      ShownParts* shown = nullptr) const;

 private:
  class Counting;
  struct Bound;
  struct Seen;

  Tally(const Directory* directory, Store* store, const sync::Schema* schema,
        const Supervision* supervision, TallyLimits limits)
      : directory_(*directory),
        store_(*store),
        schema_(*schema),
        supervision_(*supervision),
        limits_(limits) {}

  // The units a request asks for, from the top; NOT_FOUND when it names one of which the person may
  // neither read nor count anything.
  absl::StatusOr<std::vector<std::string>> UnitsFor(const Person& person, const std::string& unit,
                                                    bool subtree) const;
  // Shows records of the unit whose row is wanted and of which `may` says so, each once and one at
  // a time, until `take` returns false.
  using Wanted = absl::FunctionRef<bool(const FeedPlace&, const stored::v1::FeedRow&)>;
  using May = absl::FunctionRef<absl::StatusOr<sync::Verdict>(const FeedPlace&,
                                                              const stored::v1::FeedRow&)>;
  using Take = absl::FunctionRef<bool(Seen&&)>;
  absl::Status Visit(const std::string& unit, Wanted wanted, May may, Bound* left, Take take) const;
  absl::StatusOr<v1::UnitTally> CountIn(const Person& person, const std::string& unit,
                                        const sync::RecordType& type,
                                        const std::set<int32_t>* states, Bound* left) const;
  // The group of a record that is there and the person's to read, in order of birth.
  absl::StatusOr<std::vector<sync::RecordId>> GroupOf(const sync::MergedRecord& asked,
                                                      Reading* reading, Bound* left) const;
  // The record as it is now, if it is theirs to read.
  absl::StatusOr<absl::optional<Seen>> Load(const sync::RecordId& id, Reading* reading) const;

  const Directory& directory_;
  Store& store_;
  const sync::Schema& schema_;
  const Supervision& supervision_;
  const TallyLimits limits_;
  // Types whose records may belong to others.
  std::map<std::string, sync::Belonging> belonging_;
};

}  // namespace sotay::server
