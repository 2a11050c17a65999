#include "mobile-sdk/cli/instant.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr int kIctMinutes = 7 * 60;
constexpr int kYearMin = 1900;
constexpr int kYearMax = 2999;

absl::TimeZone Zone(int minutes) { return absl::FixedTimeZone(minutes * 60); }

struct Parts {
  int day = 0, month = 0, year = 0, hour = 0, minute = 0;
};

bool Digits(absl::string_view text, size_t count_min, size_t count_max) {
  return text.size() >= count_min && text.size() <= count_max &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool Number(absl::string_view text, size_t count_min, size_t count_max, int* number) {
  return Digits(text, count_min, count_max) && absl::SimpleAtoi(text, number);
}

absl::StatusOr<int64_t> FromParts(const Parts& parts, int zone_minutes, absl::string_view text) {
  if (parts.month > 12) {
    return absl::InvalidArgumentError(absl::StrCat("time \"", text, "\": there is no month ",
                                                   parts.month,
                                                   "; the day comes first (dd/mm/yyyy)"));
  }
  if (parts.year < kYearMin || parts.year > kYearMax) {
    return absl::InvalidArgumentError(absl::StrCat("time \"", text, "\": year ", parts.year,
                                                   " is outside ", kYearMin, " to ", kYearMax));
  }
  const absl::CivilDay day(parts.year, parts.month, parts.day);
  if (day.day() != parts.day || day.month() != parts.month) {
    return absl::InvalidArgumentError(
        absl::StrCat("time \"", text, "\": that day is in no calendar"));
  }
  if (parts.hour > 23 || parts.minute > 59) {
    return absl::InvalidArgumentError(
        absl::StrCat("time \"", text, "\": the clock goes from 00:00 to 23:59"));
  }
  const absl::CivilMinute minute(parts.year, parts.month, parts.day, parts.hour, parts.minute);
  return absl::ToUnixMillis(absl::FromCivil(minute, Zone(zone_minutes)));
}

absl::Status Unreadable(absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("time \"", text,
                   "\" cannot be read; write dd/mm/yyyy HH:mm, dd/mm/yyyy, "
                   "ddmmyyyy or now"));
}

bool ReadDate(absl::string_view date, Parts* parts) {
  if (Digits(date, 8, 8)) {
    return Number(date.substr(0, 2), 2, 2, &parts->day) &&
           Number(date.substr(2, 2), 2, 2, &parts->month) &&
           Number(date.substr(4), 4, 4, &parts->year);
  }
  const std::vector<absl::string_view> pieces = absl::StrSplit(date, '/');
  return pieces.size() == 3 && Number(pieces[0], 1, 2, &parts->day) &&
         Number(pieces[1], 1, 2, &parts->month) && Number(pieces[2], 4, 4, &parts->year);
}

bool ReadClock(absl::string_view clock, Parts* parts) {
  const std::vector<absl::string_view> pieces = absl::StrSplit(clock, ':');
  return pieces.size() == 2 && Number(pieces[0], 1, 2, &parts->hour) &&
         Number(pieces[1], 2, 2, &parts->minute);
}

