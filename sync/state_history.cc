#include "sync/state_history.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "sync/fragment.h"
#include "sync/yielding.h"

namespace sotay::sync {
namespace {

bool Saw(const HistoryNode& later, const HistoryNode& earlier) {
  return later.seen.Has(earlier.author.device, earlier.author.sequence);
}

// What was written where, to tell work from what changes nothing.
class Writings {
 public:
  explicit Writings(const std::vector<HistoryNode>& nodes) {
    for (const HistoryNode& node : nodes) {
      if (!node.applied) continue;
      for (const v1::FieldOp& op : node.edit.ops()) {
        places_[{op.field(), op.key()}].emplace_back(&node, &op);
      }
    }
  }

  // Whether the edit changes something in any field but that one, whatever its rule: so builds that
  // do not know it say the same.
  bool IsWork(const HistoryNode& node, uint32_t besides) const {
    return std::any_of(node.edit.ops().begin(), node.edit.ops().end(),
                       [&](const auto& op) { return op.field() != besides && Changes(node, op); });
  }

 private:
  bool Changes(const HistoryNode& node, const v1::FieldOp& op) const {
    using Op = v1::FieldOp;
    switch (op.op_case()) {
      case Op::kSet: {
        const auto before = Before(node, op, [](const Op& other) { return other.has_set(); });
        if (before.empty()) return !op.set().empty();
        return std::any_of(before.begin(), before.end(),
                           [&](const Op* other) { return other->set() != op.set(); });
      }
      case Op::kAdd:
      case Op::kRemove: {
        const std::string& value = op.has_add() ? op.add() : op.remove();
        const auto before = Before(node, op, [&](const Op& other) {
          return (other.has_add() && other.add() == value) ||
                 (other.has_remove() && other.remove() == value);
        });
        const bool there = std::any_of(before.begin(), before.end(),
                                       [](const Op* other) { return other->has_add(); });
        return there != op.has_add();
      }
      case Op::kText:
        return std::any_of(op.text().splices().begin(), op.text().splices().end(),
                           [](const v1::TextSplice& splice) {
                             return splice.deleted() != 0 || !splice.inserted().empty();
                           });
      case Op::kCount:
        return op.count() != 0;
      case Op::kAppend:
        return true;
      case Op::OP_NOT_SET:
        break;
    }
    return false;
  }
  // The last operations on its place, of those that are `alike`, which the edit's author had seen.
  template <typename Alike>
  std::vector<const v1::FieldOp*> Before(const HistoryNode& node, const v1::FieldOp& op,
                                         const Alike& alike) const {
    std::vector<const v1::FieldOp*> last;
    std::vector<const HistoryNode*> by;
    const auto& place = places_.at({op.field(), op.key()});
    // Backwards: what was seen stands before whatever has seen it.
    for (auto at = place.rbegin(); at != place.rend(); ++at) {
      if (!Saw(node, *at->first) || !alike(*at->second)) continue;
      const bool seen = std::any_of(by.begin(), by.end(), [&](const HistoryNode* later) {
        return later == at->first || Saw(*later, *at->first);
      });
      if (seen) continue;
      last.push_back(at->second);
      by.push_back(at->first);
    }
    return last;
  }

  std::map<FieldPath, std::vector<std::pair<const HistoryNode*, const v1::FieldOp*>>> places_;
};

struct Step {
  const HistoryNode* node = nullptr;
  int op = 0;
  bool yielding = false;                      // its value does
  bool decision = false;                      // and so it gives way to nothing
  std::vector<const HistoryNode*> work = {};  // by others, apart from it

