#include "server/tally.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/types/optional.h"
#include "server/page.h"
#include "server/reading.h"
#include "server/refusal.h"
#include "server/states_alike.h"
#include "sync/guard.h"
#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/status_macros.h"
#include "sync/written_record.h"

namespace sotay::server {

struct Tally::Bound {
  size_t rows;
  size_t records;
  bool reached = false;  // there was more
};

// A record while it is looked at: what is kept of it is much less, as there may be many.
struct Tally::Seen {
  sync::MergedRecord record;
  std::string bytes;
  uint64_t position = 0;
  const sync::AccessLine* line = nullptr;
};

// Whether somebody may see the numbers of records of a unit.  A seat that reads a record may.
class Tally::Counting {
 public:
  Counting(const Directory& directory, Store* store, const sync::Schema& schema,
           const Person& person, const std::string& unit)
      : directory_(directory),
        matrix_(*directory.rules().matrix),
        store_(*store),
        schema_(schema),
        reading_(directory, store, schema, person, unit),
        unit_(unit),
        user_id_(person.user.user_id()),
        seats_(directory.SeatsOf(person, unit)),
        acts_(directory.DossiersOf(unit)),
        counts_(sync::Counts(matrix_, seats_)) {}

  absl::StatusOr<sync::Verdict> Of(const FeedPlace& place, const stored::v1::FeedRow& row) {
    SOTAY_ASSIGN_OR_RETURN(const sync::Verdict reads, reading_.Of(place.record, row));
    if (reads.allowed() || !counts_) return reads;
    const auto acts = directory_.DossiersOf(unit_);
    // What proved to be secret is in nobody's numbers.
    if (acts != nullptr && acts->IsSealed(row.dossier_id())) return sync::Verdict();
    const sync::TypeInMatrix& known = matrix_.TypeOf(row.type());
    sync::Facts facts;
    facts.kind = known.kind;
    facts.submitted = known.Submitted(row.state());
    facts.kept_back = directory_.KeepsBack(unit_, row.dossier_id(), user_id_);
    const sync::Verdict at_once = sync::Decide(matrix_, seats_, sync::Verb::kNumbers, facts);
    if (at_once.allowed()) return at_once;
    facts.fields = sync::kEveryField;
    facts.begun = facts.assigned = true;
    // Whatever its dossier is, or whose: nothing of that has to be read.
    const sync::Verdict at_best = sync::Decide(matrix_, seats_, sync::Verb::kNumbers, facts);
    if (!at_best.allowed()) return at_best;
    SOTAY_RETURN_IF_ERROR(Complete(place.record, row.dossier_id(), &facts));
    return sync::Decide(matrix_, seats_, sync::Verb::kNumbers, facts);
  }

 private:
  absl::StatusOr<absl::optional<sync::MergedRecord>> Load(const sync::RecordId& id) {
    SOTAY_ASSIGN_OR_RETURN(const auto stored, store_.LoadRecord(id));
    if (!stored.has_value()) return absl::optional<sync::MergedRecord>();
    SOTAY_ASSIGN_OR_RETURN(auto record, sync::MergedRecord::Parse(schema_, stored->bytes));
    return absl::optional<sync::MergedRecord>(std::move(record));
  }
  // What of the facts depends on the record's author, and on its dossier's root.
  absl::Status Complete(const sync::RecordId& id, const std::string& dossier, sync::Facts* facts) {
    SOTAY_ASSIGN_OR_RETURN(const auto record, Load(id));
    facts->begun = record.has_value() && !record->empty() && record->birth().user_id == user_id_;
    facts->assigned = false;
    facts->fields = 0;
    const auto root_id = sync::RecordId::From(dossier);
    if (!root_id.has_value()) return absl::OkStatus();
    SOTAY_ASSIGN_OR_RETURN(const auto root, Load(*root_id));
    if (!root.has_value() || root->empty()) return absl::OkStatus();
    facts->fields = sync::FieldsOfDossier(matrix_, *root);
    facts->assigned = sync::IsTheirs(acts_.get(), dossier, user_id_, root->birth().user_id);
    return absl::OkStatus();
  }

