// Reads a table of terms.  Strict: what it does not know it refuses, saying where, what, and what
// is allowed there.
#include "sync/term_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {
namespace {

constexpr size_t kTableBytesMax = size_t{256} << 10;
constexpr size_t kIdMax = 63;
constexpr size_t kExtensionsMax = 16;

using Words = std::vector<absl::string_view>;

bool IsId(absl::string_view id) {
  if (id.empty() || id.size() > kIdMax || !absl::ascii_islower(id[0])) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '.' || c == '_';
  });
}

// What stands behind the first `count` words of a line.
absl::string_view Behind(absl::string_view line, int count) {
  for (; count > 0; --count) {
    line = absl::StripLeadingAsciiWhitespace(line);
    line.remove_prefix(std::min(line.find_first_of(" \t"), line.size()));
  }
  return absl::StripAsciiWhitespace(line);
}

}  // namespace

absl::optional<Length> ReadLength(absl::string_view text) {
  Length length;
  if (text.size() < 2 || text.size() > 5 || !absl::ascii_isdigit(text[0])) return absl::nullopt;
  length.unit = text.back();
  text.remove_suffix(1);
  if (!std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) return absl::nullopt;
  const int most = length.unit == 'h' || length.unit == 'd' ? 9999
                   : length.unit == 'w'                     ? 999
                   : length.unit == 'm'                     ? 240
                                                            : 0;
  if (!absl::SimpleAtoi(text, &length.count) || length.count < 1 || length.count > most) {
    return absl::nullopt;
  }
  return length;
}

absl::optional<int> ReadTime(absl::string_view text) {
  int hours = 0;
  int minutes = 0;
  const auto digits = [](absl::string_view part) {
    return std::all_of(part.begin(), part.end(), absl::ascii_isdigit);
  };
  if (text.size() != 5 || text[2] != ':' || !digits(text.substr(0, 2)) || !digits(text.substr(3)) ||
      !absl::SimpleAtoi(text.substr(0, 2), &hours) || !absl::SimpleAtoi(text.substr(3), &minutes) ||
      minutes > 59 || hours > 24 || (hours == 24 && minutes != 0)) {
    return absl::nullopt;
  }
  return hours * 60 + minutes;
}

class TermTableReader {
 public:
  explicit TermTableReader(absl::string_view file) : file_(file) {}

  absl::StatusOr<std::shared_ptr<const TermTable>> Read(absl::string_view text);

 private:
  absl::Status Wrong(absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(file_, ":", line_, ": ", what));
  }
  absl::Status ReadLine(absl::string_view line);
  absl::Status ReadTerm(const Words& words);
  absl::Status ReadOption(absl::string_view word, Term* term) const;
  absl::Status ReadWords(absl::string_view line, const Words& words);
  absl::Status EndWords();
  absl::Status ReadDayOff(const Words& words);
  absl::StatusOr<Day> DayIn(absl::string_view word) const;
  absl::StatusOr<Length> LengthIn(absl::string_view word) const;

  const std::string file_;
  int line_ = 0;
  std::shared_ptr<TermTable> table_{new TermTable()};
};

absl::StatusOr<Day> TermTableReader::DayIn(absl::string_view word) const {
  const Words parts = absl::StrSplit(word, '-');
  Day day = 0;
  const bool shape = word.size() == 10 && parts.size() == 3 && parts[0].size() == 4 &&
                     parts[1].size() == 2 && absl::SimpleAtoi(absl::StrJoin(parts, ""), &day);
  if (!shape || !IsDay(day) || day / 10'000 > 2999) {
    return Wrong(absl::StrCat("no day: ", word, "; expected YYYY-MM-DD"));
  }
  return day;
}

absl::StatusOr<Length> TermTableReader::LengthIn(absl::string_view word) const {
  if (const auto length = ReadLength(word)) return *length;
  return Wrong(absl::StrCat("no length: ", word,
                            "; expected a number with h (hours), d (days), w (working days) or m "
                            "(months), as 20d"));
}

