// deadlines: terms of law, when each ends, and what happened to it.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "casework/v1/deadline.pb.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/day_words.h"
#include "mobile-sdk/cli/deadlines.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "mobile-sdk/core/edits.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using casework::v1::DeadlineEvent;

constexpr size_t kEventIdBytes = 16;
constexpr size_t kEntryDigitsMin = 4;
constexpr size_t kDateDigits = 8;  // 05112026
constexpr char kType[] = "casework.v1.Deadline";

struct ListWords {
  std::string unit, in;
  bool all = false;
  bool table = false;
};

// What a document says, as it was typed.
struct DocumentWords {
  std::string document, date, length, until, signer, remark;
};

struct StartWords : DocumentWords {
  std::string in, rule, subject;
  uint64_t warn = 0;
};

struct AddWords : DocumentWords {
  std::string deadline, kind, corrects;
};

// What the server's clock says, as far as is known here: how much is left is counted by it.
absl::StatusOr<Now> NowOf(const Invocation& run, const OpenNotebook& open) {
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  return Now{run.NowMs() - status.skew_ms, status.last_contact_ms != 0};
}

absl::Status CheckDeadline(const sync::MergedRecord& record) {
  if (IsDeadline(record)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("record ", record.id().Short(), " is a ", record.type_name(), ", no deadline"));
}

absl::StatusOr<DeadlineLine> Line(const OpenNotebook& open, const TermRules& rules,
                                  const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(sdk::RecordView view, open.notebook->Read(id));
  SOTAY_RETURN_IF_ERROR(CheckDeadline(view.record));
  const absl::StatusOr<sdk::RecordView> root = open.notebook->Read(view.record.dossier());
  return Reckoned(rules, std::move(view.record), root.ok() ? &root->record : nullptr);
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const TermRules rules, LoadTermRules(run));
  if (words.table) {
    run.Print({{"version", rules.table->version()},
               {"source", rules.source},
               {"text", rules.table->text()}},
              Block(rules.table->text()));
    return absl::OkStatus();
  }
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  sdk::ListFilter filter;
  filter.type = kType;
  filter.unit_id = words.unit;
  if (!words.in.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::RecordId above, open.notebook->Find(words.in));
    SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(above));
    filter.dossier = view.record.dossier();
  }
  SOTAY_ASSIGN_OR_RETURN(const Now now, NowOf(run, open));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sdk::RecordLine> found, open.notebook->List(filter));
  std::vector<DeadlineLine> lines;
  for (const sdk::RecordLine& one : found) {
    SOTAY_ASSIGN_OR_RETURN(DeadlineLine line, Line(open, rules, one.id));
    if (words.all || !line.over()) lines.push_back(std::move(line));
  }
  SortByEnd(&lines);
  run.Print(DeadlinesJson(open.reader, rules, lines, now),
            DeadlinesInWords(open.reader, rules, lines, now));
  return absl::OkStatus();
}

