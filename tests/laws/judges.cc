#include "tests/laws/judges.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/view.h"
#include "tests/laws/facts.h"
#include "tests/laws/oracle.h"
#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

using options::v1::RULE_COUNTER;
using options::v1::RULE_LATEST;
using options::v1::RULE_LOG;
using options::v1::RULE_ONCE;
using options::v1::RULE_REGISTER;
using options::v1::RULE_SET;
using options::v1::RULE_STATE;
using options::v1::RULE_TEXT;

std::string Stumbled(const absl::Status& status) {
  return status.ok() ? "" : absl::StrCat("the replica stumbled: ", status.ToString());
}

// Every edit arrives in a random order; some come twice and the replica restarts now and then.
std::string Play(const Past& past, Chance* chance, Replica* replica) {
  std::vector<size_t> arrived;
  for (size_t i : RandomOrder(past, chance)) {
    if (auto status = replica->Take(past.edits[i]); !status.ok()) return Stumbled(status);
    arrived.push_back(i);
    if (chance->Percent(15)) {
      const PastEdit& again = past.edits[chance->Pick(arrived)];
      if (auto status = replica->Take(again); !status.ok()) return Stumbled(status);
    }
    if (chance->Percent(15) && !replica->record().empty()) {
      if (auto status = replica->Reopen(kNewest); !status.ok()) return Stumbled(status);
    }
  }
  return "";
}

std::string Difference(const v1::Record& expected, const v1::Record& actual) {
  if (expected.SerializeAsString() == actual.SerializeAsString()) return "";
  return absl::StrCat("the record is another than by definition\nexpected:\n", Describe(expected),
                      "actual:\n", Describe(actual));
}

// An edit by a newcomer who sees everything.
PastEdit Newcomer(const Past& past, const Replica& replica, Chance* chance) {
  PastEdit edit;
  edit.edit.set_record_id(past.record.str());
  edit.edit.set_type(past.type);
  for (const sync::ChangeId& head : replica.record().heads()) edit.edit.add_parents(head.str());
  edit.author = {*sync::ChangeId::From(chance->Bytes(32)),
                 *sync::DeviceId::From(chance->Bytes(16)),
                 1,
                 replica.record().newest_stamp() + 1,
                 "newcomer",
                 chance->Between(0, 9),
                 10};
  return edit;
}

}  // namespace

std::string ByDefinition(const Oracle& oracle, const v1::Record& record, const ReplicaMaker& make) {
  return make.by_definition ? Difference(oracle.Record(), record) : "";
}

std::string JudgeM1(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto replica = make(kNewest, past);
  std::vector<size_t> arrived;
  for (size_t i : RandomOrder(past, chance)) {
    if (auto status = replica->Take(past.edits[i]); !status.ok()) return Stumbled(status);
    arrived.push_back(i);
    const std::string before = replica->Now().SerializeAsString();
    const size_t again = chance->Pick(arrived);
    if (auto status = replica->Take(past.edits[again]); !status.ok()) return Stumbled(status);
    if (replica->Now().SerializeAsString() != before) {
      return absl::StrCat("edit #", again, " came again after #", i, " and changed the record");
    }
  }
  return ByDefinition(Oracle(TypeOf(kNewest, past.type), past), replica->Now(), make);
}

std::string JudgeM2(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  return Difference(Oracle(TypeOf(kNewest, past.type), past).Record(), replica->Now());
}

std::string JudgeM2Versions(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  const Oracle oracle(TypeOf(kNewest, past.type), past);
  for (size_t i : RandomOrder(past, chance)) {
    std::string difference = Difference(oracle.RecordAt(oracle.SeenBy(i)),
                                        replica->AsSeenBy(past.edits[i].author.change));
    if (!difference.empty()) return absl::StrCat("as #", i, " saw it: ", difference);
  }
  return ByDefinition(oracle, replica->Now(), make);
}

std::string JudgeM2Orders(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto one = make(kNewest, past);
  const auto other = make(kNewest, past);
  if (std::string trouble = Play(past, chance, one.get()); !trouble.empty()) return trouble;
  if (std::string trouble = Play(past, chance, other.get()); !trouble.empty()) return trouble;
  return Difference(one->Now(), other->Now());
}