  const Directory& directory_;
  const sync::Matrix& matrix_;
  Store& store_;
  const sync::Schema& schema_;
  Reading reading_;
  const std::string unit_;
  const std::string user_id_;
  const sync::Seats seats_;
  const std::shared_ptr<const sync::DossierActs> acts_;  // null: nothing was said of any dossier
  const bool counts_;
};

absl::StatusOr<std::unique_ptr<Tally>> Tally::Make(const Directory* directory, Store* store,
                                                   const sync::Schema* schema,
                                                   const Supervision* supervision,
                                                   TallyLimits limits) {
  std::unique_ptr<Tally> made(new Tally(directory, store, schema, supervision, limits));
  for (const auto& [name, type] : schema->types()) {
    SOTAY_ASSIGN_OR_RETURN(sync::Belonging belonging, sync::BelongingOf(type));
    if (belonging.any()) made->belonging_.emplace(name, std::move(belonging));
  }
  return made;
}

absl::StatusOr<std::vector<std::string>> Tally::UnitsFor(const Person& person,
                                                         const std::string& unit,
                                                         bool subtree) const {
  std::vector<std::string> units;
  for (const v1::UnitView& view : directory_.ReadableUnits(person)) units.push_back(view.unit_id());
  if (unit.empty()) return units;
  const std::vector<std::string> readable = directory_.Readable(person, unit, subtree);
  const auto is_below = [&](const std::string& id) {
    if (std::find(readable.begin(), readable.end(), id) != readable.end() || id == unit)
      return true;
    std::string above = id;
    while (subtree && !above.empty() && above != unit) {
      const auto known = directory_.FindUnit(above);
      above = known.has_value() ? known->parent_id() : "";
    }
    return above == unit;
  };
  if (std::find(units.begin(), units.end(), unit) == units.end()) return NotFound("the unit");
  units.erase(std::remove_if(units.begin(), units.end(),
                             [&](const std::string& id) { return !is_below(id); }),
              units.end());
  return units;
}

absl::Status Tally::Visit(const std::string& unit, Wanted wanted, May may, Bound* left,
                          Take take) const {
  absl::flat_hash_set<sync::RecordId> met;  // one that changes meanwhile may be met twice
  absl::Status status;
  const FeedPlace newest{std::numeric_limits<uint64_t>::max(), sync::RecordId()};
  const auto visit = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    left->reached = left->rows == 0 || left->records == 0;
    if (left->reached) return false;
    --left->rows;
    if (!wanted(place, row) || !met.insert(place.record).second) return true;
    // Whoever may see none of them makes as much work.
    --left->records;
    absl::StatusOr<sync::Verdict> verdict = may(place, row);
    status = verdict.status();
    if (!status.ok()) return false;
    if (!verdict->allowed()) return true;
    auto stored = store_.LoadRecord(place.record);
    status = stored.status();
    if (!status.ok()) return false;
    if (!stored->has_value()) return true;  // it proved to be secret meanwhile
    auto record = sync::MergedRecord::Parse(schema_, (*stored)->bytes);
    status = record.status();
    if (!status.ok()) return false;
    if (record->empty()) return true;  // nothing of it took effect
    if ((*stored)->position != place.position) {
      // It went on since its row was read: what is shown is what is asked about.
      stored::v1::FeedRow now;
      FillFeedRow(sync::WrittenRecord(&*record, 0), &now);
      const FeedPlace at{(*stored)->position, place.record};
      verdict = may(at, now);
      status = verdict.status();
      if (!status.ok()) return false;
      if (!wanted(at, now) || !verdict->allowed()) return true;
    }
    return take(
        {*std::move(record), std::move((*stored)->bytes), (*stored)->position, verdict->line});
  };
  SOTAY_RETURN_IF_ERROR(store_.VisitFeedBackwards(unit, newest, visit));
  return status;
}

