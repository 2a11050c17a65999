// Replicas that do one thing wrong.  Each wraps the product's own merging and bends what goes
// in or what comes out; a judge that finds none of them out would prove nothing.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "sotay/options/v1/options.pb.h"
#include "tests/laws/replica.h"

namespace sotay::laws {

// A change that comes again counts as a new one.
class CountsAgain : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    if (!taken_.insert(node.author.change).second) {
      doctored.author.sequence += 1'000 + taken_.size();
      std::string id = node.author.change.str();
      std::reverse(id.begin(), id.end());
      doctored.author.change = *sync::ChangeId::From(id);
    }
    Replica::Apply(doctored);
  }

 private:
  std::set<sync::ChangeId> taken_;
};

// Whatever comes last is the newest.
class ArrivalWins : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.author.stamp = ++arrivals_;
    Replica::Apply(doctored);
  }

 private:
  sync::Stamp arrivals_ = 0;
};

// Refused edits have an effect all the same.
class AppliesRefused : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Pass(const sync::HistoryNode& node) override { Apply(node); }
};

// What an author had seen is forgotten on the way, but for its own edits.
class ForgetsWhatWasSeen : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.seen = sync::VersionVector();
    for (const auto& [device, sequence] : node.seen.entries()) {
      if (device == node.author.device) doctored.seen.Add(device, sequence);
    }
    Replica::Apply(doctored);
  }
};

// Every author is taken to have seen whatever is here: the last one wins, in silence.
class TakesAllAsSeen : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.seen = record_.seen();
    Replica::Apply(doctored);
  }
};

// A removal ends every addition that is here, seen or not.
class RemovesUnseen : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    if (std::any_of(node.edit.ops().begin(), node.edit.ops().end(),
                    [](const v1::FieldOp& op) { return op.op_case() == v1::FieldOp::kRemove; })) {
      doctored.seen.Join(record_.seen());
    }
    Replica::Apply(doctored);
  }
};

// Two equal steps of a counter are taken for one.
class CountsEqualStepsOnce : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.edit.clear_ops();
    for (const v1::FieldOp& op : node.edit.ops()) {
      if (op.op_case() == v1::FieldOp::kCount &&
          !steps_.emplace(std::make_pair(op.field(), op.key()), op.count()).second) {
        continue;
      }
      *doctored.edit.add_ops() = op;
    }
    Replica::Apply(doctored);
  }

 private:
  std::set<std::pair<sync::FieldPath, int64_t>> steps_;
};

// Somebody who sees everything is taken to have seen the first change only.
class PicksBlindly : public Replica {
 public:
  using Replica::Replica;

 protected:
  void ApplyOnTop(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.seen = sync::VersionVector();
    doctored.seen.Add(record_.birth().device, record_.birth().sequence);
    Replica::Apply(doctored);
  }
};

// A step never gives way to what its author had not seen.
class NeverYields : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    record_.Apply(node.edit, node.author, node.seen, {});
  }
};

// The history is not asked for a state: a step seems never to yield.
class DoesNotAskWhetherItYields : public Replica {
 public:
  using Replica::Replica;

 protected:
  bool MayYield(const sync::HistoryNode&) const override { return false; }
};

// Whoever steps on decides about what is asked for.
class AnybodyDecides : public Replica {
 public:
  using Replica::Replica;

 protected:
  void Apply(const sync::HistoryNode& node) override {
    sync::HistoryNode doctored = node;
    doctored.author.authority = 40;
    Replica::Apply(doctored);
  }
};

// A request is told only while nobody has written since.
class FallsSilent : public Replica {
 public:
  using Replica::Replica;

  v1::Record Now() const override {
    v1::Record record = Replica::Now();
    const auto& heads = record.heads();
    for (v1::FieldState& field : *record.mutable_fields()) {
      auto* requests = field.mutable_requests();
      requests->erase(std::remove_if(requests->begin(), requests->end(),
                                     [&](const v1::StepRequest& request) {
                                       return std::find(heads.begin(), heads.end(),
                                                        request.change()) == heads.end();
                                     }),
                      requests->end());
    }
    return record;
  }
};

// What is asked for is gone when the record is read again.
class StoresNoRequests : public Replica {
 public:
  using Replica::Replica;

  absl::Status Reopen(Build build) override {
    v1::Record record = Now();
    for (v1::FieldState& field : *record.mutable_fields()) field.clear_requests();
    auto parsed = sync::MergedRecord::FromProto(SchemaOf(build), record);
    if (!parsed.ok()) return parsed.status();
    record_ = *std::move(parsed);
    return absl::OkStatus();
  }
};

// A build that keeps only the fields it knows.
class DropsUnknown : public Replica {
 public:
  using Replica::Replica;

  absl::Status Reopen(Build build) override {
    v1::Record record = Now();
    auto* fields = record.mutable_fields();
    const sync::RecordType* type = TypeOf(build, record.type());
    fields->erase(std::remove_if(fields->begin(), fields->end(),
                                 [&](const v1::FieldState& field) {
                                   return type == nullptr || type->Field(field.field()) == nullptr;
                                 }),
                  fields->end());
    auto parsed = sync::MergedRecord::FromProto(SchemaOf(build), record);
    if (!parsed.ok()) return parsed.status();
    record_ = *std::move(parsed);
    return absl::OkStatus();
  }
};

// How far the record has come is told of the last author alone.
class ToldOfOneAuthor : public Replica {
 public:
  using Replica::Replica;

  v1::Record Now() const override {
    v1::Record record = Replica::Now();
    if (record.seen_size() > 1) {
      record.mutable_seen()->DeleteSubrange(1, record.seen_size() - 1);
    }
    return record;
  }
};

// Whatever version is asked for, what is here now is shown.
class ShowsTodayAsThen : public Replica {
 public:
  using Replica::Replica;

  v1::Record AsSeenBy(const sync::ChangeId&) override { return Now(); }
};

// An author is shown everything they had seen but what their own device had written.
class ForgetsOwnEditsOfThen : public Replica {
 public:
  using Replica::Replica;

  v1::Record AsSeenBy(const sync::ChangeId& change) override {
    const sync::HistoryNode& node = nodes_.at(change);
    sync::VersionVector version;
    for (const auto& [device, sequence] : node.seen.entries()) {
      if (device != node.author.device) version.Add(device, sequence);
    }
    return VersionAt(version);
  }

 protected:
  void Apply(const sync::HistoryNode& node) override {
    nodes_.emplace(node.author.change, node);
    Replica::Apply(node);
  }
  void Pass(const sync::HistoryNode& node) override { nodes_.emplace(node.author.change, node); }

 private:
  std::map<sync::ChangeId, sync::HistoryNode> nodes_;
};

// Nobody is named.
class NamesNobody : public Replica {
 public:
  using Replica::Replica;

  v1::Record Now() const override {
    v1::Record record = Replica::Now();
    for (v1::ChangeRef& change : *record.mutable_changes()) change.clear_user_id();
    return record;
  }
};

}  // namespace sotay::laws
