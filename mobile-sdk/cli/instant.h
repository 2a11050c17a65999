// Times as people in Việt Nam write them: dd/mm/yyyy HH:mm, 24 hours, ICT (UTC+07:00, no summer
// time).  Instants are milliseconds since 1970.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mobile-sdk/cli/voice.h"

namespace sotay::cli {

// "05/11/2026 07:15".
std::string InstantInWords(int64_t ms);

// What somebody typed: "5/11/2026", "05/11/2026 7:15", "05112026", "05112026 07:15", "now", or
// milliseconds since 1970 (11 digits or more).  A date alone is its first minute.  The day
// comes first, always: kInvalidArgument for a month over 12 says so, and so it does for days
// that do not exist, years outside 1900–2999 and everything else.
absl::StatusOr<int64_t> ParseInstant(absl::string_view text, int64_t now_ms);

// A time in a table of somebody else's, by an explicit `format` of dd, mm, yyyy, HH, MM and the
// characters between them; dd and mm also take one digit.  `zone_minutes` is where its clock
// stood, east of UTC.  kInvalidArgument as above, or when the format itself is none.
absl::StatusOr<int64_t> ParseInstantAs(absl::string_view text, absl::string_view format,
                                       int zone_minutes);

// "+07:00" as minutes east of UTC, at most 14 hours.
absl::StatusOr<int> ParseZone(absl::string_view zone);

// How long ago: "3 phút trước", "2 ngày trước"; "chưa bao giờ" for 0, "vừa xong" within a minute
// and for clocks that disagree.
std::string AgoInWords(const Voice& voice, int64_t then_ms, int64_t now_ms);

// A span: "45 giây", "3 phút", "2 giờ", "5 ngày".
std::string SpanInWords(const Voice& voice, int64_t ms);

// "90s", "15m", "2h", "7d" or plain seconds.  kInvalidArgument when it is neither.
absl::StatusOr<uint32_t> ParseSeconds(absl::string_view text);

}  // namespace sotay::cli
