// What our own text code takes for a recorded trace.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "tests/bench/text/history.h"
#include "tests/text/trace.h"

namespace sotay::bench {

// Milliseconds are of processor time, each the median of the means of five parts of its runs.
struct TextFigures {
  absl::optional<double> type_ms;  // sequential traces: typed into a draft, patch by patch
  // The whole history, from its bytes, into an empty note: of one author by the word rule, as a
  // server does; of several in the order of characters, as other libraries do, and by the rule.
  double merge_ms = 0;
  absl::optional<double> words_ms;
  absl::optional<double> arrive_ms;  // concurrent traces: one step after the other, from its bytes
  double load_ms = 0;                // a stored record opened, and its text read
  double bytes_packed = 0;           // the whole history as phones keep it, without change ids
  double changes = 0;                // it is of
  double memory_bytes = 0;           // of the opened record
  ByWords by_words;                  // what words_ms took, and made of it
};

// Fails when any way ends on another text than the trace does.
absl::StatusOr<TextFigures> MeasureText(const tests::Trace& trace, int runs);

}  // namespace sotay::bench
