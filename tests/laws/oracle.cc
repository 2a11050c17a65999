#include "tests/laws/oracle.h"

#include <algorithm>

#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

using options::v1::RULE_COUNTER;
using options::v1::RULE_LATEST;
using options::v1::RULE_LOG;
using options::v1::RULE_ONCE;
using options::v1::RULE_REGISTER;
using options::v1::RULE_SERVER;
using options::v1::RULE_SET;
using options::v1::RULE_STATE;
using options::v1::RULE_TEXT;

// Everything that can be reached from `start` against the direction of time.
Version Reachable(const std::vector<std::set<size_t>>& parents, size_t start) {
  Version reached;
  std::vector<size_t> open(parents[start].begin(), parents[start].end());
  while (!open.empty()) {
    const size_t next = open.back();
    open.pop_back();
    if (!reached.insert(next).second) continue;
    open.insert(open.end(), parents[next].begin(), parents[next].end());
  }
  return reached;
}

std::vector<std::set<size_t>> ParentsOf(const Past& past) {
  std::vector<std::set<size_t>> parents(past.edits.size());
  for (size_t i = 0; i < past.edits.size(); ++i) {
    const PastEdit& edit = past.edits[i];
    for (size_t j = 0; j < past.edits.size(); ++j) {
      const PastEdit& other = past.edits[j];
      const auto& named = edit.edit.parents();
      const bool is_named =
          std::find(named.begin(), named.end(), other.author.change.str()) != named.end();
      const bool is_own =
          other.author.device == edit.author.device && other.author.sequence < edit.author.sequence;
      if (is_named || is_own) parents[i].insert(j);
    }
  }
  return parents;
}

}  // namespace

sync::Rule RuleOf(const sync::RecordType* type, const v1::FieldOp& op) {
  const sync::FieldType* field = type == nullptr ? nullptr : type->Field(op.field());
  if (field != nullptr) return field->rule;
  switch (op.op_case()) {
    case v1::FieldOp::kAdd:
    case v1::FieldOp::kRemove:
      return RULE_SET;
    case v1::FieldOp::kAppend:
      return RULE_LOG;
    case v1::FieldOp::kCount:
      return RULE_COUNTER;
    case v1::FieldOp::kText:
      return RULE_TEXT;
    default:
      return RULE_REGISTER;
  }
}

const std::string& ValueOf(const v1::FieldOp& op) {
  switch (op.op_case()) {
    case v1::FieldOp::kAdd:
      return op.add();
    case v1::FieldOp::kRemove:
      return op.remove();
    case v1::FieldOp::kAppend:
      return op.append();
    default:
      return op.set();
  }
}

Oracle::Oracle(const sync::RecordType* type, const Past& past) : type_(type), past_(&past) {
  const std::vector<std::set<size_t>> parents = ParentsOf(past);
  for (size_t i = 0; i < past.edits.size(); ++i) {
    all_.insert(i);
    ancestors_.push_back(Reachable(parents, i));
  }
}

const v1::FieldOp& Oracle::OpOf(const Write& write) const {
  return past_->edits[write.edit].edit.ops(write.op);
}

bool Oracle::Earlier(size_t a, size_t b) const {
  const sync::Author& x = past_->edits[a].author;
  const sync::Author& y = past_->edits[b].author;
  return x.stamp != y.stamp ? x.stamp < y.stamp : x.change.str() < y.change.str();
}

bool Oracle::Saw(const Write& later, const Write& earlier) const {
  if (later.edit == earlier.edit) return later.op > earlier.op;
  return ancestors_[later.edit].count(earlier.edit) != 0;
}

std::map<sync::FieldPath, std::vector<Write>> Oracle::Writes(const Version& version) const {
  std::map<sync::FieldPath, std::vector<Write>> writes;
  for (size_t i : version) {
    if (!past_->edits[i].applied) continue;
    for (int op = 0; op < past_->edits[i].edit.ops_size(); ++op) {
      const v1::FieldOp& field_op = past_->edits[i].edit.ops(op);
      writes[{field_op.field(), field_op.key()}].push_back({i, op});
    }
  }
  return writes;
}

// A write stands until an edit that has seen it writes the field again.
std::vector<Write> Oracle::Standing(const std::vector<Write>& writes) const {
  std::vector<Write> standing;
  for (const Write& write : writes) {
    if (std::none_of(writes.begin(), writes.end(),
                     [&](const Write& other) { return Saw(other, write); })) {
      standing.push_back(write);
    }
  }
  return standing;
}

int32_t Oracle::StateAt(uint32_t field, const Version& version) const {
  const auto writes = Writes(version);
  const auto at = writes.find({field, ""});
  if (at == writes.end()) return 0;
  const Found found = Find({field, ""}, at->second, version);
  if (found.readings.empty()) return 0;  // all that was ever taken is asked for
  return static_cast<int32_t>(VarintIn(found.readings.front().first));
}