absl::StatusOr<v1::UnitTally> Tally::CountIn(const Person& person, const std::string& unit,
                                             const sync::RecordType& type,
                                             const std::set<int32_t>* states, Bound* left) const {
  Counting counting(directory_, &store_, schema_, person, unit);
  const auto of_type = [&type](const FeedPlace&, const stored::v1::FeedRow& row) {
    return row.type() == type.name;
  };
  const auto may = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    return counting.Of(place, row);
  };
  const sync::FieldType* const link = sync::LinkOf(type);
  const sync::OutOfUse out_of_use = sync::OutOfUseOf(type);
  const auto in_state = [&](const sync::MergedRecord& record) {
    return states == nullptr ||
           (type.state != nullptr && states->count(record.StateInForce(type.state->number)) != 0);
  };
  v1::UnitTally tally;
  tally.set_unit_id(unit);
  std::vector<sync::Counted> counted;
  std::vector<bool> wanted;
  std::vector<bool> disputed;
  const auto count = [&](Seen&& one) {
    const sync::MergedRecord& record = one.record;
    if (sync::IsOutOfUse(out_of_use, record)) {
      tally.set_withdrawn(tally.withdrawn() + (in_state(record) ? 1 : 0));
      return true;
    }
    const sync::Repeats says = link != nullptr ? sync::WhatRepeats(*link, record) : sync::Repeats();
    counted.push_back({record.id(), record.dossier(), record.birth().stamp, says.other});
    wanted.push_back(in_state(record));
    disputed.push_back(says.disputed);
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Visit(unit, of_type, may, left, count));
  const std::vector<size_t> heads = sync::HeadsOf(counted);
  for (size_t i = 0; i < heads.size(); ++i) {
    if (!wanted[heads[i]]) continue;
    tally.set_records(tally.records() + 1);
    tally.set_things(tally.things() + (heads[i] == i ? 1 : 0));
    tally.set_disputed(tally.disputed() + (disputed[i] ? 1 : 0));
  }
  return tally;
}

absl::StatusOr<v1::CountRecordsResponse> Tally::CountRecords(
    const Person& person, const v1::CountRecordsRequest& request) const {
  const sync::RecordType* const type = schema_.Find(request.type());
  if (type == nullptr) return Malformed("type: no record type of that name is loaded");
  absl::optional<std::set<int32_t>> states;
  if (!request.state().empty()) {
    auto alike = StatesAlike(schema_, request.state());
    const auto of_type = alike.find(type->name);
    if (of_type == alike.end()) return Malformed("state: the type has no such state");
    states = std::move(of_type->second);
  }
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> units,
                         UnitsFor(person, request.unit_id(), request.subtree()));
  v1::CountRecordsResponse response;
  Bound left = {limits_.rows, limits_.records};
  for (const std::string& unit : units) {
    SOTAY_ASSIGN_OR_RETURN(
        *response.add_units(),
        CountIn(person, unit, *type, states.has_value() ? &*states : nullptr, &left));
  }
  response.set_more(left.reached);
  return response;
}

absl::StatusOr<std::vector<sync::RecordId>> Tally::GroupOf(const sync::MergedRecord& asked,
                                                           Reading* reading, Bound* left) const {
  const sync::RecordType* const type = asked.type();
  const sync::FieldType* const link = type != nullptr ? sync::LinkOf(*type) : nullptr;
  const sync::OutOfUse out_of_use = type != nullptr ? sync::OutOfUseOf(*type) : sync::OutOfUse();
  const sync::RecordId id = asked.id();
  if (link == nullptr || sync::IsOutOfUse(out_of_use, asked)) return std::vector{id};
  const std::string dossier = asked.dossier().str();
  const bool root = asked.dossier() == id;
  const auto may_be_of_it = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    return row.type() == type->name &&
           (root ? row.dossier_id() == place.record.view() : row.dossier_id() == dossier);
  };
  const auto may = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    return reading->Of(place.record, row);
  };
  std::vector<sync::Counted> counted;
  const auto count = [&](Seen&& one) {
    const sync::MergedRecord& record = one.record;
    if (sync::IsOutOfUse(out_of_use, record)) return true;
    counted.push_back({record.id(), record.dossier(), record.birth().stamp,
                       sync::WhatRepeats(*link, record).other});
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Visit(asked.unit_id(), may_be_of_it, may, left, count));
  const auto self = std::find_if(counted.begin(), counted.end(),
                                 [&id](const sync::Counted& one) { return one.id == id; });
  // It went while this looked, or stands behind what is looked through.
  if (self == counted.end()) return std::vector{id};
  const std::vector<size_t> heads = sync::HeadsOf(counted);
  const size_t head = heads[static_cast<size_t>(self - counted.begin())];
  std::vector<std::pair<sync::Stamp, sync::RecordId>> group;
  for (size_t i = 0; i < counted.size(); ++i) {
    if (heads[i] == head) group.emplace_back(counted[i].born, counted[i].id);
  }
  std::sort(group.begin(), group.end());
  std::vector<sync::RecordId> ids;
  for (const auto& one : group) ids.push_back(one.second);
  return ids;
}

