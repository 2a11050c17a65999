#include "sync/state_history.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "sync/fragment.h"

namespace sotay::sync {
namespace {

struct Step {
  const HistoryNode* node = nullptr;
  int op = 0;
  bool yields = false;
  std::map<std::string, const Author*> unaware = {};  // by user: the newest work it yields to

  const std::string& value() const { return node->edit.ops(op).set(); }
};

bool Saw(const HistoryNode& later, const HistoryNode& earlier) {
  return later.seen.Has(earlier.author.device, earlier.author.sequence);
}

bool Saw(const Step& later, const Step& earlier) {
  return later.node == earlier.node ? later.op > earlier.op : Saw(*later.node, *earlier.node);
}

// To write in any other field, whatever its rule: so builds that do not know it say the same.
bool IsWork(const v1::RecordEdit& edit, uint32_t field) {
  return std::any_of(edit.ops().begin(), edit.ops().end(), [field](const v1::FieldOp& op) {
    return op.field() != field && op.op_case() != v1::FieldOp::OP_NOT_SET;
  });
}

void FindUnaware(const std::vector<const HistoryNode*>& work, Step* step) {
  for (const HistoryNode* node : work) {
    const Author& author = node->author;
    if (author.user_id == step->node->author.user_id) continue;
    if (node == step->node || Saw(*node, *step->node) || Saw(*step->node, *node)) continue;
    step->yields = true;
    const Author*& newest = step->unaware[author.user_id];
    if (newest == nullptr ||
        std::tie(newest->stamp, newest->change) < std::tie(author.stamp, author.change)) {
      newest = &author;
    }
  }
}

}  // namespace

absl::optional<WrittenState> StateAt(const FieldType& field, const std::vector<HistoryNode>& nodes,
                                     const VersionVector& version) {
  std::vector<Step> steps;
  std::vector<const HistoryNode*> work;
  bool may_yield = false;
  const auto yielding = [&](const Step& step) {
    return field.yielding.count(static_cast<int32_t>(VarintOf(step.value()).value_or(0))) != 0;
  };
  for (const HistoryNode& node : nodes) {
    if (!node.applied || !version.Has(node.author.device, node.author.sequence)) continue;
    if (IsWork(node.edit, field.number)) work.push_back(&node);
    for (int op = 0; op < node.edit.ops_size(); ++op) {
      if (node.edit.ops(op).field() != field.number || !node.edit.ops(op).has_set()) continue;
      steps.push_back({&node, op});
      may_yield = may_yield || yielding(steps.back());
    }
  }
  if (!may_yield) return absl::nullopt;
  for (Step& step : steps) {
    if (yielding(step)) FindUnaware(work, &step);
  }
  WrittenState state;
  for (const Step& step : steps) {
    const bool seen = std::any_of(steps.begin(), steps.end(), [&](const Step& other) {
      return (step.yields || !other.yields) && Saw(other, step);
    });
    if (seen) continue;
    if (!step.yields) {
      state.standing.push_back({step.value(), step.node->author});
      continue;
    }
    WrittenState::Request& request = state.requests.emplace_back();
    request.value = step.value();
    request.author = step.node->author;
    request.reason = step.node->reason;
    for (const auto& [user, author] : step.unaware) request.unaware.push_back(*author);
  }
  return state;
}

}  // namespace sotay::sync
