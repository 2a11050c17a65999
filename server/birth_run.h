// Places in a unit's feed, and the run of those where records were born: one row for what would
// be a row each (sotay/stored/v1/runs.proto).  Values; one thread for each.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/stored/v1/runs.pb.h"
#include "sotay/stored/v1/server.pb.h"
#include "sync/ids.h"

namespace sotay::server {

// A record's place in its unit's feed.
struct FeedPlace {
  uint64_t position = 0;
  sync::RecordId record;

  // Order of the feed.
  friend bool operator<(const FeedPlace& a, const FeedPlace& b) {
    return std::tie(a.position, a.record) < std::tie(b.position, b.record);
  }
  friend bool operator==(const FeedPlace& a, const FeedPlace& b) {
    return a.position == b.position && a.record == b.record;
  }
};

class BirthRun {
 public:
  // The run of the row whose key names `position`.  Nothing when it cannot be read, or its parts do
  // not fit each other and its key.
  static absl::optional<BirthRun> Read(uint64_t position, absl::string_view value);

  // Behind the places that are there; the row says it is newborn.
  void Add(const FeedPlace& place, const stored::v1::FeedRow& row);
  // Whether what another change bears goes into another run.  What one bears is never parted.
  bool full() const { return places_.size() >= kBirthsMax; }
  // Empties it, and keeps its memory.
  void Clear();
  // Appends the row for a key that names `position`, which is no less than the last place's.
  void AppendTo(uint64_t position, std::string* out);

  const std::vector<FeedPlace>& places() const { return places_; }
  // What the feed says of the record at place `index`.
  void FillRow(size_t index, stored::v1::FeedRow* row) const;

 private:
  static constexpr size_t kBirthsMax = 64;

  bool Fits() const;

  stored::v1::BirthRunRow row_;  // without `back`, and with what AppendTo leaves out
  std::vector<FeedPlace> places_;
};

}  // namespace sotay::server
