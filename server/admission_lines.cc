#include "server/admission_lines.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/person.h"
#include "server/rules_noted.h"
#include "sync/dossier_acts.h"
#include "sync/rights.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Of a user's rows those that stood at `at_ms`: what was said later did not count yet.
std::vector<v1::Post> StoodAt(const std::vector<v1::Post>& rows, int64_t at_ms) {
  std::set<uint64_t> replaced;
  for (const v1::Post& row : rows) {
    if (row.set_ms() <= at_ms) replaced.insert(row.replaces());
  }
  std::vector<v1::Post> stood;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(stood), [&](const v1::Post& row) {
    return row.set_ms() <= at_ms && replaced.count(row.number()) == 0;
  });
  return stood;
}

// The act that stood of the dossier when a change came at `at_ms`, none of those by the change
// itself; null: none.
const v1::DossierAct* StandingAtMs(const sync::DossierActs* acts, absl::string_view dossier,
                                   int64_t at_ms) {
  if (acts == nullptr) return nullptr;
  uint64_t newest = 0;
  for (const v1::DossierAct& act : acts->all()) {
    if (act.set_ms() < at_ms) newest = act.number();
  }
  return acts->StandingAt(dossier, newest);
}

}  // namespace

std::shared_ptr<const sync::Rights> AdmissionLines::RightsOf(const v1::Admission& admission,
                                                             const std::string& unit) const {
  const auto author = directory_.FindPerson(admission.user_id());
  if (author == nullptr) return nullptr;
  // A unit that ended since takes nothing from a post in it.
  const Standings here = {{unit, {{unit}, {}}}};
  return PersonOn(sync::DayOf(admission.received_ms()), author->user,
                  StoodAt(directory_.Posts(admission.user_id(), "", /*history=*/true),
                          admission.received_ms()),
                  here, directory_.rules().matrix)
      .rights;
}

v1::AdmissionLine AdmissionLines::LineOf(const Ground& ground, const v1::LogEntry& entry) const {
  const v1::Admission& admission = entry.admission();
  v1::AdmissionLine line;
  const auto noted = RulesAt(directory_.meta(), admission.received_ms());
  if (noted.has_value()) line.set_table(noted->version());
  const auto tell = [&line](v1::LineTold told) {
    line.set_told(told);
    return line;
  };
  if (admission.has_taken_in()) return tell(v1::LINE_TOLD_TAKEN_IN);
  if (!noted.has_value()) return tell(v1::LINE_TOLD_TABLE_NOT_NOTED);
  if (!IsThatOf(*noted, directory_.rules())) return tell(v1::LINE_TOLD_TABLE_REPLACED);
  const v1::Record& record = *ground.record;
  const auto rights = RightsOf(admission, record.unit_id());
  if (rights == nullptr || sync::AuthorityIn(*rights, record.unit_id()) != admission.authority()) {
    return tell(v1::LINE_TOLD_POSTS_CHANGED);
  }
  v1::Change change;
  if (!change.ParseFromString(entry.change())) return tell(v1::LINE_TOLD_NONE);
  const auto device = sync::DeviceId::From(change.device_id());
  const auto edit = std::find_if(
      change.edits().begin(), change.edits().end(),
      [&](const v1::RecordEdit& one) { return one.record_id() == record.record_id(); });
  if (edit == change.edits().end() || !device.has_value()) return tell(v1::LINE_TOLD_NONE);
  const sync::MergedRecord nothing(nullptr, sync::RecordId(), "", "", sync::RecordId());
  const sync::MergedRecord* base = &nothing;
  if (!edit->parents().empty()) {
    std::vector<sync::ChangeId> parents;
    for (const std::string& parent : edit->parents()) {
      if (const auto id = sync::ChangeId::From(parent)) parents.push_back(*id);
    }
    sync::ChangeId missing;
    const auto seen = ground.history->SeenBy(parents, *device, &missing);
    if (!seen.has_value()) return tell(v1::LINE_TOLD_NONE);
    base = &ground.history->At(*seen);
  }
  const auto acts = directory_.DossiersOf(record.unit_id());
  const v1::DossierAct* act =
      StandingAtMs(acts.get(), record.dossier_id(), admission.received_ms());
  // Who had not heard of an act was judged by what stood before it.
  if (const uint64_t unaware = sync::UnawareOf(admission); unaware != 0 && acts != nullptr) {
    act = acts->StandingAt(record.dossier_id(), unaware - 1);
  }
  const bool kept_back = act != nullptr && !sync::Leaves(*act, rights->user_id, rights->day);
  const auto lines =
      sync::LinesAllowing(*rights, record.unit_id(), schema_, *edit, *base, kept_back, [&] {
        sync::DossierFacts facts;
        if (ground.root == nullptr || ground.root->empty()) return facts;
        facts.fields = sync::FieldsOfDossier(*rights->matrix, *ground.root);
        facts.assigned = sync::IsTheirsBy(act, rights->user_id, ground.root->birth().user_id);
        return facts;
      });
  const bool changed_since = ground.root_position > admission.position();
  const bool by_field = std::any_of(lines.begin(), lines.end(),
                                    [](const sync::AccessLine* one) { return one->in_field; });
  if (changed_since && (by_field || lines.empty())) return tell(v1::LINE_TOLD_DOSSIER_CHANGED);
  if (lines.empty()) return tell(v1::LINE_TOLD_NONE);
  for (const sync::AccessLine* const one : lines) line.add_lines(one->name);
  return tell(v1::LINE_TOLD_BY_LINES);
}

absl::Status AdmissionLines::Tell(const v1::Record& record,
                                  google::protobuf::RepeatedPtrField<v1::LogEntry>* entries) const {
  if (entries->empty()) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(sync::History history, store_.LoadHistory(record));
  sync::MergedRecord root(nullptr, sync::RecordId(), "", "", sync::RecordId());
  Ground ground{&record, &history, &root, 0};
  if (const auto id = sync::RecordId::From(record.dossier_id())) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(*id));
    if (stored.has_value()) {
      SOTAY_ASSIGN_OR_RETURN(root, sync::MergedRecord::Parse(schema_, stored->bytes));
      ground.root_position = stored->position;
    }
  }
  for (v1::LogEntry& entry : *entries) {
    entry.MergeFromString(LineOf(ground, entry).SerializeAsString());
  }
  return absl::OkStatus();
}

}  // namespace sotay::server