// A day, and a time of it where one was typed.
struct TypedMoment {
  int32_t day = 0;
  std::string time;
};
// Of `option`.  No clock has a word in it: what is not written out is refused.
absl::StatusOr<TypedMoment> MomentOf(const std::string& option, const std::string& typed) {
  TypedMoment moment;
  if (typed.empty()) return moment;
  const absl::string_view written = absl::StripAsciiWhitespace(typed);
  const absl::string_view date = written.substr(0, written.find(' '));
  const bool digits = std::all_of(date.begin(), date.end(), absl::ascii_isdigit);
  if (!absl::StrContains(date, '/') && !(digits && date.size() == kDateDigits)) {
    return absl::InvalidArgumentError(
        absl::StrCat(option, " ", typed,
                     ": expected the day that the document says, as 5/11/2026 or 5/11/2026 9:30"));
  }
  SOTAY_ASSIGN_OR_RETURN(moment.day, DayOfWord(typed, /*now_ms=*/0));
  if (!absl::StrContains(typed, ':')) return moment;
  SOTAY_ASSIGN_OR_RETURN(const int64_t ms, ParseInstant(typed, /*now_ms=*/0));
  const int64_t minutes = sync::MinutesFrom({19700101, 7 * 60}, {moment.day, 0});
  moment.time = TimeInWords(static_cast<int>(ms / 60'000 - minutes));
  return moment;
}

// The entry that the words make; as the JSON that a notebook takes.
absl::StatusOr<std::string> EntryOf(const Invocation& run, const DocumentWords& words,
                                    casework::v1::DeadlineEventKind kind,
                                    const std::string& corrects) {
  DeadlineEvent event;
  std::string id(kEventIdBytes, '\0');
  const auto& chance = run.surroundings.random_bytes;
  chance ? chance(id.data(), id.size()) : seal::RandomBytes(id.data(), id.size());
  event.set_event_id(id);
  event.set_kind(kind);
  event.set_document_no(words.document);
  event.set_signer(words.signer);
  event.set_remark(words.remark);
  event.set_corrects(corrects);
  SOTAY_ASSIGN_OR_RETURN(const TypedMoment date, MomentOf("--date", words.date));
  event.set_effective_date(date.day);
  event.set_effective_time(date.time);
  SOTAY_ASSIGN_OR_RETURN(const TypedMoment until, MomentOf("--until", words.until));
  event.set_end_date(until.day);
  event.set_end_time(until.time);
  if (!words.length.empty() && !sync::ReadLength(words.length).has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--length ", words.length,
                     ": expected a number with h (hours), d (days), w (working days) or m "
                     "(months), as 20d"));
  }
  event.set_length(words.length);
  return MessageAsJson(event).dump();
}

absl::Status Confirm(const Invocation& run, const OpenNotebook& open, const TermRules& rules,
                     const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const Now now, NowOf(run, open));
  SOTAY_ASSIGN_OR_RETURN(const DeadlineLine line, Line(open, rules, id));
  run.Print(DeadlineJson(open.reader, line, now),
            absl::StrCat(run.voice("Đã ghi ", "Saved "), id.Short(), "  ",
                         DeadlineInWords(open.reader, rules, line, now)));
  return absl::OkStatus();
}

absl::Status Start(const Invocation& run, const StartWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const TermRules rules, LoadTermRules(run));
  if (rules.table->WordsOf(words.rule, 0) == nullptr) {
    std::vector<std::string> known;
    for (const sync::Term& term : rules.table->terms()) {
      if (known.empty() || known.back() != term.id) known.push_back(term.id);
    }
    return absl::NotFoundError(absl::StrCat("the table ", rules.table->version(), " has no term ",
                                            words.rule, "; it has ", absl::StrJoin(known, ", ")));
  }
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId above, open.notebook->Find(words.in));
  SOTAY_ASSIGN_OR_RETURN(const std::string entry,
                         EntryOf(run, words, casework::v1::DEADLINE_EVENT_KIND_START, ""));
  std::vector<sdk::Edit> edits = {{sdk::Edit::Kind::kSet, "rule_id", "", words.rule},
                                  {sdk::Edit::Kind::kAppend, "events", "", entry}};
  if (!words.subject.empty()) {
    edits.push_back({sdk::Edit::Kind::kSet, "subject", "", words.subject});
  }
  if (words.warn != 0) {
    edits.push_back({sdk::Edit::Kind::kSet, "warn_days", "", absl::StrCat(words.warn)});
  }
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Create(kType, "", above, edits));
  return Confirm(run, open, rules, id);
}

