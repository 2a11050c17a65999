// The judge of law M13: steps that give way to others' work.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/laws/facts.h"
#include "tests/laws/judges.h"
#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

// Whether somebody else worked in the record, as far as `version` knows, neither knowing of the
// other.
bool Overlooks(const Past& past, const Facts& facts, const Write& step, const Version& version) {
  for (const auto& [path, writes] : facts.writes()) {
    if (path.first == facts.OpOf(step).field()) continue;
    for (const Write& work : writes) {
      if (version.count(work.edit) != 0 && !facts.oracle().ChangesNothing(work) &&
          past.edits[work.edit].author.user_id != past.edits[step.edit].author.user_id &&
          !facts.oracle().Saw(work, step) && !facts.oracle().Saw(step, work)) {
        return true;
      }
    }
  }
  return false;
}

// What is asked for in a field: change id → the request.
std::map<std::string, v1::StepRequest> RequestsAt(const v1::Record& record,
                                                  const sync::FieldPath& path) {
  std::map<std::string, v1::StepRequest> requests;
  for (const v1::FieldState& field : record.fields()) {
    if (field.field() != path.first) continue;
    for (const v1::StepRequest& request : field.requests()) {
      requests[record.changes(static_cast<int>(request.change())).change_id()] = request;
    }
  }
  return requests;
}

std::string JudgeSteps(const Past& past, const Facts& facts, const sync::FieldPath& path,
                       const std::vector<Write>& steps, const v1::Record& record) {
  const auto& yielding = TypeOf(kNewest, past.type)->Field(path.first)->yielding;
  std::set<std::pair<size_t, int>> gave_way;
  const auto value = [&](const Write& step) {
    return static_cast<int32_t>(VarintIn(ValueOf(facts.OpOf(step))));
  };
  for (const Write& step : steps) {
    if (yielding.count(value(step)) != 0 && !facts.oracle().IsDecided(step) &&
        Overlooks(past, facts, step, facts.oracle().all())) {
      gave_way.insert({step.edit, step.op});
    }
  }
  const std::vector<Reading> standing = ReadingsAt(record, path);
  const std::map<std::string, v1::StepRequest> requests = RequestsAt(record, path);
  for (const Write& step : steps) {
    // Of an edit with several the last counts; no honest build makes such a one.
    if (std::any_of(steps.begin(), steps.end(), [&](const Write& other) {
          return other.edit == step.edit && other.op > step.op;
        })) {
      continue;
    }
    const Reading reading = facts.ReadingOf(step);
    const auto request = requests.find(reading.second);
    const auto seen_by = [&](const auto& whom) {
      return std::any_of(steps.begin(), steps.end(), [&](const Write& other) {
        return facts.oracle().Saw(other, step) && whom(other);
      });
    };
    if (gave_way.count({step.edit, step.op}) == 0) {
      if (request != requests.end()) return absl::StrCat("#", step.edit, " asks for no reason");
      const bool ended = seen_by([&](const Write& other) {
        return gave_way.count({other.edit, other.op}) == 0;
      });
      if (!ended && !Has(standing, reading)) {
        return absl::StrCat("#", step.edit, " does not stand, and only what gave way has seen it");
      }
      continue;
    }
    if (Has(standing, reading)) {
      return absl::StrCat("#", step.edit, " stands over work it did not know of");
    }
    // By whoever decides, or to whom it was no request.
    const bool decided = seen_by([&](const Write& other) {
      return facts.oracle().IsDecider(other.edit, path.first, value(step)) ||
             !Overlooks(past, facts, step, facts.oracle().SeenBy(other.edit));
    });
    if (decided != (request == requests.end())) {
      return absl::StrCat(
          "#", step.edit,
          decided ? " was decided and is asked for still" : " is asked for and nobody is told");
    }
    if (decided) continue;
    if (request->second.value() != reading.first ||
        request->second.reason() != past.edits[step.edit].reason ||
        request->second.unaware().empty()) {
      return absl::StrCat("#", step.edit, " is told as another request than it is");
    }
  }
  return "";
}

}  // namespace

std::string JudgeM13(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  const auto replica = make(kNewest, past);
  for (size_t i : RandomOrder(past, chance)) {
    for (int times = chance->Percent(30) ? 2 : 1; times > 0; --times) {
      if (auto status = replica->Take(past.edits[i]); !status.ok()) {
        return absl::StrCat("the replica stumbled: ", status.ToString());
      }
    }
    if (chance->Percent(30) && !replica->record().empty()) {
      if (auto status = replica->Reopen(kNewest); !status.ok()) {
        return absl::StrCat("the replica stumbled: ", status.ToString());
      }
    }
  }
  for (const auto& [path, writes] : facts.writes()) {
    if (facts.RuleAt(writes) != options::v1::RULE_STATE) continue;
    std::string what = JudgeSteps(past, facts, path, writes, replica->Now());
    if (!what.empty()) return absl::StrCat(Name(path), ": ", what);
  }
  return ByDefinition(facts.oracle(), replica->Now(), make);
}

}  // namespace sotay::laws
