#include "tests/laws/world_judges.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "sync/stamp.h"
#include "tests/laws/oracle.h"

namespace sotay::laws {

std::string JudgeWorldM1(const World& world) {
  std::set<std::pair<std::string, uint64_t>> logged;
  uint64_t position = 0;
  for (const ModelServer::Logged& entry : world.server().log()) {
    if (entry.admission.position() != ++position) {
      return absl::StrCat("M1: position ", entry.admission.position(), " where ", position,
                          " was due");
    }
    if (!logged.emplace(entry.device.str(), entry.sequence).second) {
      return absl::StrCat("M1: change ", entry.sequence, " of device ", entry.device.Short(),
                          " is in the log twice");
    }
  }
  return "";
}

std::string JudgeWorldM2(const World& world) {
  for (const auto& [id, past] : world.server().pasts()) {
    const Oracle oracle(TypeOf(world.server().build(), past.type), past);
    const v1::Record expected = oracle.Record();
    const auto kept = world.server().records().find(id);
    v1::Record actual;
    if (kept != world.server().records().end()) actual.ParseFromString(kept->second.bytes);
    if (expected.changes().empty() && kept == world.server().records().end()) continue;
    if (expected.SerializeAsString() == actual.SerializeAsString()) continue;
    return absl::StrCat("M2: record ", id.Short(), "\n", Describe(past), "by definition:\n",
                        Describe(expected), "at the server:\n", Describe(actual));
  }
  return "";
}

std::string JudgeWorldM4(const World& world) {
  std::set<std::string> applied;
  for (const ModelServer::Logged& entry : world.server().log()) applied.insert(entry.id.str());
  for (const auto& device : world.devices()) {
    for (const auto& [sequence, own] : device->own()) {
      const auto id = *sync::ChangeId::From(own.change_id());
      const auto aside = world.server().aside().find(id);
      const std::string change =
          absl::StrCat("M4: change ", sequence, " of ", device->id().Short());
      const bool in_log = applied.count(id.str()) != 0;
      if (in_log && aside != world.server().aside().end()) return change + " has two fates";
      if (in_log) {
        if (own.outcome().verdict() == v1::VERDICT_APPLIED) continue;
        return absl::StrCat(change, " is applied, its author was told ",
                            own.outcome().ShortDebugString());
      }
      if (aside == world.server().aside().end()) return change + " is lost in silence";
      if (aside->second.reason() == v1::REASON_UNSPECIFIED || aside->second.message().empty()) {
        return change + " is set aside without a reason";
      }
      if (own.outcome().verdict() != aside->second.verdict()) {
        return absl::StrCat(change, " is set aside, its author was told ",
                            own.outcome().ShortDebugString());
      }
    }
  }
  return "";
}

std::string JudgeWorldM8(const World& world) {
  std::map<std::string, int64_t> received;
  for (const ModelServer::Logged& entry : world.server().log()) {
    received[entry.id.str()] = entry.admission.received_ms();
  }
  for (const auto& [id, past] : world.server().pasts()) {
    const Oracle oracle(nullptr, past);
    for (size_t i : oracle.all()) {
      if (!past.edits[i].applied) continue;
      const sync::Author& author = past.edits[i].author;
      sync::Stamp newest = 0;
      for (size_t seen : oracle.SeenBy(i)) {
        if (past.edits[seen].applied) newest = std::max(newest, past.edits[seen].author.stamp);
      }
      const std::string change =
          absl::StrCat("M8: change ", author.sequence, " of ", author.device.Short());
      if (author.stamp <= newest) {
        return change + " does not outrank what its author had seen";
      }
      const sync::Stamp believable =
          sync::StampAt(received.at(author.change.str()) + sync::kStampAheadMsMax);
      // What was believed of one record may push another's stamp on, a step a change.
      if (author.stamp > believable + world.server().log().size()) {
        return change + " wins by a clock nobody can believe";
      }
    }
  }
  return "";
}

std::string JudgeWorldM9(const World& world) {
  for (const std::string& violation : world.violations()) {
    if (violation.rfind("M9", 0) == 0) return violation;
  }
  for (const auto& device : world.devices()) {
    const bool waits = std::any_of(device->own().begin(), device->own().end(), [](const auto& own) {
      return own.second.outcome().verdict() == v1::VERDICT_HELD;
    });
    if (waits) continue;  // shown until it is decided
    const std::string who = absl::StrCat("M9: device ", device->id().Short());
    for (const auto& [id, kept] : world.server().records()) {
      const auto shown = device->Shown(id);
      if (!shown.has_value()) return absl::StrCat(who, " does not show record ", id.Short());
      if (shown->Serialize() == kept.bytes) continue;
      v1::Record x;
      v1::Record y;
      x.ParseFromString(kept.bytes);
      shown->ToProto(&y);
      return absl::StrCat(who, " shows another record ", id.Short(), "\nat the server:\n",
                          Describe(x), "shown:\n", Describe(y));
    }
    for (const auto& [id, dossier] : device->Known()) {
      if (world.server().records().count(id) == 0) {
        return absl::StrCat(who, " shows record ", id.Short(), ", which is nowhere");
      }
    }
  }
  return "";
}

std::string JudgeWorldWords(const World& world) {
  std::map<std::string, const stored::v1::OwnChange*> own;
  for (const auto& device : world.devices()) {
    for (const auto& [sequence, change] : device->own()) own[change.change_id()] = &change;
  }
  for (const auto& [id, past] : world.server().pasts()) {
    const Oracle oracle(TypeOf(world.server().build(), past.type), past);
    for (size_t i = 0; i < past.edits.size(); ++i) {
      const auto found = own.find(past.edits[i].author.change.str());
      if (!past.edits[i].applied || found == own.end()) continue;
      v1::Change change;
      change.ParseFromString(found->second->change());
      for (int e = 0; e < change.edits_size(); ++e) {
        const v1::RecordEdit& edit = change.edits(e);
        if (edit.record_id() != id.view()) continue;
        int text = 0;
        for (int op = 0; op < edit.ops_size(); ++op) {
          if (edit.ops(op).op_case() != v1::FieldOp::kText) continue;
          const std::string& typed = found->second->contexts(e).texts(text++);
          const std::string& stands = oracle.TextAfter({i, op});
          if (typed == stands) continue;
          return absl::StrCat("change ", past.edits[i].author.change.Short(), " made '", typed,
                              "' on its author's screen and stands as '", stands, "'\n",
                              Describe(past));
        }
      }
    }
  }
  return "";
}

std::string JudgeWorldHonesty(const World& world) {
  for (const auto& [id, row] : world.server().aside()) {
    return absl::StrCat("change ", row.sequence(),
                        " of an honest phone was set aside: ", v1::Reason_Name(row.reason()), ", ",
                        row.message());
  }
  return "";
}

std::string JudgeWorld(const World& world) {
  for (WorldJudge judge : {JudgeWorldM1, JudgeWorldM2, JudgeWorldM4, JudgeWorldM8, JudgeWorldM9}) {
    std::string what = judge(world);
    if (!what.empty()) return what;
  }
  return "";
}

}  // namespace sotay::laws
