#include "mobile-sdk/cli/deadlines.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "casework/v1/case.pb.h"
#include "casework/v1/deadline.pb.h"
#include "mobile-sdk/cli/record_json.h"
#include "sync/fragment.h"

namespace sotay::cli {
namespace {

using casework::v1::Deadline;
using nlohmann::json;
using sync::Doubt;
using sync::TermState;

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;
constexpr uint64_t kAmberDays = 5;
constexpr uint64_t kRedDays = 1;
constexpr uint64_t kWarnDaysMax = 3650;
constexpr char kDeadline[] = "casework.v1.Deadline";

// The shown value of a field of text or number; empty when it was never written.
absl::string_view Shown(const sync::MergedRecord& record, uint32_t field) {
  const sync::FieldSlot* const slot = record.Slot(field);
  if (slot == nullptr || slot->readings.empty()) return "";
  return slot->readings.front().value;
}
std::string TextOf(const sync::MergedRecord& record, uint32_t field) {
  return std::string(sync::StringOf(Shown(record, field)).value_or(""));
}

const char* NameOf(TermState state) {
  switch (state) {
    case TermState::kNotStarted:
      return "not_started";
    case TermState::kRunning:
      return "running";
    case TermState::kSuspended:
      return "suspended";
    case TermState::kComplete:
      return "complete";
  }
  return "";
}
const char* NameOf(Nearness near) {
  switch (near) {
    case Nearness::kFar:
      return "";
    case Nearness::kAmber:
      return "amber";
    case Nearness::kRed:
      return "red";
    case Nearness::kOverdue:
      return "overdue";
  }
  return "";
}

const char* NameOf(Doubt doubt) {
  switch (doubt) {
    case Doubt::kNoTerm:
      return "no_term";
    case Doubt::kUnreadable:
      return "unreadable";
    case Doubt::kNoLength:
      return "no_length";
    case Doubt::kTooLong:
      return "too_long";
    case Doubt::kTooMany:
      return "too_many";
    case Doubt::kDaysOffUnknown:
      return "days_off_unknown";
    case Doubt::kOutOfPlace:
      return "out_of_place";
    case Doubt::kCompletedLate:
      return "completed_late";
    case Doubt::kTooManyEntries:
      return "too_many_entries";
  }
  return "";
}

json CourseJson(const sync::Course& course) {
  json doubts = json::array();
  for (const Doubt doubt : course.doubts) doubts.push_back(NameOf(doubt));
  return {{"state", NameOf(course.state)},
          {"due_date", course.due.day},
          {"due_time", course.due.day == 0 ? "" : TimeInWords(course.due.minute)},
          {"by_order", course.by_order},
          {"extensions", course.extensions},
          {"completed_date", course.completed},
          {"doubts", doubts}};
}

json EventJson(const Reader& reader, const DeadlineLine& line, size_t index) {
  const sync::TermEvent& event = line.events[index];
  const sync::Moment end = event.end.value_or(sync::Moment());
  return {{"number", index + 1},
          {"entry", Hex(event.id)},
          {"corrects", Hex(event.corrects)},
          {"counts", bool{line.reckoning.counts[index]}},
          {"kind", casework::v1::DeadlineEventKind_Name(
                       static_cast<casework::v1::DeadlineEventKind>(event.what))},
          {"document_no", event.document_no},
          {"effective_date", event.day},
          {"effective_time", event.minute.has_value() ? TimeInWords(*event.minute) : ""},
          {"length", event.length.has_value() ? LengthInWords(*event.length) : ""},
          {"end_date", end.day},
          {"end_time", end.day == 0 ? "" : TimeInWords(end.minute)},
          {"signer", event.signer},
          {"remark", event.remark},
          {"readable", event.readable},
          {"author", AuthorJson(reader, line.record.author(event.author))}};
}

}  // namespace

absl::optional<int64_t> DeadlineLine::due_ms() const {
  const sync::Course& shown = reckoning.shown;
  if (shown.state != TermState::kRunning || shown.due.day == 0) return absl::nullopt;
  return sync::MsOf(shown.due);
}

Nearness DeadlineLine::near(int64_t now_ms) const {
  const auto due = due_ms();
  if (!due.has_value()) return Nearness::kFar;
  if (*due <= now_ms) return Nearness::kOverdue;
  const uint64_t typed = sync::VarintOf(Shown(record, Deadline::kWarnDaysFieldNumber)).value_or(0);
  const uint64_t amber = typed == 0 ? kAmberDays : std::min(typed, kWarnDaysMax);
  const int64_t left_ms = *due - now_ms;
  if (left_ms <= static_cast<int64_t>(kRedDays) * kDayMs) return Nearness::kRed;
  return left_ms <= static_cast<int64_t>(amber) * kDayMs ? Nearness::kAmber : Nearness::kFar;
}

bool DeadlineLine::over() const {
  if (record.StateInForce(Deadline::kWithdrawalFieldNumber) == casework::v1::WITHDRAWAL_WITHDRAWN) {
    return true;
  }
  const sync::Course& shown = reckoning.shown;
  return shown.state == TermState::kComplete && !reckoning.to_review() &&
         shown.doubts.count(Doubt::kOutOfPlace) == 0 && shown.doubts.count(Doubt::kUnreadable) == 0;
}

std::string DeadlineLine::rule_id() const { return TextOf(record, Deadline::kRuleIdFieldNumber); }

std::string DeadlineLine::subject() const { return TextOf(record, Deadline::kSubjectFieldNumber); }

const sync::TermEvent* DeadlineLine::basis() const {
  const auto& basis = reckoning.shown.basis;
  return basis.has_value() ? &events[*basis] : nullptr;
}

const sync::Author& DeadlineLine::newest() const {
  const sync::Author* newest = &record.birth();
  for (const sync::TermEvent& event : events) {
    const sync::Author& author = record.author(event.author);
    if (std::tie(newest->stamp, newest->change) < std::tie(author.stamp, author.change)) {
      newest = &author;
    }
  }
  return *newest;
}

std::string LengthInWords(const sync::Length& length) {
  return absl::StrCat(length.count, std::string(1, length.unit));
}

std::string TimeInWords(int minute) {
  const auto two = [](int number) { return absl::StrCat(number < 10 ? "0" : "", number); };
  return absl::StrCat(two(minute / 60), ":", two(minute % 60));
}
bool IsDeadline(const sync::MergedRecord& record) {
  return record.type_name() == kDeadline && record.type() != nullptr;
}

DeadlineLine Reckoned(const TermRules& rules, sync::MergedRecord record,
                      const sync::MergedRecord* root) {
  DeadlineLine line = {std::move(record), "", {}, {}};
  line.events = sync::EventsOf(line.record);
  line.reckoning = sync::Reckon(line.events, line.rule_id(), *rules.table);
  if (root != nullptr && root->type_name() == "casework.v1.Case") {
    line.case_no = TextOf(*root, casework::v1::Case::kCaseNoFieldNumber);
    if (line.case_no.empty()) line.case_no = TextOf(*root, casework::v1::Case::kTempNoFieldNumber);
  }
  if (line.case_no.empty()) line.case_no = line.record.dossier().Short();
  return line;
}

void SortByEnd(std::vector<DeadlineLine>* lines) {
  const auto order = [](const DeadlineLine& line) {
    const auto due_ms = line.due_ms();
    return std::make_tuple(!line.reckoning.shown.custody || line.over(), !due_ms.has_value(),
                           due_ms.value_or(0), line.record.id());
  };
  std::sort(lines->begin(), lines->end(),
            [&](const DeadlineLine& a, const DeadlineLine& b) { return order(a) < order(b); });
}

json DeadlineJson(const Reader& reader, const DeadlineLine& line, const Now& now) {
  json document = CourseJson(line.reckoning.shown);
  const auto due_ms = line.due_ms();
  const sync::TermEvent* const basis = line.basis();
  document.update({{"id", line.record.id().Hex()},
                   {"dossier", line.record.dossier().Hex()},
                   {"unit", line.record.unit_id()},
                   {"case_no", line.case_no},
                   {"rule_id", line.rule_id()},
                   {"subject", line.subject()},
                   {"due_ms", due_ms.has_value() ? json(*due_ms) : json()},
                   {"left_ms", due_ms.has_value() ? json(*due_ms - now.ms) : json()},
                   {"clock", now.by_server ? "server" : "machine"},
                   {"near", NameOf(line.near(now.ms))},
                   {"basis", basis == nullptr ? "" : basis->document_no},
                   {"custody", line.reckoning.shown.custody},
                   {"to_review", line.reckoning.to_review()},
                   {"begun_by", line.record.birth().user_id},
                   {"updated", AuthorJson(reader, line.newest())}});
  document["contradictions"] = json::array();
  for (const auto& [a, b] : line.reckoning.contradictions) {
    document["contradictions"].push_back({a + 1, b + 1});
  }
  document["readings"] = json::array();
  for (const sync::Course& course : line.reckoning.readings) {
    document["readings"].push_back(CourseJson(course));
  }
  document["events"] = json::array();
  for (size_t i = 0; i < line.events.size(); ++i) {
    document["events"].push_back(EventJson(reader, line, i));
  }
  return document;
}

json DeadlinesJson(const Reader& reader, const TermRules& rules,
                   const std::vector<DeadlineLine>& lines, const Now& now) {
  json list = json::array();
  for (const DeadlineLine& line : lines) list.push_back(DeadlineJson(reader, line, now));
  return {{"table", {{"version", rules.table->version()}, {"source", rules.source}}},
          {"deadlines", list}};
}

void AddDeadline(const Invocation& run, const Reader& reader, const sync::MergedRecord& record,
                 const sync::MergedRecord* root, const Now& now, json* document,
                 std::string* text) {
  if (!IsDeadline(record)) return;
  const absl::StatusOr<TermRules> rules = LoadTermRules(run);
  if (!rules.ok()) {
    (*document)["deadline"] = json();
    absl::StrAppend(text, "\n", rules.status().message(), "\n");
    return;
  }
  const DeadlineLine line = Reckoned(*rules, record, root);
  (*document)["deadline"] = DeadlineJson(reader, line, now);
  absl::StrAppend(text, "\n", DeadlineInWords(reader, *rules, line, now));
}

}  // namespace sotay::cli