absl::Status TermTableReader::ReadOption(absl::string_view word, Term* term) const {
  if (word == "custody") {
    term->custody = true;
  } else if (word == "month=30") {
    term->month_30 = true;
  } else if (absl::ConsumePrefix(&word, "extend=")) {
    for (const absl::string_view length : absl::StrSplit(word, ',')) {
      SOTAY_ASSIGN_OR_RETURN(Length read, LengthIn(length));
      term->extensions.push_back(read);
    }
    if (term->extensions.size() > kExtensionsMax) {
      return Wrong(absl::StrCat(term->extensions.size(), " extensions, limit ", kExtensionsMax));
    }
  } else {
    return Wrong(absl::StrCat("no option of a term: ", word,
                              "; there are extend=LENGTH[,LENGTH…], custody, month=30"));
  }
  return absl::OkStatus();
}

absl::Status TermTableReader::ReadTerm(const Words& words) {
  if (words.size() < 6) {
    return Wrong(
        "expected term ID FROM TO LENGTH moves|stays [OPTION …]; - for no first or last day");
  }
  Term term;
  term.id = std::string(words[1]);
  if (!IsId(term.id)) {
    return Wrong(absl::StrCat("no id of a term: ", term.id, "; expected a-z, 0-9, . and _"));
  }
  if (words[2] != "-") {
    SOTAY_ASSIGN_OR_RETURN(term.from, DayIn(words[2]));
  }
  if (words[3] != "-") {
    SOTAY_ASSIGN_OR_RETURN(term.to, DayIn(words[3]));
  }
  if (term.to != 0 && term.to < term.from) return Wrong("its last day is before its first");
  SOTAY_ASSIGN_OR_RETURN(term.length, LengthIn(words[4]));
  if (words[5] != "moves" && words[5] != "stays") {
    return Wrong(absl::StrCat("whether its end moves off days off: ", words[5],
                              "; expected moves or stays"));
  }
  term.moves = words[5] == "moves";
  for (size_t i = 6; i < words.size(); ++i) SOTAY_RETURN_IF_ERROR(ReadOption(words[i], &term));
  for (const Term& other : table_->terms_) {
    const bool apart =
        (other.to != 0 && other.to < term.from) || (term.to != 0 && term.to < other.from);
    if (other.id == term.id && !apart) {
      return Wrong(absl::StrCat("term ", term.id, " is there already for some of these days"));
    }
  }
  table_->terms_.push_back(std::move(term));
  return absl::OkStatus();
}

// Of the versions above that have none yet.
absl::Status TermTableReader::ReadWords(absl::string_view line, const Words& words) {
  std::vector<TermWords*> versions;
  bool known = false;
  const bool source = words[0] == "source";
  for (Term& term : table_->terms_) {
    if (words.size() < 2 || term.id != words[1]) continue;
    known = true;
    if ((source ? term.words.source : term.words.vi).empty()) versions.push_back(&term.words);
  }
  if (!known) return Wrong(absl::StrCat("expected ", words[0], " and the id of a term above"));
  if (versions.empty()) {
    return Wrong(absl::StrCat("term ", words[1], " has a ", words[0],
                              " already; one of another version stands behind that"));
  }
  const absl::string_view said = Behind(line, 2);
  const std::pair<absl::string_view, absl::string_view> names =
      absl::StrSplit(said, absl::MaxSplits(" / ", 1));
  if (source && said.empty()) return Wrong("expected source ID and where it is from");
  if (!source && (names.first.empty() || names.second.empty())) {
    return Wrong("expected label ID TÊN / NAME");
  }
  for (TermWords* const version : versions) {
    if (source) {
      version->source = std::string(said);
    } else {
      version->vi = std::string(names.first);
      version->en = std::string(names.second);
    }
  }
  return absl::OkStatus();
}