std::string Oracle::ReadingOf(const Write& write) const {
  const v1::FieldOp& op = OpOf(write);
  return op.op_case() == v1::FieldOp::kText ? TextFragment(op.field(), TextAfter(write))
                                            : ValueOf(op);
}

Oracle::Found Oracle::Find(const sync::FieldPath& path, const std::vector<Write>& writes,
                           const Version& version) const {
  const uint32_t field = path.first;
  Found found;
  const auto older = [this](const Write& a, const Write& b) {
    return a.edit != b.edit ? Earlier(a.edit, b.edit) : a.op < b.op;
  };
  const auto by_id = [this](const Write& a, const Write& b) {
    return past_->edits[a.edit].author.change < past_->edits[b.edit].author.change;
  };
  const auto newer = [&](const Write& a, const Write& b) { return older(b, a); };
  std::vector<Write> readings;
  switch (RuleOf(type_, OpOf(writes.front()))) {
    case RULE_SET: {
      // Each value is a place of its own: an addition stands until somebody who has seen it
      // adds or removes that value again.
      std::map<std::string, std::vector<Write>> by_value;
      for (const Write& write : writes) by_value[ValueOf(OpOf(write))].push_back(write);
      for (auto& [value, of_value] : by_value) {
        std::vector<Write> standing = Standing(of_value);
        std::sort(standing.begin(), standing.end(), older);
        for (const Write& write : standing) {
          if (OpOf(write).op_case() == v1::FieldOp::kAdd) readings.push_back(write);
        }
      }
      break;
    }
    case RULE_LOG:
      readings = writes;
      std::sort(readings.begin(), readings.end(), older);
      break;
    case RULE_COUNTER:
      for (const Write& step : writes) found.total += OpOf(step).count();
      break;
    case RULE_ONCE:
      for (const Write& write : writes) {
        if (std::none_of(writes.begin(), writes.end(),
                         [&](const Write& other) { return Saw(write, other); })) {
          readings.push_back(write);
        }
      }
      std::sort(readings.begin(), readings.end(), older);
      break;
    case RULE_STATE: {
      const sync::FieldType& type = *type_->Field(field);
      const auto rank = [&](const Write& write) {
        const auto caution =
            type.caution.find(static_cast<int32_t>(VarintIn(ValueOf(OpOf(write)))));
        return std::make_pair(past_->edits[write.edit].author.authority,
                              caution == type.caution.end() ? 0u : caution->second);
      };
      readings = StepsThatStand(writes, version, &found.requests);
      std::sort(readings.begin(), readings.end(), [&](const Write& a, const Write& b) {
        return rank(a) != rank(b) ? rank(a) > rank(b) : by_id(a, b);
      });
      break;
    }
    case RULE_LATEST:
      // The newest, and whatever may be newer for all anybody knows.
      readings = Standing(writes);
      std::sort(readings.begin(), readings.end(), newer);
      if (readings.empty()) break;
      readings.erase(std::remove_if(readings.begin() + 1, readings.end(),
                                    [this](const Write& write) {
                                      const auto stamp = past_->edits[write.edit].author.stamp;
                                      return stamp % 0x10000 < 0x8000;
                                    }),
                     readings.end());
      break;
    case RULE_TEXT:
      FindText(path, version, &found);
      break;
    default:
      readings = Standing(writes);
      std::sort(readings.begin(), readings.end(), newer);
      break;
  }
  if (type_ == nullptr || type_->Field(field) == nullptr) {
    found.rule = RuleOf(type_, OpOf(writes.front()));
    for (const Write& write : writes) {
      if (RuleOf(type_, OpOf(write)) != found.rule) found.rule = options::v1::RULE_UNSPECIFIED;
    }
  }
  for (const Write& write : readings) found.readings.push_back({ReadingOf(write), write.edit});
  return found;
}

// What the server assigned at admission; the earliest holds.
std::map<sync::FieldPath, Oracle::Found> Oracle::Assigned(const Version& version) const {
  std::map<sync::FieldPath, Found> fields;
  for (size_t i : version) {
    if (!past_->edits[i].applied) continue;
    for (const v1::FieldOp& op : past_->edits[i].assigned) {
      Found& found = fields[{op.field(), op.key()}];
      if (found.readings.empty() || Earlier(i, found.readings.front().second)) {
        found.readings = {{op.set(), i}};
      }
    }
  }
  return fields;
}