std::string JudgeM3(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  std::map<std::string, size_t> by_id;
  for (size_t i = 0; i < past.edits.size(); ++i) by_id[past.edits[i].author.change.str()] = i;
  const auto replica = make(kNewest, past);
  std::set<size_t> arrived;
  for (size_t i : RandomOrder(past, chance)) {
    const v1::Record before = replica->Now();
    if (auto status = replica->Take(past.edits[i]); !status.ok()) return Stumbled(status);
    if (!past.edits[i].applied) continue;
    arrived.insert(i);
    const v1::Record after = replica->Now();
    for (const auto& [path, writes] : facts.writes()) {
      const sync::Rule rule = facts.RuleAt(writes);
      if (!KeepsReadings(rule) && rule != RULE_LATEST) continue;
      const std::vector<Reading> standing = ReadingsAt(after, path);
      for (const Reading& reading : standing) {
        const auto edit = by_id.find(reading.second);
        if (edit == by_id.end()) return absl::StrCat(Name(path), ": a reading of nobody");
        for (const Write& write : writes) {
          if (arrived.count(write.edit) == 0) continue;
          if (facts.oracle().SeenBy(write.edit).count(edit->second) == 0) continue;
          return absl::StrCat(Name(path), ": the value of #", edit->second, " stands although #",
                              write.edit, " had seen it and wrote another");
        }
      }
      if (!KeepsReadings(rule)) continue;
      for (const Reading& reading : ReadingsAt(before, path)) {
        const size_t edit = by_id.at(reading.second);
        if (facts.oracle().SeenBy(i).count(edit) == 0 && !Has(standing, reading)) {
          return absl::StrCat(Name(path), ": #", i, " had not seen the value of #", edit,
                              " and replaced it");
        }
      }
    }
  }
  return ByDefinition(facts.oracle(), replica->Now(), make);
}

std::string JudgeM4(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  const v1::Record record = replica->Now();
  for (const auto& [path, writes] : facts.writes()) {
    const sync::Rule rule = facts.RuleAt(writes);
    if (!KeepsReadings(rule) && rule != RULE_ONCE && rule != RULE_LATEST) continue;
    for (const Write& write : writes) {
      const sync::Author& author = past.edits[write.edit].author;
      if (rule == RULE_LATEST && author.stamp % 0x10000 < 0x8000) continue;  // its time is known
      const bool settled = std::any_of(writes.begin(), writes.end(), [&](const Write& other) {
        return facts.oracle().Saw(other, write) ||
               (rule == RULE_ONCE && facts.oracle().Saw(write, other));
      });
      // Of ONCE, one that later ones have seen is no less the first; the oracle judges that.
      if (settled) continue;
      if (!Has(ReadingsAt(record, path), facts.ReadingOf(write))) {
        return absl::StrCat(Name(path), ": what #", write.edit, " wrote is lost in silence");
      }
      const bool told = std::any_of(
          record.changes().begin(), record.changes().end(), [&](const v1::ChangeRef& change) {
            return change.change_id() == author.change.view() &&
                   change.device_id() == author.device.view() &&
                   change.user_id() == author.user_id && change.stamp() == author.stamp &&
                   change.claimed_ms() == author.claimed_ms &&
                   change.authority() == author.authority && change.sequence() == author.sequence;
          });
      if (!told) return absl::StrCat(Name(path), ": nobody tells who wrote #", write.edit);
    }
  }
  return ByDefinition(facts.oracle(), record, make);
}

std::string JudgeM5(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  const v1::Record record = replica->Now();
  for (const auto& [path, writes] : facts.writes()) {
    if (facts.RuleAt(writes) != RULE_SET) continue;
    std::set<std::string> expected;
    for (const Write& write : writes) {
      const v1::FieldOp& op = facts.OpOf(write);
      if (op.op_case() != v1::FieldOp::kAdd) continue;
      const bool removed = std::any_of(writes.begin(), writes.end(), [&](const Write& other) {
        return facts.OpOf(other).op_case() == v1::FieldOp::kRemove &&
               facts.OpOf(other).remove() == op.add() && facts.oracle().Saw(other, write);
      });
      if (!removed) expected.insert(op.add());
    }
    std::set<std::string> actual;
    for (const Reading& reading : ReadingsAt(record, path)) actual.insert(reading.first);
    for (const std::string& value : expected) {
      if (actual.count(value) == 0) {
        return absl::StrCat(Name(path), ": '", absl::CHexEscape(value),
                            "' was added unseen by any removal and is gone");
      }
    }
    if (actual != expected) {
      return absl::StrCat(Name(path), ": a value is back that was seen and removed");
    }
  }
  return ByDefinition(facts.oracle(), record, make);
}

