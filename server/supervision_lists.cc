// Lists of records: which match, a page at a time, across units.
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "server/refusal.h"
#include "server/states_alike.h"
#include "server/supervision.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Feed rows one page looks through: some 20 ms.
constexpr size_t kRowsLookedAtMax = 20'000;

}  // namespace

// Which feed rows match.
struct Supervision::Filter {
  std::string type;  // empty: any
  // Type → values; nothing: any.
  absl::optional<std::map<std::string, std::set<int32_t>>> states;
  std::string dossier;
  bool conflicts_only = false;

  bool Matches(const stored::v1::FeedRow& row) const {
    if (!type.empty() && row.type() != type) return false;
    if (!dossier.empty() && row.dossier_id() != dossier) return false;
    if (conflicts_only && row.conflicts() == 0) return false;
    if (!states.has_value()) return true;
    const auto state = states->find(row.type());
    return state != states->end() && state->second.count(row.state()) != 0;
  }
};

struct Supervision::Found {
  std::vector<v1::FeedRecord> records;
  absl::optional<PagePlace> next;
};

absl::StatusOr<Supervision::Filter> Supervision::FilterFor(
    const v1::ListRecordsRequest& request) const {
  Filter filter;
  if (!request.type().empty()) {
    const sync::RecordType* type = schema_.Find(request.type());
    if (type == nullptr) return Malformed("type: no record type of that name is loaded");
    filter.type = type->name;
  }
  if (!request.dossier_id().empty() && request.dossier_id().size() != sync::RecordId::kSize) {
    return Malformed("dossier_id is not 16 bytes");
  }
  filter.dossier = request.dossier_id();
  if (request.state().empty()) return filter;
  filter.states = StatesAlike(schema_, request.state());
  if (filter.states->empty()) return Malformed("state: no loaded record type has such a state");
  return filter;
}

absl::StatusOr<Supervision::Found> Supervision::Find(const Person& person,
                                                     const std::vector<std::string>& units,
                                                     const Filter& filter, size_t size,
                                                     const absl::optional<PagePlace>& from,
                                                     ShownParts* shown) const {
  Found found;
  auto unit = units.begin();
  FeedPlace before{std::numeric_limits<uint64_t>::max(), sync::RecordId()};
  if (from.has_value()) {
    unit = std::find(units.begin(), units.end(), from->unit);
    const auto record = sync::RecordId::From(from->record);
    if (unit == units.end() || !record.has_value()) {
      return Malformed("page_token: its unit is gone; begin with the first page");
    }
    before = {from->number, *record};
  }
  size_t looked_at = 0;
  size_t bytes = 0;
  absl::Status status;
  for (; unit != units.end(); ++unit) {
    bool full = false;
    FeedPlace last = before;
    Reading reading = ReadingOf(person, *unit);
    const auto visit = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
      absl::StatusOr<sync::Verdict> verdict = sync::Verdict();
      if (filter.Matches(row)) verdict = reading.Of(place.record, row);
      status = verdict.status();
      if (!status.ok()) return false;
      // Nobody is to be told that it was among what was shown.
      if (!verdict->allowed() && shown != nullptr && filter.Matches(row)) CloseShown(shown, *unit);
      if (verdict->allowed()) {
        auto stored = store_.LoadRecord(place.record);
        status = stored.status();
        if (!status.ok()) return false;
        // Changed since the scan began: it was, or will be, listed where it is now.
        if (stored->has_value() && (*stored)->position == place.position) {
          full = !found.records.empty() && bytes + (*stored)->bytes.size() > kPageBytesMax;
          if (full) return false;
          bytes += (*stored)->bytes.size();
          v1::FeedRecord& record = found.records.emplace_back();
          record.set_position(place.position);
          *record.mutable_record() = std::move((*stored)->bytes);
          if (shown != nullptr) AddShown(shown, *unit, place.position, verdict->line->name);
        }
      }
      last = place;
      full = found.records.size() == size || ++looked_at == kRowsLookedAtMax;
      return !full;
    };
    SOTAY_RETURN_IF_ERROR(store_.VisitFeedBackwards(*unit, before, visit));
    SOTAY_RETURN_IF_ERROR(status);
    if (full) {
      found.next = PagePlace{*unit, last.position, last.record.str()};
      return found;
    }
    before = {std::numeric_limits<uint64_t>::max(), sync::RecordId()};
  }
  return found;
}

absl::StatusOr<v1::ListRecordsResponse> Supervision::ListRecords(
    const Person& person, const v1::ListRecordsRequest& request, ShownParts* shown) const {
  const std::string question = QuestionOf(request);
  SOTAY_ASSIGN_OR_RETURN(
      const auto units,
      UnitsFor(person, request.unit_id(), request.unit_id().empty() || request.subtree()));
  SOTAY_ASSIGN_OR_RETURN(const Filter filter, FilterFor(request));
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(), 50));
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  SOTAY_ASSIGN_OR_RETURN(Found found, Find(person, units, filter, size, from, shown));
  v1::ListRecordsResponse response;
  for (v1::FeedRecord& record : found.records) *response.add_records() = std::move(record);
  if (found.next.has_value()) response.set_next_page_token(PageToken(question, *found.next));
  return response;
}

absl::StatusOr<v1::ListConflictsResponse> Supervision::ListConflicts(
    const Person& person, const v1::ListConflictsRequest& request, ShownParts* shown) const {
  const std::string question = QuestionOf(request);
  SOTAY_ASSIGN_OR_RETURN(
      const auto units,
      UnitsFor(person, request.unit_id(), request.unit_id().empty() || request.subtree()));
  Filter filter;
  filter.conflicts_only = true;
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(), 50));
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  SOTAY_ASSIGN_OR_RETURN(Found found, Find(person, units, filter, size, from, shown));
  v1::ListConflictsResponse response;
  for (v1::FeedRecord& record : found.records) *response.add_records() = std::move(record);
  if (found.next.has_value()) response.set_next_page_token(PageToken(question, *found.next));
  return response;
}

}  // namespace sotay::server
