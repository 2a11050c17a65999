// Text on a terminal: how many columns it takes, and what must not reach a terminal raw.
// Letters are counted as people see them: "đặc" is three columns wide whether it is written in
// NFC or NFD, an emoji family is two.  Pure but for TerminalColumns; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sotay::cli {

// Columns `text` takes on one line of a terminal.  Bytes that are not UTF-8 count one each.
size_t DisplayWidth(absl::string_view text);

// `text` fit to show: control characters, direction overrides and invisible marks as
// "\u{202E}", bytes that are not UTF-8 as "\x{FF}".  Somebody's note can then neither move the
// cursor nor turn a sentence round.
// OneLine also shows a line feed as "⏎" and a tab as a space; Block keeps line feeds.
std::string OneLine(absl::string_view text);
std::string Block(absl::string_view text);

// `json` (a finished document) with the same characters written as \uXXXX: the same document
// to every reader, harmless to a terminal.
std::string SafeJson(absl::string_view json);

// At most `columns` wide; what is cut off shows as "…".  Never cuts within a letter.
std::string Fit(absl::string_view text, size_t columns);

// Spaces added up to `columns`, after the text or before it.
std::string PadRight(absl::string_view text, size_t columns);
std::string PadLeft(absl::string_view text, size_t columns);

// Lines of at most `columns`, broken at spaces where there are any; 0: only where the text
// itself breaks.
std::vector<std::string> Wrap(absl::string_view text, size_t columns);

// Width of the terminal at file descriptor `fd`; 0 when it is none.
size_t TerminalColumns(int fd);

}  // namespace sotay::cli