std::string JudgeM6(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  for (const auto& [path, writes] : facts.writes()) {
    if (facts.RuleAt(writes) != RULE_COUNTER) continue;
    int64_t sum = 0;
    for (const Write& write : writes) sum += facts.OpOf(write).count();
    const int64_t total = TotalAt(replica->Now(), path);
    if (total != sum) {
      return absl::StrCat(Name(path), ": the steps sum up to ", sum, ", not to ", total);
    }
  }
  return ByDefinition(facts.oracle(), replica->Now(), make);
}

std::string JudgeM7(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Facts facts(past);
  const auto replica = make(kNewest, past);
  std::map<sync::FieldPath, std::vector<Reading>> before;
  std::map<sync::FieldPath, std::multiset<Reading>> appended;
  for (size_t i : RandomOrder(past, chance)) {
    if (auto status = replica->Take(past.edits[i]); !status.ok()) return Stumbled(status);
    const v1::Record record = replica->Now();
    for (const auto& [path, writes] : facts.writes()) {
      if (facts.RuleAt(writes) != RULE_LOG) continue;
      for (const Write& write : writes) {
        if (write.edit == i) appended[path].insert(facts.ReadingOf(write));
      }
      const std::vector<Reading> now = ReadingsAt(record, path);
      if (std::multiset<Reading>(now.begin(), now.end()) != appended[path]) {
        return absl::StrCat(Name(path), ": after #", i, " the log holds ", now.size(), " of ",
                            appended[path].size(), " entries, or others");
      }
      // What stood before stands now, in the same order, with new entries between.
      size_t at = 0;
      for (const Reading& entry : now) {
        if (at < before[path].size() && entry == before[path][at]) ++at;
      }
      if (at < before[path].size()) {
        return absl::StrCat(Name(path), ": #", i, " put older entries in another order");
      }
      before[path] = now;
    }
  }
  return ByDefinition(facts.oracle(), replica->Now(), make);
}

std::string JudgeM8(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const Past other = WithOtherStamps(past, chance);
  const Facts facts(past);
  const auto one = make(kNewest, past);
  const auto two = make(kNewest, other);
  if (std::string trouble = Play(past, chance, one.get()); !trouble.empty()) return trouble;
  if (std::string trouble = Play(other, chance, two.get()); !trouble.empty()) return trouble;
  const v1::Record a = one->Now();
  const v1::Record b = two->Now();
  for (const auto& [path, writes] : facts.writes()) {
    if (facts.RuleAt(writes) == RULE_LATEST) continue;  // keeps the winner of the tie alone
    const std::vector<Reading> x = ReadingsAt(a, path);
    const std::vector<Reading> y = ReadingsAt(b, path);
    if (std::multiset<Reading>(x.begin(), x.end()) != std::multiset<Reading>(y.begin(), y.end()) ||
        TotalAt(a, path) != TotalAt(b, path)) {
      return absl::StrCat(Name(path), ": with other clocks other writes stand");
    }
  }
  std::string what = ByDefinition(facts.oracle(), a, make);
  if (!what.empty()) return what;
  return ByDefinition(Oracle(TypeOf(kNewest, other.type), other), b, make);
}