// Reads one piece of a format off both; false when the text does not fit it.
bool ReadPiece(absl::string_view* format, absl::string_view* text, Parts* parts) {
  struct Word {
    absl::string_view name;
    int Parts::*part;
    size_t digits_min;
  };
  static constexpr Word kWords[] = {{"dd", &Parts::day, 1},
                                    {"mm", &Parts::month, 1},
                                    {"yyyy", &Parts::year, 4},
                                    {"HH", &Parts::hour, 1},
                                    {"MM", &Parts::minute, 2}};
  for (const Word& word : kWords) {
    if (!absl::StartsWith(*format, word.name)) continue;
    format->remove_prefix(word.name.size());
    size_t length = 0;
    while (length < word.name.size() && length < text->size() &&
           absl::ascii_isdigit(static_cast<unsigned char>((*text)[length]))) {
      ++length;
    }
    if (length < word.digits_min ||
        !absl::SimpleAtoi(text->substr(0, length), &(parts->*word.part))) {
      return false;
    }
    text->remove_prefix(length);
    return true;
  }
  if (text->empty() || text->front() != format->front()) return false;
  format->remove_prefix(1);
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::string InstantInWords(int64_t ms) {
  return absl::FormatTime("%d/%m/%E4Y %H:%M", absl::FromUnixMillis(ms), Zone(kIctMinutes));
}

absl::StatusOr<int64_t> ParseInstant(absl::string_view text, int64_t now_ms) {
  const absl::string_view typed = absl::StripAsciiWhitespace(text);
  if (typed == "now") return now_ms;
  int64_t ms = 0;
  if (Digits(typed, 11, 15) && absl::SimpleAtoi(typed, &ms)) return ms;
  const std::vector<absl::string_view> words = absl::StrSplit(typed, ' ', absl::SkipEmpty());
  Parts parts;
  if (words.empty() || words.size() > 2 || !ReadDate(words[0], &parts) ||
      (words.size() == 2 && !ReadClock(words[1], &parts))) {
    return Unreadable(typed);
  }
  return FromParts(parts, kIctMinutes, typed);
}

absl::StatusOr<int64_t> ParseInstantAs(absl::string_view text, absl::string_view format,
                                       int zone_minutes) {
  if (!absl::StrContains(format, "dd") || !absl::StrContains(format, "mm") ||
      !absl::StrContains(format, "yyyy")) {
    return absl::InvalidArgumentError(
        absl::StrCat("time format \"", format, "\" needs dd, mm and yyyy"));
  }
  Parts parts;
  absl::string_view rest = text;
  absl::string_view left = format;
  while (!left.empty()) {
    if (!ReadPiece(&left, &rest, &parts)) {
      rest = "?";
      break;
    }
  }
  if (!rest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("time \"", text, "\" is not written as ", format));
  }
  return FromParts(parts, zone_minutes, text);
}

absl::StatusOr<int> ParseZone(absl::string_view zone) {
  Parts parts;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') ||
      !ReadClock(zone.substr(1), &parts) || parts.minute > 59 ||
      parts.hour * 60 + parts.minute > 14 * 60) {
    return absl::InvalidArgumentError(absl::StrCat("zone \"", zone, "\" is none; write +07:00"));
  }
  const int minutes = parts.hour * 60 + parts.minute;
  return zone[0] == '-' ? -minutes : minutes;
}

std::string SpanInWords(const Voice& voice, int64_t ms) {
  struct Unit {
    int64_t ms;
    const char* vi;
    const char* en;
  };
  static constexpr Unit kUnits[] = {{86'400'000, "ngày", "d"},
                                    {3'600'000, "giờ", "h"},
                                    {60'000, "phút", "min"},
                                    {1'000, "giây", "s"}};
  const int64_t span = (std::llabs(ms) + 500) / 1'000 * 1'000;  // three days less a moment are 3
  const bool negative = ms < 0 && span != 0;
  for (const Unit& unit : kUnits) {
    if (span >= unit.ms || unit.ms == 1'000) {
      return absl::StrCat(negative ? "−" : "", span / unit.ms, " ", voice(unit.vi, unit.en));
    }
  }
  return "";
}

std::string AgoInWords(const Voice& voice, int64_t then_ms, int64_t now_ms) {
  if (then_ms == 0) return voice("chưa bao giờ", "never");
  if (now_ms - then_ms < 60'000) return voice("vừa xong", "just now");
  return absl::StrCat(SpanInWords(voice, now_ms - then_ms), " ", voice("trước", "ago"));
}

absl::StatusOr<uint32_t> ParseSeconds(absl::string_view text) {
  uint64_t factor = 1;
  absl::string_view digits = text;
  if (!digits.empty()) {
    switch (digits.back()) {
      case 'd':
        factor = 86'400;
        break;
      case 'h':
        factor = 3'600;
        break;
      case 'm':
        factor = 60;
        break;
      case 's':
        break;
      default:
        factor = 0;
    }
    if (factor != 0) digits.remove_suffix(1);
  }
  uint64_t count = 0;
  if (!Digits(digits, 1, 9) || !absl::SimpleAtoi(digits, &count)) {
    return absl::InvalidArgumentError(
        absl::StrCat("duration \"", text, "\" cannot be read; write 90s, 15m, 2h or 7d"));
  }
  const uint64_t seconds = count * std::max<uint64_t>(factor, 1);
  if (seconds > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("duration \"", text, "\" is too long"));
  }
  return static_cast<uint32_t>(seconds);
}

}  // namespace sotay::cli
