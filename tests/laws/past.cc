#include "tests/laws/past.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sotay::laws {
namespace {

// For each edit, those that must have come before it.
std::vector<std::set<size_t>> Before(const Past& past) {
  std::map<std::string, size_t> by_id;
  for (size_t i = 0; i < past.edits.size(); ++i) by_id[past.edits[i].author.change.str()] = i;
  std::vector<std::set<size_t>> before(past.edits.size());
  for (size_t i = 0; i < past.edits.size(); ++i) {
    const PastEdit& edit = past.edits[i];
    for (const std::string& parent : edit.edit.parents()) {
      if (const auto at = by_id.find(parent); at != by_id.end()) before[i].insert(at->second);
    }
    for (size_t j = 0; j < past.edits.size(); ++j) {
      const sync::Author& other = past.edits[j].author;
      if (other.device == edit.author.device && other.sequence < edit.author.sequence) {
        before[i].insert(j);
      }
    }
  }
  return before;
}

// What can come next after `done`.
std::vector<size_t> Ready(const std::vector<std::set<size_t>>& before,
                          const std::set<size_t>& done) {
  std::vector<size_t> ready;
  for (size_t i = 0; i < before.size(); ++i) {
    if (done.count(i) == 0 &&
        std::includes(done.begin(), done.end(), before[i].begin(), before[i].end())) {
      ready.push_back(i);
    }
  }
  return ready;
}

void Extend(const std::vector<std::set<size_t>>& before, size_t count_max,
            std::vector<size_t>* order, std::set<size_t>* done,
            std::vector<std::vector<size_t>>* orders) {
  if (orders->size() >= count_max) return;
  if (order->size() == before.size()) {
    orders->push_back(*order);
    return;
  }
  for (size_t next : Ready(before, *done)) {
    order->push_back(next);
    done->insert(next);
    Extend(before, count_max, order, done, orders);
    done->erase(next);
    order->pop_back();
  }
}

std::string DescribeOp(const v1::FieldOp& op) {
  std::string name = absl::StrCat(op.field());
  if (!op.key().empty()) absl::StrAppend(&name, "[", op.key(), "]");
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      return absl::StrCat(name, " set '", absl::CHexEscape(op.set()), "'");
    case v1::FieldOp::kAdd:
      return absl::StrCat(name, " add '", absl::CHexEscape(op.add()), "'");
    case v1::FieldOp::kRemove:
      return absl::StrCat(name, " remove '", absl::CHexEscape(op.remove()), "'");
    case v1::FieldOp::kAppend:
      return absl::StrCat(name, " append '", absl::CHexEscape(op.append()), "'");
    case v1::FieldOp::kCount:
      return absl::StrCat(name, " count ", op.count());
    case v1::FieldOp::kText: {
      std::string text = absl::StrCat(name, " text(", op.text().length_before(), ")");
      for (const v1::TextSplice& splice : op.text().splices()) {
        absl::StrAppend(&text, " @", splice.position(), "-", splice.deleted(), "+'",
                        splice.inserted(), "'");
      }
      return text;
    }
    case v1::FieldOp::OP_NOT_SET:
      break;
  }
  return absl::StrCat(name, " ?");
}

}  // namespace

std::vector<size_t> RandomOrder(const Past& past, Chance* chance) {
  const std::vector<std::set<size_t>> before = Before(past);
  std::vector<size_t> waiting(past.edits.size());
  std::vector<size_t> ready;
  std::vector<size_t> order;
  for (size_t i = 0; i < waiting.size(); ++i) {
    waiting[i] = before[i].size();
    if (waiting[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    std::swap(ready[chance->Below(ready.size())], ready.back());
    const size_t next = ready.back();
    ready.pop_back();
    order.push_back(next);
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i].count(next) != 0 && --waiting[i] == 0) ready.push_back(i);
    }
  }
  return order;
}

std::vector<std::vector<size_t>> EveryOrder(const Past& past, size_t count_max) {
  std::vector<std::vector<size_t>> orders;
  std::vector<size_t> order;
  std::set<size_t> done;
  Extend(Before(past), count_max, &order, &done, &orders);
  return orders;
}

