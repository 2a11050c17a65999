// Deadlines in words.
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/deadline.pb.h"
#include "mobile-sdk/cli/day_words.h"
#include "mobile-sdk/cli/deadlines.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"

namespace sotay::cli {
namespace {

using sync::Doubt;
using sync::TermState;

// Of the id of an entry; --json has all.
constexpr size_t kEntryDigits = 8;

std::string MomentInWords(const sync::Moment& moment) {
  return moment.day == 0 ? ""
                         : absl::StrCat(DayInWords(moment.day), " ", TimeInWords(moment.minute));
}

std::string InWords(const Voice& voice, TermState state) {
  switch (state) {
    case TermState::kNotStarted:
      return voice("chưa bắt đầu", "not begun");
    case TermState::kRunning:
      return voice("đang chạy", "running");
    case TermState::kSuspended:
      return voice("tạm đình chỉ", "suspended");
    case TermState::kComplete:
      return voice("đã xong", "done");
  }
  return "";
}

std::string InWords(const Voice& voice, Doubt doubt) {
  switch (doubt) {
    case Doubt::kNoTerm:
      return voice("bảng không có thời hạn này vào ngày bắt đầu",
                   "the table has no such term on the day it began");
    case Doubt::kUnreadable:
      return voice(
          "có mục không đọc được nên không tính; cập nhật ứng dụng, hoặc "
          "ghi mục thay thế",
          "an entry cannot be read and does not count; update the program, "
          "or correct it");
    case Doubt::kNoLength:
      return voice("có gia hạn không ghi bao lâu nên chưa tính",
                   "an extension does not say how long and does not count yet");
    case Doubt::kTooLong:
      return voice("có gia hạn dài hơn bảng cho phép", "an extension is longer than the table has");
    case Doubt::kTooMany:
      return voice("số lần gia hạn nhiều hơn bảng cho phép",
                   "there are more extensions than the table has");
    case Doubt::kDaysOffUnknown:
      return voice(
          "bảng chưa có, hoặc chưa chắc, ngày nghỉ lúc đó; có thể hết hạn muộn hơn",
          "the table does not have, or is not certain of, the days off then; it may end later");
    case Doubt::kOutOfPlace:
      return voice("có mục không khớp với tình trạng thời hạn lúc đó",
                   "an entry does not follow from how the term stood then");
    case Doubt::kCompletedLate:
      return voice("hoàn thành sau khi hết hạn", "it was done after its end");
    case Doubt::kTooManyEntries:
      return voice("quá nhiều mục, không tính được", "too many entries, nothing is reckoned");
  }
  return "";
}

std::string KindInWords(const Voice& voice, sync::Happened what) {
  const auto* const value =
      casework::v1::DeadlineEventKind_descriptor()->FindValueByNumber(static_cast<int>(what));
  return value == nullptr ? "?" : EnumLabel(voice, *value);
}

// "[3f2a91c2] Gia hạn, 12/QĐ-VKSKV3, 18/11/2026, 2m, đến 23/01/2027 24:00".
std::string EventInWords(const Voice& voice, const DeadlineLine& line, size_t index) {
  const sync::TermEvent& event = line.events[index];
  std::string words = absl::StrCat(
      event.id.empty() ? "" : absl::StrCat("[", Hex(event.id).substr(0, kEntryDigits), "] "),
      KindInWords(voice, event.what));
  const auto add = [&words](const std::string& what) {
    if (!what.empty()) absl::StrAppend(&words, ", ", what);
  };
  add(event.document_no);
  add(absl::StrCat(DayInWords(event.day),
                   event.minute.has_value() ? absl::StrCat(" ", TimeInWords(*event.minute)) : ""));
  if (event.length.has_value()) add(LengthInWords(*event.length));
  if (event.end.has_value()) add(absl::StrCat(voice("đến ", "until "), MomentInWords(*event.end)));
  add(event.signer);
  add(event.remark);
  for (size_t i = 0; !event.corrects.empty() && i < line.events.size(); ++i) {
    const bool named = i != index && line.events[i].id == event.corrects;
    if (!named) continue;
    add(event.what == sync::Happened::kStrike
            ? absl::StrCat(voice("hủy mục ", "strikes out "), i + 1)
            : absl::StrCat(voice("thay cho mục ", "in place of "), i + 1));
  }
  if (!line.reckoning.counts[index]) add(voice("KHÔNG TÍNH", "DOES NOT COUNT"));
  return words;
}

std::string CourseInWords(const Voice& voice, const sync::Course& course) {
  if (course.state != TermState::kRunning) {
    const std::string due = MomentInWords(course.due);
    return absl::StrCat(
        InWords(voice, course.state),
        course.completed != 0 ? absl::StrCat(" ", DayInWords(course.completed)) : "",
        due.empty() ? "" : absl::StrCat(voice(" (hạn ", " (its end: "), due, ")"));
  }
  if (course.due.day == 0) return voice("chưa biết hết hạn khi nào", "nobody knows until when");
  return absl::StrCat(MomentInWords(course.due),
                      course.by_order ? voice(", theo văn bản", ", as a document says")
                                      : voice(", tính theo bảng", ", by the table"));
}

std::string LeftInWords(const Voice& voice, const DeadlineLine& line, const Now& now) {
  const auto due_ms = line.due_ms();
  if (!due_ms.has_value()) return InWords(voice, line.reckoning.shown.state);
  if (*due_ms > now.ms) return SpanInWords(voice, *due_ms - now.ms);
  return absl::StrCat(voice("QUÁ HẠN ", "OVERDUE "), SpanInWords(voice, now.ms - *due_ms));
}

std::string MarksInWords(const Voice& voice, const DeadlineLine& line, const Now& now) {
  const Nearness near = line.near(now.ms);
  std::string marks = near == Nearness::kFar ? "" : near == Nearness::kAmber ? "!" : "!!";
  const auto add = [&marks](const std::string& mark) {
    absl::StrAppend(&marks, marks.empty() ? "" : " ", mark);
  };
  if (line.reckoning.to_review()) add(voice("XEM LẠI", "TO REVIEW"));
  if (!line.reckoning.shown.doubts.empty()) add("?");
  return marks;
}

// As the table had it when the term began.
const sync::TermWords* WordsOf(const TermRules& rules, const DeadlineLine& line) {
  return rules.table->WordsOf(line.rule_id(), line.reckoning.shown.began);
}
std::string TermInWords(const Voice& voice, const TermRules& rules, const DeadlineLine& line) {
  const sync::TermWords* const words = WordsOf(rules, line);
  return words == nullptr ? line.rule_id() : voice(words->vi, words->en);
}

// By whose clock it is said how much is left; nothing where that is the server's.
std::string ClockInWords(const Voice& voice, const Now& now) {
  if (now.by_server) return "";
  return voice("Còn lại bao lâu: theo đồng hồ của máy này, không phải của máy chủ\n",
               "How long is left: by the clock of this machine, not the server's\n");
}

}  // namespace

std::string DeadlinesInWords(const Reader& reader, const TermRules& rules,
                             const std::vector<DeadlineLine>& lines, const Now& now) {
  const Voice& voice = reader.voice;
  const std::string table_words = absl::StrCat(TableInWords(voice, rules), "\n");
  if (lines.empty()) {
    return absl::StrCat(voice("Không có thời hạn nào.\n", "No deadlines.\n"), table_words);
  }
  Table table({{voice("mã", "id")},
               {voice("còn lại", "left")},
               {voice("lưu ý", "mark")},
               {voice("hết hạn", "ends")},
               {voice("loại", "term"), false, 12},
               {voice("số thụ lý", "case"), false, 8},
               {voice("đối tượng", "subject"), false, 8},
               {voice("KSV", "by"), false, 8, true},
               {voice("căn cứ", "basis"), false, 8, true},
               {voice("gia hạn", "ext."), true, 0, true},
               {voice("nguồn ngày", "source"), false, 0, true},
               {voice("cập nhật", "updated"), false, 0, true}});
  for (const DeadlineLine& line : lines) {
    const sync::Course& shown = line.reckoning.shown;
    const sync::TermEvent* const basis = line.basis();
    const sync::Author& newest = line.newest();
    table.Add({line.record.id().Short(), LeftInWords(voice, line, now),
               MarksInWords(voice, line, now), MomentInWords(shown.due),
               TermInWords(voice, rules, line), line.case_no, line.subject(),
               reader.names.Person(line.record.birth().user_id),
               basis == nullptr ? "" : basis->document_no, absl::StrCat(shown.extensions),
               shown.due.day == 0 ? ""
               : shown.by_order   ? voice("văn bản", "order")
                                  : voice("tự tính", "table"),
               InstantInWords(sync::StampMs(newest.stamp))});
  }
  return absl::StrCat(table.Print(reader.columns), ClockInWords(voice, now), table_words);
}

std::string DeadlineInWords(const Reader& reader, const TermRules& rules, const DeadlineLine& line,
                            const Now& now) {
  const Voice& voice = reader.voice;
  const sync::TermWords* const words = WordsOf(rules, line);
  const sync::Reckoning& reckoning = line.reckoning;
  std::string out = absl::StrCat(
      OneLine(TermInWords(voice, rules, line)),
      words == nullptr ? "" : absl::StrCat(" (", OneLine(words->source), ")"), "\n  ",
      voice("Hết hạn: ", "Ends: "), CourseInWords(voice, reckoning.shown),
      line.due_ms().has_value() ? absl::StrCat("  [", LeftInWords(voice, line, now), "]") : "",
      "\n");
  for (size_t i = 0; i < line.events.size(); ++i) {
    absl::StrAppend(
        &out,
        Indented(reader,
                 absl::StrCat(i + 1, ". ", OneLine(EventInWords(voice, line, i)), "  — ",
                              AuthorInWords(reader, line.record.author(line.events[i].author))),
                 4));
  }
  for (const auto& [a, b] : reckoning.contradictions) {
    absl::StrAppend(&out, "  ", voice("XEM LẠI: người ghi mục ", "TO REVIEW: whoever entered "),
                    a + 1, voice(" và mục ", " and "), b + 1,
                    voice(" không biết nhau; đang hiển thị ngày hết hạn sớm nhất\n",
                          " did not know of each other; the earliest end is shown\n"));
  }
  if (reckoning.to_review()) {
    for (const sync::Course& course : reckoning.readings) {
      absl::StrAppend(&out, "    • ", CourseInWords(voice, course), "\n");
    }
    absl::StrAppend(&out, "  ", voice("Đã xem thì ghi: ", "Having looked, enter: "),
                    "sotay deadlines add ", line.record.id().Short(), " review\n");
  }
  for (const Doubt doubt : reckoning.shown.doubts) {
    absl::StrAppend(&out, "  ? ", InWords(voice, doubt), "\n");
  }
  const std::string clock = ClockInWords(voice, now);
  absl::StrAppend(&out, clock.empty() ? "" : "  ", clock, "  ", TableInWords(voice, rules), "\n");
  return out;
}

}  // namespace sotay::cli
