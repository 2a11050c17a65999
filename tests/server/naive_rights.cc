#include "tests/server/naive_rights.h"

#include <set>

namespace sotay::tests {
namespace {

enum class Where { kNowhere, kBelow, kHere };

// Whether `top` is `unit`, or came after it by then.
bool Became(const std::map<std::string, NaiveUnit>& units, const std::string& unit,
            const std::string& top, sync::Day day) {
  if (unit == top) return true;
  const NaiveUnit& row = units.at(unit);
  if (row.last_day == 0 || day <= row.last_day) return false;
  for (const std::string& successor : row.successors) {
    if (Became(units, successor, top, day)) return true;
  }
  return false;
}

// A unit stands under its parent and whatever that became, and under what these stand under.
bool Under(const std::map<std::string, NaiveUnit>& units, const std::string& unit,
           const std::string& top, sync::Day day) {
  std::set<std::string> above = {units.at(unit).parent};
  for (size_t before = 0; before != above.size();) {
    before = above.size();
    for (const std::string& one : std::set<std::string>(above)) {
      if (one.empty()) continue;
      above.insert(units.at(one).parent);
      for (const auto& [other, row] : units) {
        if (Became(units, one, other, day)) above.insert(other);
      }
    }
  }
  return above.count(top) != 0;
}

// Where a record of `unit` is for somebody with a post in `post`.
Where Look(const std::map<std::string, NaiveUnit>& units, const std::string& unit,
           const std::string& post, sync::Day day) {
  if (unit == post) return Where::kHere;
  Where found = Under(units, unit, post, day) ? Where::kBelow : Where::kNowhere;
  const NaiveUnit& row = units.at(unit);
  if (row.last_day == 0 || day <= row.last_day) return found;
  for (const std::string& successor : row.successors) {
    const Where there = Look(units, successor, post, day);
    if (there > found) found = there;
  }
  return found;
}

bool Meet(const NaivePost& post, const NaiveRecord& record) {
  if (post.fields.count("*") != 0) return true;
  for (const std::string& field : record.fields) {
    if (post.fields.count(field) != 0) return true;
  }
  return false;
}

bool OpensADossier(const NaiveRecord& record) {
  return record.kind == "case" || record.kind == "inspection";
}

// What making a signature, or an assignment, asks for.
bool Says(const std::string& verb) { return verb == "create" || verb == "approve"; }

// One row of the paper each.  `here`: a record of the very unit; otherwise of one below.
bool Head(const NaiveRecord& record, const std::string& verb, bool here) {
  const std::string& kind = record.kind;
  if (verb == "decide") return here && kind != "audit";
  if (verb == "assign" || verb == "seal") return here && OpensADossier(record);
  if (kind == "case" || kind == "action" || kind == "deadline") {
    return verb == "read" || (verb == "approve" && here);
  }
  if (kind == "comment") return here && (verb == "create" || verb == "read");
  if (kind == "device" || kind == "audit") return verb == "read";
  // What leaders say: signatures, and who is given what.
  if (kind == "signoff" || kind == "assignment") return verb == "read" || (here && Says(verb));
  if (verb == "read") return here || record.submitted;
  return verb == "approve" && here;
}

bool Deputy(const NaivePost& post, const NaiveRecord& record, const std::string& verb, bool here) {
  if (!here) return false;
  if (record.kind == "device" || record.kind == "audit") return verb == "read";
  if (verb == "decide") return Meet(post, record);
  if (verb == "assign") return OpensADossier(record) && Meet(post, record);
  // What is for others they see where they answer for it.
  if (record.for_others && !Meet(post, record)) return false;
  if (record.kind == "comment") return verb == "create" || verb == "read";
  if (record.kind == "signoff" || record.kind == "assignment") {
    return verb == "read" || (Says(verb) && Meet(post, record));
  }
  return verb == "read" || (verb == "approve" && Meet(post, record));
}

bool Division(const NaivePost& post, const NaiveRecord& record, const std::string& verb) {
  if (record.kind == "device" || record.kind == "audit" || record.for_others) return false;
  if (record.kind == "comment") return verb == "read";
  if (verb != "read" || !Meet(post, record)) return false;
  // That something was signed, and why, also of what was not submitted.
  return record.kind == "case" || record.kind == "action" || record.kind == "deadline" ||
         record.kind == "signoff" || record.kind == "assignment" || record.submitted;
}

bool Writer(const NaiveRecord& record, const std::string& verb, bool here, bool prosecutor) {
  if (!here) return false;
  if (record.kind == "device" || record.kind == "audit") return verb == "read" && record.begun;
  if (record.for_others) return false;
  if (record.kind == "comment") return verb == "create" || verb == "read";
  if (record.kind == "signoff") return verb == "read";
  if (verb == "read" || verb == "edit") return true;
  // Tasks, in dossiers that are theirs.
  if (record.kind == "assignment") {
    return verb == "create" && prosecutor && (record.begun || record.assigned);
  }
  const bool term = record.kind == "deadline";
  if (verb == "create") {
    return prosecutor || (record.kind != "case" && record.kind != "action" && !term);
  }
  return verb == "submit" && prosecutor && record.kind != "case" && !term;
}

bool Statistician(const NaiveRecord& record, const std::string& verb, bool here) {
  const bool content =
      record.kind != "comment" && record.kind != "device" && record.kind != "audit";
  return verb == "numbers" && here && content && !record.for_others;
}

bool Inspector(const NaiveRecord& record, const std::string& verb) {
  return verb == "read" && record.kind != "comment" && record.kind != "device";
}

}  // namespace

bool NaivelyAllowed(const std::map<std::string, NaiveUnit>& units,
                    const std::vector<NaivePost>& posts, const NaiveRecord& record,
                    const std::string& verb, sync::Day day) {
  for (const NaivePost& post : posts) {
    if (day < post.first_day || (post.last_day != 0 && day > post.last_day)) continue;
    const Where where = Look(units, record.unit, post.unit, day);
    if (where == Where::kNowhere) continue;
    const bool here = where == Where::kHere;
    bool allowed = false;
    switch (post.capacity) {
      case v1::CAPACITY_HEAD:
        allowed = Head(record, verb, here);
        break;
      case v1::CAPACITY_DEP:
        allowed = Deputy(post, record, verb, here);
        break;
      case v1::CAPACITY_DIV:
        allowed = Division(post, record, verb);
        break;
      case v1::CAPACITY_KSV:
      case v1::CAPACITY_KTV:
        allowed = Writer(record, verb, here, post.capacity == v1::CAPACITY_KSV);
        break;
      case v1::CAPACITY_STA:
        allowed = Statistician(record, verb, here);
        break;
      case v1::CAPACITY_INS:
        allowed = Inspector(record, verb);
        break;
      default:  // clerks and administrators see no content
        break;
    }
    if (allowed) return true;
  }
  return false;
}

}  // namespace sotay::tests