// The id of the entry that begins with these digits.  Numbers are none: they move when entries come
// in.
absl::StatusOr<std::string> EntryNamed(const sync::MergedRecord& deadline,
                                       const std::string& digits) {
  std::string found;
  for (const sync::TermEvent& event : sync::EventsOf(deadline)) {
    const bool named = digits.size() >= kEntryDigitsMin &&
                       absl::StartsWith(Hex(event.id), absl::AsciiStrToLower(digits));
    if (!named || event.id == found) continue;
    if (!found.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("several entries begin with ", digits, "; give more digits"));
    }
    found = event.id;
  }
  if (!found.empty()) return found;
  return absl::NotFoundError(absl::StrCat("no entry of deadline ", deadline.id().Short(),
                                          " begins with ", digits, "; sotay show ",
                                          deadline.id().Short(), " lists them"));
}

absl::Status Add(const Invocation& run, const AddWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, open.notebook->Find(words.deadline));
  SOTAY_ASSIGN_OR_RETURN(const sdk::RecordView view, open.notebook->Read(id));
  SOTAY_RETURN_IF_ERROR(CheckDeadline(view.record));
  static const std::map<std::string, casework::v1::DeadlineEventKind> kKinds = {
      {"start", casework::v1::DEADLINE_EVENT_KIND_START},
      {"extend", casework::v1::DEADLINE_EVENT_KIND_EXTEND},
      {"suspend", casework::v1::DEADLINE_EVENT_KIND_SUSPEND},
      {"resume", casework::v1::DEADLINE_EVENT_KIND_RESUME},
      {"complete", casework::v1::DEADLINE_EVENT_KIND_COMPLETE},
      {"review", casework::v1::DEADLINE_EVENT_KIND_REVIEW},
      {"strike", casework::v1::DEADLINE_EVENT_KIND_STRIKE}};
  const casework::v1::DeadlineEventKind kind = kKinds.at(words.kind);
  const bool dated = words.kind != "review" && words.kind != "strike";
  if (dated && words.date.empty()) {
    return absl::InvalidArgumentError(
        "say with --date from what day on it counts, as the document says");
  }
  std::string corrects;
  if (!words.corrects.empty()) {
    SOTAY_ASSIGN_OR_RETURN(corrects, EntryNamed(view.record, words.corrects));
  } else if (words.kind == "strike") {
    return absl::InvalidArgumentError("say with --corrects which entry is struck out");
  }
  SOTAY_ASSIGN_OR_RETURN(const std::string entry, EntryOf(run, words, kind, corrects));
  // By somebody who was shown it as it is.
  SOTAY_RETURN_IF_ERROR(
      open.notebook->Change(view, {{sdk::Edit::Kind::kAppend, "events", "", entry}}));
  // It is saved, whatever there is to say of the table.
  const absl::StatusOr<TermRules> rules = LoadTermRules(run);
  if (rules.ok()) return Confirm(run, open, *rules, id);
  run.Remark(absl::StrCat(OneLine(rules.status().message()), "\n"));
  run.Print({{"id", id.Hex()}}, absl::StrCat(run.voice("Đã ghi ", "Saved "), id.Short(), "\n"));
  return absl::OkStatus();
}

void AddDocument(Command command, const Voice& voice, DocumentWords* words) {
  command.AddOption("--document", words->document, voice("số văn bản", "number of the document"))
      .TypeName("NO");
  command
      .AddOption("--date", words->date,
                 voice("có hiệu lực từ ngày nào, như văn bản ghi; có thể kèm giờ",
                       "from what day on it counts, as the document says; a time may follow"))
      .TypeName("D/M/YYYY");
  command
      .AddOption("--length", words->length,
                 voice("bao lâu, nếu văn bản ghi: 12h, 20d, 3w (ngày làm việc), 2m",
                       "how long, where the document says: 12h, 20d, 3w (working days), 2m"))
      .TypeName("LENGTH");
  command
      .AddOption("--until", words->until,
                 voice("hết hạn khi nào, nếu văn bản ghi; có thể kèm giờ",
                       "when it ends, where the document says; a time may follow"))
      .TypeName("D/M/YYYY");
  command.AddOption("--signer", words->signer, voice("người ký", "who signed")).TypeName("NAME");
  command.AddOption("--remark", words->remark, voice("ghi chú", "a remark")).TypeName("TEXT");
}

}  // namespace

