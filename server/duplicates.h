// Records that look like one thing recorded twice, as their types declare it
// (sotay/options/v1/duplicates.proto).  The guard comes first, as in supervision.h; what an answer
// shows is told in `shown`, unless that is null.  Reads only; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/directory.h"
#include "server/shown.h"
#include "server/store.h"
#include "sotay/v1/duplicate_service.pb.h"
#include "sync/schema.h"

namespace sotay::server {

class Duplicates {
 public:
  // kInvalidArgument, naming the type, when one of them declares what cannot be.  What it is given
  // outlives it.
  static absl::StatusOr<std::unique_ptr<Duplicates>> Make(const Directory* directory, Store* store,
                                                          const sync::Schema* schema);

  // Fails as DuplicateService.ListDuplicates.  Looks through at most 100,000 rows, the newest, and
  // 5,000 records of types that declare duplicates, and answers at most 200 pairs or 2 MiB of
  // records.
  absl::StatusOr<v1::ListDuplicatesResponse> ListDuplicates(
      const Person& person, const v1::ListDuplicatesRequest& request,
      ShownParts* shown = nullptr) const;

 private:
  // A type's declaration, by the fields it names.
  struct Rule {
    const sync::RecordType* type = nullptr;
    std::vector<const sync::FieldType*> same;
    const sync::FieldType* when = nullptr;
    const sync::FieldType* link = nullptr;
    int64_t within_ms = 0;
    bool when_filled = false;
    std::vector<std::pair<const sync::FieldType*, int32_t>> only;  // and the enum number
  };
  // How much may still be looked through.
  struct Bound {
    size_t rows;
    size_t records;
  };
  struct Candidate;
  struct Pair;

  Duplicates(const Directory* directory, Store* store, const sync::Schema* schema)
      : directory_(*directory), store_(*store), schema_(*schema) {}

  static absl::StatusOr<Rule> RuleOf(const sync::RecordType& type);
  // The unit's records of types with a rule that the person may read; `left` is how many may still
  // be looked through.
  absl::StatusOr<std::vector<Candidate>> Gather(const Person& person, const std::string& unit,
                                                Bound* left) const;
  static absl::optional<Candidate> CandidateOf(const Rule& rule, const sync::MergedRecord& record);
  // `more`: set when there are more than are looked for.
  static std::vector<Pair> PairsAmong(std::vector<Candidate> candidates, bool* more);

  const Directory& directory_;
  Store& store_;
  const sync::Schema& schema_;
  std::vector<Rule> rules_;
};

}  // namespace sotay::server