v1::Record Oracle::RecordAt(const Version& version) const {
  std::vector<size_t> applied;
  for (size_t i : version) {
    if (past_->edits[i].applied) applied.push_back(i);
  }
  std::vector<size_t> heads;
  Version closed;  // what is in the record: refused edits too, as far as others were made on them
  for (size_t i : applied) {
    closed.insert(i);
    closed.insert(ancestors_[i].begin(), ancestors_[i].end());
    if (std::none_of(applied.begin(), applied.end(),
                     [&](size_t other) { return ancestors_[other].count(i) != 0; })) {
      heads.push_back(i);
    }
  }
  std::map<std::string, uint64_t> seen;
  for (size_t i : closed) {
    uint64_t& sequence = seen[past_->edits[i].author.device.str()];
    sequence = std::max(sequence, past_->edits[i].author.sequence);
  }
  std::map<sync::FieldPath, Found> fields = Assigned(version);
  for (const auto& [path, writes] : Writes(version)) fields[path] = Find(path, writes, version);

  v1::Record record;
  record.set_record_id(past_->record.str());
  record.set_type(past_->type);
  record.set_unit_id(past_->unit);
  record.set_dossier_id(past_->dossier.str());
  if (applied.empty()) return record;

  const auto earlier = [this](size_t a, size_t b) { return Earlier(a, b); };
  const size_t birth = *std::min_element(applied.begin(), applied.end(), earlier);
  std::set<size_t> referred(heads.begin(), heads.end());
  referred.insert(birth);
  for (const auto& [path, found] : fields) {
    for (const auto& reading : found.readings) referred.insert(reading.second);
    for (const Asked& asked : found.requests) {
      referred.insert(asked.step.edit);
      for (const auto& [user, edit] : asked.others) referred.insert(edit);
    }
    if (!found.text.has_value()) continue;
    for (const auto& span : found.text->spans) {
      for (const tests::MergeReading& reading : span) {
        referred.insert(found.prose->edits[reading.edit]);
      }
    }
    for (const tests::MergeMark& mark : found.text->marks) {
      for (size_t edit : mark.edits) referred.insert(found.prose->edits[edit]);
    }
  }
  std::vector<size_t> changes(referred.begin(), referred.end());
  std::sort(changes.begin(), changes.end(), earlier);
  std::map<size_t, uint32_t> index;
  for (size_t i : changes) {
    index[i] = static_cast<uint32_t>(record.changes_size());
    const sync::Author& author = past_->edits[i].author;
    v1::ChangeRef* change = record.add_changes();
    change->set_change_id(author.change.str());
    change->set_device_id(author.device.str());
    change->set_sequence(author.sequence);
    change->set_stamp(author.stamp);
    change->set_user_id(author.user_id);
    change->set_claimed_ms(author.claimed_ms);
    change->set_authority(author.authority);
    if (author.written_on.has_value()) change->set_written_on(author.written_on->str());
  }
  record.set_birth(index[birth]);
  std::sort(heads.begin(), heads.end(), earlier);
  for (size_t i : heads) record.add_heads(index[i]);
  for (const auto& [device, sequence] : seen) {
    v1::Seen* entry = record.add_seen();
    entry->set_device_id(device);
    entry->set_sequence(sequence);
  }
  for (const auto& [path, found] : fields) {
    v1::FieldState* field = record.add_fields();
    field->set_field(path.first);
    field->set_key(path.second);
    field->set_total(found.total);
    field->set_rule(found.rule);
    for (const auto& [value, edit] : found.readings) {
      v1::Reading* reading = field->add_readings();
      reading->set_value(value);
      reading->set_text(found.text.has_value());
      reading->set_change(index[edit]);
    }
    for (const Asked& asked : found.requests) {
      v1::StepRequest* request = field->add_requests();
      request->set_value(ValueOf(OpOf(asked.step)));
      request->set_change(index[asked.step.edit]);
      request->set_reason(past_->edits[asked.step.edit].reason);
      for (const auto& [user, edit] : asked.others) request->add_unaware(index[edit]);
    }
    if (!found.text.has_value()) continue;
    field->set_typed(static_cast<uint32_t>(found.typed));
    for (const auto& span : found.text->spans) {
      v1::TextSpan* out = field->add_spans();
      for (const tests::MergeReading& one : span) {
        v1::TextReading* reading = out->add_readings();
        reading->set_text(Utf8(one.text));
        reading->set_change(index[found.prose->edits[one.edit]]);
      }
    }
    for (const tests::MergeMark& mark : found.text->marks) {
      v1::TextAgain* again = field->add_again();
      again->set_position(static_cast<uint32_t>(mark.position));
      again->set_length(static_cast<uint32_t>(mark.length));
      for (size_t edit : mark.edits) again->add_changes(index[found.prose->edits[edit]]);
    }
  }
  return record;
}

}  // namespace sotay::laws
