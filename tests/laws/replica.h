// A replica of one record, made of the product's own parts: edits arrive at sync::History,
// which finds what their authors had seen, and are applied to a sync::MergedRecord.  Faulty
// replicas derive from it and do one thing wrong on the way in or out; the product itself
// knows nothing of them.  Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "sotay/v1/record.pb.h"
#include "sync/history.h"
#include "sync/merged_record.h"
#include "tests/laws/paper.h"
#include "tests/laws/past.h"

namespace sotay::laws {

class Replica {
 public:
  // The record `past` is of, before its first edit, in the hands of `build`.
  Replica(Build build, const Past& past);
  virtual ~Replica() = default;
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // An edit arrives, for the first time or again.  Fails when it does not fit the history.
  absl::Status Take(const PastEdit& edit);

  // An edit made here and now, by somebody who sees all there is.
  void Write(const PastEdit& edit);

  // The record is stored and read back, maybe by another build.
  virtual absl::Status Reopen(Build build);

  // The record as it would be sent.
  virtual v1::Record Now() const;

  const sync::MergedRecord& record() const { return record_; }
  sync::History& history() { return history_; }

 protected:
  // `node` comes, for the first time or again; History has found what its author had seen.
  virtual void Apply(const sync::HistoryNode& node);
  // The same of a refused edit, which has no effect.
  virtual void Pass(const sync::HistoryNode& node) { static_cast<void>(node); }
  virtual void ApplyOnTop(const sync::HistoryNode& node) { Apply(node); }
  // Whether the states must be told from the history for it, asked before it is applied.
  virtual bool MayYield(const sync::HistoryNode& node) const {
    return record_.MayYield(node.edit, node.seen);
  }

  sync::MergedRecord record_;

 private:
  sync::History history_;
};

using ReplicaMaker = std::function<std::unique_ptr<Replica>(Build, const Past&)>;

// Makers of replicas of one kind.
template <typename Kind>
ReplicaMaker MakerOf() {
  return [](Build build, const Past& past) { return std::make_unique<Kind>(build, past); };
}

}  // namespace sotay::laws