// A version without takes the words of the one above it.
absl::Status TermTableReader::EndWords() {
  for (size_t i = 0; i < table_->terms_.size(); ++i) {
    Term& term = table_->terms_[i];
    for (size_t above = i; above-- > 0;) {
      const Term& other = table_->terms_[above];
      if (other.id != term.id) continue;
      if (term.words.source.empty()) term.words.source = other.words.source;
      if (term.words.vi.empty()) {
        term.words.vi = other.words.vi;
        term.words.en = other.words.en;
      }
      break;
    }
    if (!term.words.vi.empty() && !term.words.source.empty()) continue;
    return Wrong(
        absl::StrCat("term ", term.id, " has no ", term.words.vi.empty() ? "label" : "source"));
  }
  return absl::OkStatus();
}

absl::Status TermTableReader::ReadDayOff(const Words& words) {
  if (words[0] == "year") {
    int year = 0;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &year) || year < 1900 || year > 2999) {
      return Wrong("expected year YYYY, of which all days off are in the table");
    }
    table_->days_off_.AddYear(year);
    return absl::OkStatus();
  }
  if (words.size() < 2) return Wrong(absl::StrCat("expected ", words[0], " YYYY-MM-DD [NAME]"));
  SOTAY_ASSIGN_OR_RETURN(const Day day, DayIn(words[1]));
  if (words[0] == "day-off") table_->days_off_.AddDayOff(day);
  if (words[0] == "work-day") table_->days_off_.AddWorkDay(day);
  if (words[0] == "unsure") table_->days_off_.AddUnsure(day);
  return absl::OkStatus();
}

absl::Status TermTableReader::ReadLine(absl::string_view line) {
  line = line.substr(0, line.find('#'));
  const Words words = absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
  if (words.empty()) return absl::OkStatus();
  if (words[0] == "version") {
    if (words.size() != 2 || !table_->version_.empty())
      return Wrong("expected one line version NAME");
    table_->version_ = std::string(words[1]);
    return absl::OkStatus();
  }
  if (words[0] == "term") return ReadTerm(words);
  if (words[0] == "label" || words[0] == "source") return ReadWords(line, words);
  if (words[0] == "year" || words[0] == "day-off" || words[0] == "work-day" ||
      words[0] == "unsure") {
    return ReadDayOff(words);
  }
  return Wrong(
      absl::StrCat("a line begins with version, term, label, source, year, day-off, "
                   "work-day or unsure, not with ",
                   words[0]));
}

absl::StatusOr<std::shared_ptr<const TermTable>> TermTableReader::Read(absl::string_view text) {
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");  // as some editors begin a file
  if (text.size() > kTableBytesMax) {
    return Wrong(absl::StrCat(text.size(), " bytes, limit ", kTableBytesMax));
  }
  if (Utf8Prefix(text) != text.size()) {
    return Wrong(absl::StrCat("byte ", Utf8Prefix(text), " is not UTF-8"));
  }
  table_->text_ = std::string(text);
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_;
    SOTAY_RETURN_IF_ERROR(ReadLine(line));
  }
  if (table_->version_.empty()) return Wrong("the table has no line version NAME");
  SOTAY_RETURN_IF_ERROR(EndWords());
  return std::shared_ptr<const TermTable>(std::move(table_));
}

absl::StatusOr<std::shared_ptr<const TermTable>> TermTable::Parse(absl::string_view text,
                                                                  absl::string_view file) {
  return TermTableReader(file).Read(text);
}

const Term* TermTable::Find(absl::string_view id, Day day) const {
  for (const Term& term : terms_) {
    if (term.id == id && InTerm(day, term.from, term.to)) return &term;
  }
  return nullptr;
}

const TermWords* TermTable::WordsOf(absl::string_view id, Day day) const {
  const Term* const then = day == 0 ? nullptr : Find(id, day);
  if (then != nullptr) return &then->words;
  const auto last =
      std::find_if(terms_.rbegin(), terms_.rend(), [&](const Term& term) { return term.id == id; });
  return last == terms_.rend() ? nullptr : &last->words;
}

bool TermTable::IsCustody(absl::string_view id) const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return term.id == id && term.custody; });
}

}  // namespace sotay::sync
