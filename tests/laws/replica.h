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

  // The record as the author of that edit, which is here, had it before them.
  virtual v1::Record AsSeenBy(const sync::ChangeId& change);

  const sync::MergedRecord& record() const { return record_; }

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

  v1::Record VersionAt(const sync::VersionVector& version);

  sync::MergedRecord record_;

 private:
  sync::History history_;
};

struct ReplicaMaker {
  std::function<std::unique_ptr<Replica>(Build, const Past&)> make;
  // Whether a judge, when nothing breaks its law, holds the whole record against the oracle's too.
  // Not of planted faults, which the law must find out by itself.
  bool by_definition = true;

  std::unique_ptr<Replica> operator()(Build build, const Past& past) const {
    return make(build, past);
  }
};

// Makers of replicas of one kind.
template <typename Kind>
ReplicaMaker MakerOf() {
  return {[](Build build, const Past& past) { return std::make_unique<Kind>(build, past); }};
}
template <typename Faulty>
ReplicaMaker FaultyMakerOf() {
  ReplicaMaker maker = MakerOf<Faulty>();
  maker.by_definition = false;
  return maker;
}

}  // namespace sotay::laws