absl::StatusOr<absl::optional<Tally::Seen>> Tally::Load(const sync::RecordId& id,
                                                        Reading* reading) const {
  SOTAY_ASSIGN_OR_RETURN(auto stored, store_.LoadRecord(id));
  if (!stored.has_value()) return absl::optional<Seen>();
  SOTAY_ASSIGN_OR_RETURN(auto record, sync::MergedRecord::Parse(schema_, stored->bytes));
  stored::v1::FeedRow row;
  FillFeedRow(sync::WrittenRecord(&record, 0), &row);
  SOTAY_ASSIGN_OR_RETURN(const sync::Verdict verdict, reading->Of(id, row));
  if (!verdict.allowed()) return absl::optional<Seen>();
  return absl::make_optional(
      Seen{std::move(record), std::move(stored->bytes), stored->position, verdict.line});
}

absl::StatusOr<v1::GetTogetherResponse> Tally::GetTogether(const Person& person,
                                                           const v1::GetTogetherRequest& request,
                                                           ShownParts* shown) const {
  Shown place;
  SOTAY_ASSIGN_OR_RETURN(const v1::FeedRecord named,
                         supervision_.Resolve(person, request.record_id(), &place));
  SOTAY_ASSIGN_OR_RETURN(const auto asked, sync::MergedRecord::Parse(schema_, named.record()));
  Reading reading = supervision_.ReadingOf(person, place.unit);
  Bound left = {limits_.rows, limits_.records};
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::RecordId> group, GroupOf(asked, &reading, &left));
  v1::GetTogetherResponse response;
  response.set_more(left.reached);
  if (group.size() == 1) return response;
  size_t bytes = 0;
  const auto full = [&] {
    if (bytes > kPageBytesMax) response.set_more(true);
    return bytes > kPageBytesMax;
  };
  const auto tell = [&](Seen&& one, v1::FeedRecord* told) {
    bytes += one.bytes.size();
    // Each is shown whole, and so each is noted by itself.
    if (shown != nullptr) {
      shown->push_back({place.unit, one.record.id().str(), one.position, one.position, 1,
                        one.line != nullptr ? one.line->name : place.lines});
    }
    told->set_position(one.position);
    *told->mutable_record() = std::move(one.bytes);
  };
  std::set<std::string> dossiers;
  std::set<sync::RecordId> ids;
  for (const sync::RecordId& id : group) {
    if (full()) return response;
    SOTAY_ASSIGN_OR_RETURN(auto one, Load(id, &reading));
    if (!one.has_value()) continue;  // it went meanwhile
    dossiers.insert(one->record.dossier().str());
    ids.insert(id);
    tell(*std::move(one), response.add_records());
  }
  const auto may_belong = [&](const FeedPlace&, const stored::v1::FeedRow& row) {
    return dossiers.count(row.dossier_id()) != 0 && belonging_.count(row.type()) != 0;
  };
  const auto may = [&](const FeedPlace& at, const stored::v1::FeedRow& row) {
    return reading.Of(at.record, row);
  };
  const auto take = [&](Seen&& one) {
    const auto to = sync::BelongsTo(belonging_.at(one.record.type_name()), one.record);
    if (std::none_of(to.begin(), to.end(), [&](const auto& of) { return ids.count(of) != 0; })) {
      return true;
    }
    if (full()) return false;
    tell(std::move(one), response.add_belongings());
    return true;
  };
  SOTAY_RETURN_IF_ERROR(Visit(place.unit, may_belong, may, &left, take));
  response.set_more(response.more() || left.reached);
  return response;
}

}  // namespace sotay::server