  const std::string& value() const { return node->edit.ops(op).set(); }
  int32_t to() const { return static_cast<int32_t>(VarintOf(value()).value_or(0)); }
  bool gives_way() const { return !decision && !work.empty(); }
  // To somebody who had seen that much.
  bool GaveWay(const VersionVector& seen) const {
    return !decision && std::any_of(work.begin(), work.end(), [&](const HistoryNode* node_of) {
      return seen.Has(node_of->author.device, node_of->author.sequence);
    });
  }
};

bool Saw(const Step& later, const Step& earlier) {
  return later.node == earlier.node ? later.op > earlier.op : Saw(*later.node, *earlier.node);
}

// The steps of one state in a version, in an order in which each comes after what it had seen.
class Steps {
 public:
  Steps(const FieldType& field, const std::vector<HistoryNode>& nodes, const VersionVector& version)
      : field_(field) {
    for (const HistoryNode& node : nodes) {
      if (!node.applied || !version.Has(node.author.device, node.author.sequence)) continue;
      edits_.push_back(&node);
      for (int op = 0; op < node.edit.ops_size(); ++op) {
        if (node.edit.ops(op).field() != field.number || !node.edit.ops(op).has_set()) continue;
        Step& step = steps_.emplace_back();
        step.node = &node;
        step.op = op;
        step.yielding = field.yielding.count(step.to()) != 0;
      }
    }
  }

  bool may_yield() const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const Step& step) { return step.yielding; });
  }
  void Weigh(const Writings& writings) {
    std::map<const HistoryNode*, bool> work;  // those that were looked at
    for (Step& step : steps_) {
      if (!step.yielding) continue;
      step.decision = step.node->author.written_on.has_value() || HasRequestBefore(step);
      if (!step.decision) FindWork(writings, &work, &step);
    }
  }
  WrittenState State() const {
    WrittenState state;
    for (const Step& step : steps_) {
      if (!step.gives_way()) {
        if (!Ended(step)) state.standing.push_back({step.value(), step.node->author});
      } else if (!Settled(step, nullptr)) {
        state.requests.push_back(RequestOf(step));
      }
    }
    return state;
  }

 private:
  void FindWork(const Writings& writings, std::map<const HistoryNode*, bool>* known,
                Step* step) const {
    for (const HistoryNode* node : edits_) {
      if (node == step->node || node->author.user_id == step->node->author.user_id) continue;
      if (Saw(*node, *step->node) || Saw(*step->node, *node)) continue;
      const auto [at, fresh] = known->emplace(node, false);
      if (fresh) at->second = writings.IsWork(*node, field_.number);
      if (at->second) step->work.push_back(node);
    }
  }
  // Whether the step's author had a request before them about which they decide.
  bool HasRequestBefore(const Step& step) const {
    const VersionVector& seen = step.node->seen;
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& asked) {
      return asked.yielding && asked.node != step.node && Saw(*step.node, *asked.node) &&
             Decides(field_, asked.to(), step.node->author) && asked.GaveWay(seen) &&
             !Settled(asked, step.node);
    });
  }
  // Whether somebody has stepped on who may decide about it, or did not find it a request;
  // `before`: null, or of whose author's sight it is.
  bool Settled(const Step& asked, const HistoryNode* before) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& later) {
      return Saw(later, asked) && (before == nullptr || Saw(*before, *later.node)) &&
             (Decides(field_, asked.to(), later.node->author) || !asked.GaveWay(later.node->seen));
    });
  }
  bool Ended(const Step& step) const {
    return std::any_of(steps_.begin(), steps_.end(),
                       [&](const Step& later) { return !later.gives_way() && Saw(later, step); });
  }
  // Of each other person the newest work.
  static WrittenState::Request RequestOf(const Step& step) {
    std::map<std::string, const Author*> newest;
    for (const HistoryNode* node : step.work) {
      const Author*& known = newest[node->author.user_id];
      if (known == nullptr || std::tie(known->stamp, known->change) <
                                  std::tie(node->author.stamp, node->author.change)) {
        known = &node->author;
      }
    }
    WrittenState::Request request;
    request.value = step.value();
    request.author = step.node->author;
    request.reason = step.node->reason;
    for (const auto& [user, author] : newest) request.unaware.push_back(*author);
    return request;
  }

  const FieldType& field_;
  std::vector<const HistoryNode*> edits_;
  std::vector<Step> steps_;
};

}  // namespace

absl::optional<WrittenState> StateAt(const FieldType& field, const std::vector<HistoryNode>& nodes,
                                     const VersionVector& version) {
  Steps steps(field, nodes, version);
  if (!steps.may_yield()) return absl::nullopt;
  steps.Weigh(Writings(nodes));
  return steps.State();
}

}  // namespace sotay::sync
