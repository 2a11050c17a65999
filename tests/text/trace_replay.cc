#include "tests/text/trace_replay.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::tests {
namespace {

// Of one length, so that they are in the order of the numbers.
std::string IdOf(uint32_t agent) { return absl::StrCat(absl::Hex(agent, absl::kZeroPad8)); }

uint32_t EventsOf(const TraceStep& step) {
  uint32_t events = 0;
  for (const TracePatch& patch : step.patches) {
    events += patch.deleted + static_cast<uint32_t>(sync::ScalarCount(patch.inserted).value_or(0));
  }
  return events;
}

}  // namespace

absl::StatusOr<std::vector<sync::TextVersion>> SeenBySteps(const Trace& trace) {
  std::vector<sync::TextVersion> seen;
  std::vector<uint32_t> own(trace.agents, 0);  // an agent's events so far
  std::vector<sync::TextVersion> after;        // what stands after a step
  const auto start = static_cast<uint32_t>(sync::ScalarCount(trace.start).value_or(0));
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    const TraceStep& step = trace.steps[i];
    sync::TextVersion version(trace.agents + 1, 0);
    version.back() = start;  // what was there before is of an author of its own
    for (uint32_t parent : step.parents) {
      if (parent >= i || step.agent >= trace.agents) {
        return absl::InvalidArgumentError(absl::StrCat(trace.name, ": step ", i, " is malformed"));
      }
      for (size_t agent = 0; agent < version.size(); ++agent) {
        version[agent] = std::max(version[agent], after[parent][agent]);
      }
    }
    seen.push_back(version);
    own[step.agent] += EventsOf(step);
    version[step.agent] = own[step.agent];
    after.push_back(std::move(version));
  }
  return seen;
}

absl::Status Replay(const Trace& trace, const std::vector<sync::TextVersion>& seen,
                    sync::TextTree* tree) {
  for (size_t agent = 0; agent < trace.agents; ++agent) {
    tree->Author(IdOf(static_cast<uint32_t>(agent)));
  }
  const uint32_t before = tree->Author("before");
  SOTAY_RETURN_IF_ERROR(sync::TextTree::Edit(tree, before, {}).Splice(0, 0, trace.start));
  for (size_t i = 0; i < trace.steps.size(); ++i) {
    sync::TextTree::Edit edit(tree, trace.steps[i].agent, seen[i]);
    for (const TracePatch& patch : trace.steps[i].patches) {
      SOTAY_RETURN_IF_ERROR(edit.Splice(patch.position, patch.deleted, patch.inserted));
    }
  }
  return absl::OkStatus();
}

}  // namespace sotay::tests