absl::Status AddDeadlineHere(const Invocation& run, const OpenNotebook& open,
                             const sync::MergedRecord& record, nlohmann::json* document,
                             std::string* text) {
  if (!IsDeadline(record)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const Now now, NowOf(run, open));
  const absl::StatusOr<sdk::RecordView> root = open.notebook->Read(record.dossier());
  AddDeadline(run, open.reader, record, root.ok() ? &root->record : nullptr, now, document, text);
  return absl::OkStatus();
}

void AddDeadlinesCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto list = std::make_shared<ListWords>();
  Command deadlines =
      AddCommand(app, run, "deadlines",
                 voice("Thời hạn: còn bao lâu, căn cứ nào; chỉ nhắc, không quyết định",
                       "Deadlines: how long is left, and by what; it warns, and decides nothing"),
                 list, &List);
  deadlines.AddOption("--unit", list->unit, voice("chỉ một đơn vị", "of one unit only"))
      .TypeName("UNIT");
  deadlines
      .AddOption("--in", list->in,
                 voice("cùng hồ sơ với bản ghi này", "in the same dossier as this record"))
      .TypeName("RECORD");
  deadlines.AddFlag("--all", list->all,
                    voice("cả thời hạn đã xong hay đã rút", "done and withdrawn ones, too"));
  deadlines.AddFlag("--table", list->table,
                    voice("in bảng thời hạn đang dùng", "print the table of terms in force"));

  auto start = std::make_shared<StartWords>();
  Command begin =
      AddCommand(deadlines, run, "start",
                 voice("Ghi một thời hạn bắt đầu", "Enter a term that begins"), start, &Start);
  begin
      .AddOption("RECORD", start->in,
                 voice("vụ, cuộc kiểm sát mà nó thuộc về", "the case or inspection it runs in"))
      .Required();
  begin.AddOption("TERM", start->rule, voice("loại, trong bảng thời hạn", "of the table of terms"))
      .Required();
  begin.AddOption("--subject", start->subject, voice("đối tượng", "whom or what it is about"))
      .TypeName("TEXT");
  begin
      .AddOption("--warn", start->warn,
                 voice("báo trước bao nhiêu ngày", "warn so many days before"))
      .TypeName("DAYS");
  AddDocument(begin, voice, start.get());

  auto add = std::make_shared<AddWords>();
  Command more = AddCommand(
      deadlines, run, "add",
      voice("Ghi việc xảy ra với một thời hạn", "Enter what happened to a term"), add, &Add);
  more.AddOption("DEADLINE", add->deadline,
                 voice("mã, từ 4 chữ số đầu", "id, its first 4 digits or more"))
      .Required();
  more.AddOption("KIND", add->kind,
                 voice("việc gì: extend gia hạn, suspend tạm đình chỉ, resume phục hồi, complete "
                       "hoàn thành, review đã xem xét, strike hủy mục, start bắt đầu",
                       "what: extend, suspend, resume, complete, review, strike, start"))
      .Required()
      .OneOf({"start", "extend", "suspend", "resume", "complete", "review", "strike"});
  more.AddOption("--corrects", add->corrects,
                 voice("thay cho mục nào: mã của mục, từ 4 chữ số đầu",
                       "the entry it stands in place of: its first 4 digits or more"))
      .TypeName("ENTRY");
  AddDocument(more, voice, add.get());
  deadlines.Footer(voice("Ví dụ:", "Examples:") + R"(
  sotay deadlines
  sotay deadlines start 7f3a report.resolve --date 3/11/2026 --document 37/TB --subject L.T.B.
  sotay deadlines add 9b20 extend --date 18/11/2026 --document 12/QĐ-VKSKV3 --length 2m
  sotay deadlines add 9b20 review
  sotay deadlines --table
)");
}

}  // namespace sotay::cli
