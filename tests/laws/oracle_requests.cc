// The oracle's half about steps that give way: law M13, word by word.
#include <algorithm>

#include "tests/laws/oracle.h"
#include "tests/laws/splice.h"

namespace sotay::laws {

std::map<std::string, size_t> Oracle::WorkApart(const Write& step, const Version& version) const {
  std::map<std::string, size_t> newest;
  const std::string& whose = past_->edits[step.edit].author.user_id;
  for (const auto& [path, writes] : Writes(version)) {
    if (path.first == OpOf(step).field()) continue;  // a step of it is a decision, and no work
    for (const Write& write : writes) {
      const std::string& user = past_->edits[write.edit].author.user_id;
      if (user == whose || Saw(step, write) || Saw(write, step)) continue;
      const auto [at, first] = newest.emplace(user, write.edit);
      if (!first && Earlier(at->second, write.edit)) at->second = write.edit;
    }
  }
  return newest;
}

std::vector<Write> Oracle::StepsThatStand(const std::vector<Write>& steps, const Version& version,
                                          std::vector<Asked>* requests) const {
  const std::map<int32_t, std::set<sync::Role>>& yielding =
      type_->Field(OpOf(steps.front()).field())->yielding;
  std::vector<Write> firm;
  for (const Write& step : steps) {
    const auto to = static_cast<int32_t>(VarintIn(ValueOf(OpOf(step))));
    const auto others =
        yielding.count(to) == 0 ? std::map<std::string, size_t>() : WorkApart(step, version);
    if (others.empty()) {
      firm.push_back(step);
    } else if (std::none_of(steps.begin(), steps.end(),
                            [&](const Write& other) { return Saw(other, step); })) {
      requests->push_back({step, others});
    }
  }
  std::sort(requests->begin(), requests->end(), [this](const Asked& a, const Asked& b) {
    return past_->edits[a.step.edit].author.change < past_->edits[b.step.edit].author.change;
  });
  return Standing(firm);
}

}  // namespace sotay::laws
