// A store as it was at one moment.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace leveldb {
class Iterator;
class Snapshot;
}  // namespace leveldb
namespace sotay::durable {
class Store;
}  // namespace sotay::durable

namespace sotay::server {

// A store as it was at one moment, whatever is written since.  To be given back soon: what it
// still shows is not removed from disk meanwhile.  Any thread; before the store closes.
class Moment {
 public:
  // Begins now.
  explicit Moment(durable::Store* durable);
  ~Moment();
  Moment(const Moment&) = delete;
  Moment& operator=(const Moment&) = delete;

  // Calls `visit` for keys from `from` on, below `end` (empty: all), until it returns false.
  absl::Status Visit(
      const std::string& from, const std::string& end,
      const std::function<bool(absl::string_view key, absl::string_view value)>& visit) const;
  // Its rows; what is read stays in memory for others.
  std::unique_ptr<leveldb::Iterator> Rows() const;

 private:
  durable::Store& durable_;
  const leveldb::Snapshot* const snapshot_;
};

}  // namespace sotay::server