std::string JudgeM10(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  if (replica->record().empty()) return "";
  const v1::Record before = replica->Now();
  if (make.by_definition) {
    const Oracle oracle(TypeOf(kNewest, past.type), past);
    if (std::string what = ByDefinition(oracle, before, make); !what.empty()) return what;
  }
  const Build builds[] = {kOlder, kOldest, kStranger};
  const Build build = builds[chance->Below(3)];
  if (auto status = replica->Reopen(build); !status.ok()) return Stumbled(status);
  PastEdit edit = Newcomer(past, *replica, chance);
  const uint32_t known[] = {kName, kPages, kNumber};
  const uint32_t written = build == kOlder ? known[chance->Below(3)] : kName;
  *edit.edit.add_ops() = MakeOp(written, "", chance);
  replica->Write(edit);
  if (chance->Percent(50)) {
    if (auto status = replica->Reopen(kNewest); !status.ok()) return Stumbled(status);
  }
  const v1::Record after = replica->Now();
  for (const v1::FieldState& field : before.fields()) {
    if (field.field() == written) continue;
    const sync::FieldPath path = {field.field(), field.key()};
    if (ReadingsAt(after, path) != ReadingsIn(before, field) ||
        TotalAt(after, path) != field.total()) {
      return absl::StrCat(Name(path), ": changed by an editor who does not know it");
    }
  }
  const int added =
      ReadingsAt(before, {written, ""}).empty() && TotalAt(before, {written, ""}) == 0 ? 1 : 0;
  if (after.fields_size() > before.fields_size() + added) return "fields came from nowhere";
  return "";
}

namespace {

size_t SpansAt(const v1::Record& record, const sync::FieldPath& path) {
  for (const v1::FieldState& field : record.fields()) {
    if (field.field() == path.first && field.key() == path.second) {
      return static_cast<size_t>(field.spans_size());
    }
  }
  return 0;
}

// Settles the first span of a text.
std::string PickSpan(const Past& past, const sync::FieldPath& path, Replica* replica,
                     Chance* chance) {
  const size_t before = SpansAt(replica->Now(), path);
  if (before == 0) return "";
  PastEdit pick = Newcomer(past, *replica, chance);
  const std::u32string shown =
      Scalars(std::string(replica->record().ShownText(path.first, path.second)));
  v1::FieldOp* op = pick.edit.add_ops();
  op->set_field(path.first);
  op->set_key(path.second);
  op->mutable_text()->set_length_before(static_cast<uint32_t>(shown.size()));
  v1::TextSplice* splice = op->mutable_text()->add_splices();
  splice->set_position(static_cast<uint32_t>(shown.find(U'\uFFFC')));
  splice->set_deleted(1);
  splice->set_inserted("picked");
  replica->Write(pick);
  const size_t after = SpansAt(replica->Now(), path);
  return after + 1 == before
             ? ""
             : absl::StrCat(Name(path), ": ", after, " spans after one of ", before, " was picked");
}

}  // namespace

std::string JudgeM11(const Past& past, Chance* chance, const ReplicaMaker& make) {
  const auto replica = make(kNewest, past);
  if (std::string trouble = Play(past, chance, replica.get()); !trouble.empty()) return trouble;
  const Facts facts(past);
  if (std::string what = ByDefinition(facts.oracle(), replica->Now(), make); !what.empty()) {
    return what;
  }
  for (const auto& [path, writes] : facts.writes()) {
    const sync::Rule rule = facts.RuleAt(writes);
    if (rule == RULE_TEXT) {
      std::string what = PickSpan(past, path, replica.get(), chance);
      if (!what.empty()) return what;
    }
    if (!KeepsReadings(rule) || ReadingsAt(replica->Now(), path).size() < 2) continue;
    PastEdit pick = Newcomer(past, *replica, chance);
    v1::FieldOp op = MakeOp(path.first, "", chance);
    if (op.op_case() == v1::FieldOp::kSet && !path.second.empty()) {
      op.set_key(path.second);
      op.set_set(EntryFragment(path.first, path.second, "picked"));
    }
    *pick.edit.add_ops() = op;
    replica->Write(pick);
    const std::vector<Reading> left = ReadingsAt(replica->Now(), path);
    if (left.size() != 1 || left[0].second != pick.author.change.str()) {
      return absl::StrCat(Name(path), ": ", left.size(), " readings stand after a pick");
    }
    for (const sync::Conflict& conflict : sync::Conflicts(replica->record())) {
      if (conflict.field == path.first && conflict.key == path.second) {
        return absl::StrCat(Name(path), ": still a conflict after a pick");
      }
    }
  }
  return "";
}

}  // namespace sotay::laws
