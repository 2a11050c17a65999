// What the server says to its operator: one JSON object a line on stderr, ids and sizes only,
// never a word of a note.  Any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace sotay::server {

enum class Severity { kDebug, kInfo, kWarning, kError };

// A named value of an event: a text or a number.
struct Fact {
  Fact(absl::string_view fact_name, absl::string_view value) : name(fact_name), text(value) {}
  Fact(absl::string_view fact_name, const char* value) : name(fact_name), text(value) {}
  Fact(absl::string_view fact_name, const std::string& value) : name(fact_name), text(value) {}
  template <typename Number>
  Fact(absl::string_view fact_name, Number value)
      : name(fact_name), number(static_cast<int64_t>(value)), numeric(true) {}

  absl::string_view name;
  absl::string_view text;
  int64_t number = 0;
  bool numeric = false;
};

// Nothing below `least` is said from then on.  At the start: kInfo.
void SetLeastSeverity(Severity least);
// Of "debug", "info", "warning", "error"; kInvalidArgument otherwise.
absl::Status SetLeastSeverity(absl::string_view name);

// {"time":"2026-11-05T00:15:00.123Z","severity":"info","event":"listening","port":7443}
void Say(Severity severity, absl::string_view event, std::initializer_list<Fact> facts = {});

// As Say, for what strangers and broken clients can cause at will: at most ten lines a second,
// and then one that says how many were left out.
void SayBounded(Severity severity, absl::string_view event, std::initializer_list<Fact> facts);

}  // namespace sotay::server
