// The oracle's half about steps that give way: law M13, word by word.
#include <algorithm>

#include "tests/laws/oracle.h"
#include "tests/laws/splice.h"

namespace sotay::laws {

bool Oracle::ChangesNothing(const Write& write) const {
  const auto [at, fresh] = idle_.emplace(std::make_pair(write.edit, write.op), false);
  if (!fresh) return at->second;
  const v1::FieldOp& op = OpOf(write);
  // The operations of its kind on its place before it, and of those the last.
  std::vector<Write> before;
  const auto writes = Writes(SeenBy(write.edit));
  if (const auto place = writes.find({op.field(), op.key()}); place != writes.end()) {
    for (const Write& other : place->second) {
      const v1::FieldOp::OpCase kind = OpOf(other).op_case();
      const bool of_a_set = kind == v1::FieldOp::kAdd || kind == v1::FieldOp::kRemove;
      const bool alike = op.op_case() == v1::FieldOp::kSet
                             ? kind == v1::FieldOp::kSet
                             : of_a_set && ValueOf(OpOf(other)) == ValueOf(op);
      if (alike) before.push_back(other);
    }
  }
  before = Standing(before);
  const auto added = [this](const Write& w) { return OpOf(w).op_case() == v1::FieldOp::kAdd; };
  const bool there = std::any_of(before.begin(), before.end(), added);
  bool nothing = false;
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      nothing = std::all_of(before.begin(), before.end(),
                            [&](const Write& w) { return OpOf(w).set() == op.set(); }) &&
                (!before.empty() || op.set().empty());
      break;
    case v1::FieldOp::kAdd:
      nothing = there;
      break;
    case v1::FieldOp::kRemove:
      nothing = !there;
      break;
    case v1::FieldOp::kCount:
      nothing = op.count() == 0;
      break;
    case v1::FieldOp::kText:
      nothing = true;
      for (const v1::TextSplice& splice : op.text().splices()) {
        nothing = nothing && splice.deleted() == 0 && splice.inserted().empty();
      }
      break;
    default:
      break;
  }
  idle_[{write.edit, write.op}] = nothing;
  return nothing;
}

std::map<std::string, size_t> Oracle::WorkApart(const Write& step, const Version& version) const {
  std::map<std::string, size_t> newest;
  const std::string& whose = past_->edits[step.edit].author.user_id;
  for (const auto& [path, writes] : Writes(version)) {
    if (path.first == OpOf(step).field()) continue;  // a step of it is no work
    for (const Write& write : writes) {
      const std::string& user = past_->edits[write.edit].author.user_id;
      if (user == whose || Saw(step, write) || Saw(write, step) || ChangesNothing(write)) continue;
      const auto [at, first] = newest.emplace(user, write.edit);
      if (!first && Earlier(at->second, write.edit)) at->second = write.edit;
    }
  }
  return newest;
}

bool Oracle::IsDecider(size_t edit, uint32_t field, int32_t value) const {
  constexpr uint32_t kOfAProsecutor = 10;
  const sync::Author& author = past_->edits[edit].author;
  const std::set<sync::Role>& deciders = type_->Field(field)->yielding.at(value);
  const bool anybody = deciders.count(options::v1::ROLE_PROSECUTOR) != 0;
  return author.authority > (anybody ? 0 : kOfAProsecutor);
}

bool Oracle::GaveWay(const Write& step, const Version& version) const {
  const auto& yielding = type_->Field(OpOf(step).field())->yielding;
  const auto to = static_cast<int32_t>(VarintIn(ValueOf(OpOf(step))));
  return yielding.count(to) != 0 && !WorkApart(step, version).empty() && !IsDecided(step);
}

bool Oracle::IsRequest(const Write& step, const Version& version) const {
  if (!GaveWay(step, version)) return false;
  const uint32_t field = OpOf(step).field();
  const auto to = static_cast<int32_t>(VarintIn(ValueOf(OpOf(step))));
  const auto writes = Writes(version);
  const std::vector<Write>& steps = writes.at({field, ""});
  return std::none_of(steps.begin(), steps.end(), [&](const Write& later) {
    return Saw(later, step) &&
           (IsDecider(later.edit, field, to) || !GaveWay(step, SeenBy(later.edit)));
  });
}

bool Oracle::IsDecided(const Write& step) const {
  const auto known = decided_.find({step.edit, step.op});
  if (known != decided_.end()) return known->second;
  bool decided = past_->edits[step.edit].author.written_on.has_value();
  const uint32_t field = OpOf(step).field();
  const Version& sight = SeenBy(step.edit);
  const auto writes = Writes(sight);
  const auto steps = writes.find({field, ""});
  if (steps != writes.end()) {
    for (const Write& asked : steps->second) {
      const auto to = static_cast<int32_t>(VarintIn(ValueOf(OpOf(asked))));
      decided = decided || (IsRequest(asked, sight) && IsDecider(step.edit, field, to));
    }
  }
  decided_[{step.edit, step.op}] = decided;
  return decided;
}

std::vector<Write> Oracle::StepsThatStand(const std::vector<Write>& steps, const Version& version,
                                          std::vector<Asked>* requests) const {
  std::vector<Write> firm;
  for (const Write& step : steps) {
    if (!GaveWay(step, version)) {
      firm.push_back(step);
    } else if (IsRequest(step, version)) {
      requests->push_back({step, WorkApart(step, version)});
    }
  }
  std::sort(requests->begin(), requests->end(), [this](const Asked& a, const Asked& b) {
    return past_->edits[a.step.edit].author.change < past_->edits[b.step.edit].author.change;
  });
  return Standing(firm);
}

}  // namespace sotay::laws
