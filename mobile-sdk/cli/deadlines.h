// Deadlines in words and as JSON, for `sotay`, `sotayctl` and their `show`: when each ends, by
// what, how near that is, and what has to be reviewed.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "mobile-sdk/cli/reader.h"
#include "mobile-sdk/cli/term_rules.h"
#include "nlohmann/json.hpp"
#include "sync/deadline.h"
#include "sync/merged_record.h"

namespace sotay::cli {

struct OpenNotebook;
struct OpenOffice;

// What time it is: as the server has it, as far as is known here, or else this machine.
struct Now {
  int64_t ms = 0;
  bool by_server = false;
};

// How near the end of a term is.
enum class Nearness { kFar, kAmber, kRed, kOverdue };

// One deadline, reckoned.
struct DeadlineLine {
  sync::MergedRecord record;
  std::string case_no;  // of its dossier; the beginning of its id where it has none
  std::vector<sync::TermEvent> events;
  sync::Reckoning reckoning;

  // Nothing: it does not run, or nobody knows until when.
  absl::optional<int64_t> due_ms() const;
  Nearness near(int64_t now_ms) const;
  // What is not to be done any more is listed only when it is asked for: withdrawn, or completed
  // where there is nothing else to look at.
  bool over() const;
  std::string rule_id() const;
  std::string subject() const;
  // The entry that decided the end; null: none did.
  const sync::TermEvent* basis() const;
  // Whose entry came last; of one without entries, who began it.
  const sync::Author& newest() const;
};

// "20d", as it is typed.
std::string LengthInWords(const sync::Length& length);
// "09:30".
std::string TimeInWords(int minute);

bool IsDeadline(const sync::MergedRecord& record);
// `root` null: its dossier is not here.
DeadlineLine Reckoned(const TermRules& rules, sync::MergedRecord record,
                      const sync::MergedRecord* root);
// Who is held first, whether or not anybody knows until when, then what ends first.
void SortByEnd(std::vector<DeadlineLine>* lines);

// [{id, dossier, unit, case_no, rule_id, subject, state, due_date, due_time, due_ms, left_ms,
// clock, near, by_order, basis, extensions, custody, to_review, doubts[…], readings[…], events[…],
// contradictions[[…]], user, name, updated_ms}]
nlohmann::json DeadlineJson(const Reader& reader, const DeadlineLine& line, const Now& now);
nlohmann::json DeadlinesJson(const Reader& reader, const TermRules& rules,
                             const std::vector<DeadlineLine>& lines, const Now& now);
// A table, a line each.
std::string DeadlinesInWords(const Reader& reader, const TermRules& rules,
                             const std::vector<DeadlineLine>& lines, const Now& now);
// One, with its entries numbered and what is to be known of it.
std::string DeadlineInWords(const Reader& reader, const TermRules& rules, const DeadlineLine& line,
                            const Now& now);

// What `show` says beside the record where it is a deadline; otherwise nothing.  A table with a
// mistake keeps nobody from reading the record: then it says so.
void AddDeadline(const Invocation& run, const Reader& reader, const sync::MergedRecord& record,
                 const sync::MergedRecord* root, const Now& now, nlohmann::json* document,
                 std::string* text);
// The same in a notebook and at the console, where the rest of it is.
absl::Status AddDeadlineHere(const Invocation& run, const OpenNotebook& open,
                             const sync::MergedRecord& record, nlohmann::json* document,
                             std::string* text);
absl::Status AddDeadlineThere(const Invocation& run, const OpenOffice& open,
                              const sync::MergedRecord& record, nlohmann::json* document,
                              std::string* text);

}  // namespace sotay::cli