Past Without(const Past& past, size_t index) {
  Past smaller = past;
  smaller.edits.erase(smaller.edits.begin() + static_cast<std::ptrdiff_t>(index));
  const PastEdit& gone = past.edits[index];
  for (PastEdit& edit : smaller.edits) {
    std::set<std::string> parents(edit.edit.parents().begin(), edit.edit.parents().end());
    if (parents.erase(gone.author.change.str()) == 0) continue;
    parents.insert(gone.edit.parents().begin(), gone.edit.parents().end());
    edit.edit.clear_parents();
    for (const std::string& parent : parents) edit.edit.add_parents(parent);
  }
  return smaller;
}

std::string Describe(const Past& past) {
  std::map<std::string, std::string> devices;
  std::map<std::string, size_t> numbers;
  for (size_t i = 0; i < past.edits.size(); ++i) {
    numbers[past.edits[i].author.change.str()] = i;
    devices.emplace(past.edits[i].author.device.str(),
                    std::string(1, static_cast<char>('A' + devices.size() % 26)));
  }
  std::string text = absl::StrCat(past.type, ", ", past.edits.size(), " edits\n");
  for (size_t i = 0; i < past.edits.size(); ++i) {
    const PastEdit& edit = past.edits[i];
    absl::StrAppend(&text, "  #", i, " ", devices[edit.author.device.str()], edit.author.sequence,
                    " id ", edit.author.change.Short(), " stamp ", edit.author.stamp, " authority ",
                    edit.author.authority, edit.applied ? "" : " REFUSED", " on {");
    for (const std::string& parent : edit.edit.parents()) {
      absl::StrAppend(&text, " #", numbers[parent]);
    }
    absl::StrAppend(&text, " }");
    for (const v1::FieldOp& op : edit.edit.ops()) absl::StrAppend(&text, "; ", DescribeOp(op));
    for (const v1::FieldOp& op : edit.assigned) {
      absl::StrAppend(&text, "; assigned ", DescribeOp(op));
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

std::string Describe(const v1::RecordEdit& edit) {
  std::string text = absl::StrCat(absl::BytesToHexString(edit.record_id().substr(0, 4)), " on {");
  for (const std::string& parent : edit.parents()) {
    absl::StrAppend(&text, " ", absl::BytesToHexString(parent.substr(0, 4)));
  }
  absl::StrAppend(&text, " }");
  for (const v1::FieldOp& op : edit.ops()) absl::StrAppend(&text, "; ", DescribeOp(op));
  return text;
}

std::string Describe(const v1::Record& record) {
  const auto name = [&](uint32_t index) {
    const int at = static_cast<int>(index);
    return at < record.changes_size()
               ? absl::BytesToHexString(record.changes(at).change_id().substr(0, 4))
               : std::string("?");
  };
  std::string text = absl::StrCat("  born ", name(record.birth()), ", heads");
  for (uint32_t head : record.heads()) absl::StrAppend(&text, " ", name(head));
  absl::StrAppend(&text, "\n  changes");
  for (const v1::ChangeRef& change : record.changes()) {
    absl::StrAppend(&text, " ", absl::BytesToHexString(change.change_id().substr(0, 4)), "@",
                    change.stamp(), "/", change.authority());
  }
  absl::StrAppend(&text, "\n  seen");
  for (const v1::Seen& seen : record.seen()) {
    absl::StrAppend(&text, " ", absl::BytesToHexString(seen.device_id().substr(0, 4)), ":",
                    seen.sequence());
  }
  for (const v1::FieldState& field : record.fields()) {
    absl::StrAppend(&text, "\n  ", field.field(), field.key().empty() ? "" : "[", field.key(),
                    field.key().empty() ? "" : "]", " total ", field.total());
    for (const v1::Reading& reading : field.readings()) {
      absl::StrAppend(&text, " '", absl::CHexEscape(reading.value()), "' by ",
                      name(reading.change()));
    }
    if (field.typed() != 0) absl::StrAppend(&text, " typed ", field.typed());
    for (const v1::TextSpan& span : field.spans()) {
      absl::StrAppend(&text, " span");
      for (const v1::TextReading& reading : span.readings()) {
        absl::StrAppend(&text, " '", absl::CHexEscape(reading.text()), "' by ",
                        name(reading.change()));
      }
    }
    for (const v1::TextAgain& again : field.again()) {
      absl::StrAppend(&text, " again ", again.position(), "+", again.length(), " by");
      for (uint32_t change : again.changes()) absl::StrAppend(&text, " ", name(change));
    }
  }
  return text + "\n";
}

}  // namespace sotay::laws
