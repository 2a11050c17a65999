// access: who read a record, or a unit's records.
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "sotay/v1/access_grounds.pb.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr int kPage = 200;
constexpr size_t kRecordDigitsMin = 8;

struct AccessWords {
  std::string record, unit;
  size_t limit = 200;
};

std::string KindInWords(const Voice& voice, v1::AccessKind kind) {
  switch (kind) {
    case v1::ACCESS_KIND_RECORD:
      return voice("bản ghi", "record");
    case v1::ACCESS_KIND_HISTORY:
      return voice("lịch sử", "history");
    case v1::ACCESS_KIND_PROOF:
      return voice("xuất chứng cứ", "export");
    case v1::ACCESS_KIND_LIST:
      return voice("danh sách", "list");
    case v1::ACCESS_KIND_CONFLICTS:
      return voice("các xung đột", "conflicts");
    case v1::ACCESS_KIND_QUARANTINE:
      return voice("các thay đổi bị giữ lại", "what was set aside");
    case v1::ACCESS_KIND_FILE:
      return voice("tải tệp", "file");
    case v1::ACCESS_KIND_FEED:
      return voice("tải về máy", "sent to the device");
    default:
      return "?";
  }
}

std::string RuleInWords(const Voice& voice, v1::AccessRule rule) {
  switch (rule) {
    case v1::ACCESS_RULE_MEMBER:
      return voice("có nhiệm vụ ở đơn vị", "by a post in the unit");
    case v1::ACCESS_RULE_SUPERVISOR_ABOVE:
      return voice("qua đơn vị khác", "by a post elsewhere");
    case v1::ACCESS_RULE_REFUSED:
      return voice("bị từ chối", "refused");
    default:
      return "?";
  }
}

// What was read: "record 7f3a91c2", "list, 12 (note, positions 3–40)".
std::string ReadInWords(const Reader& reader, const v1::AccessEntry& read) {
  std::string words = KindInWords(reader.voice, read.kind());
  if (!read.record_id().empty()) {
    return absl::StrCat(words, " ", Hex(read.record_id()).substr(0, 8));
  }
  if (read.rule() == v1::ACCESS_RULE_REFUSED) {
    return read.unit_id().empty() ? words : absl::StrCat(words, " ", read.unit_id());
  }
  // How many, and where, is not told to everybody.
  const bool counted = read.shown() != 0;
  std::vector<std::string> of;
  if (!read.type().empty()) of.push_back(read.type());
  if (!read.state().empty()) of.push_back(read.state());
  if (!read.dossier_id().empty()) of.push_back(Hex(read.dossier_id()).substr(0, 8));
  if (counted) {
    of.push_back(absl::StrCat(reader.voice("vị trí ", "positions "), read.from(), "–", read.to()));
    absl::StrAppend(&words, ", ", read.shown());
  }
  return of.empty() ? words : absl::StrCat(words, " (", absl::StrJoin(of, ", "), ")");
}

// By which lines of the table of rights; empty when none is noted.
std::string LinesOf(const v1::AccessEntry& read) {
  v1::AccessGrounds grounds;
  grounds.ParseFromString(read.SerializeAsString());
  return grounds.lines();
}

json AccessJson(const Reader& reader, const v1::AccessEntry& read) {
  return {{"number", read.number()},
          {"at_ms", read.at_ms()},
          {"times", read.times()},
          {"user", read.user_id()},
          {"name", reader.names.Person(read.user_id())},
          {"device", Hex(read.device_id())},
          {"kind", v1::AccessKind_Name(read.kind())},
          {"rule", v1::AccessRule_Name(read.rule())},
          {"lines", LinesOf(read)},
          {"unit", read.unit_id()},
          {"record", Hex(read.record_id())},
          {"from", read.from()},
          {"to", read.to()},
          {"shown", read.shown()},
          {"type", read.type()},
          {"state", read.state()},
          {"dossier", Hex(read.dossier_id())}};
}

absl::Status Access(const Invocation& run, const AccessWords& words) {
  v1::ListAccessRequest request;
  if (words.record.empty() == words.unit.empty()) {
    return absl::InvalidArgumentError("say whose readers: --record RECORD or --unit UNIT");
  }
  if (words.unit.empty()) {
    SOTAY_ASSIGN_OR_RETURN(const std::string id, IdBytes("record", words.record, kRecordDigitsMin));
    request.set_record_id(id);
  } else {
    request.set_unit_id(words.unit);
  }
  request.set_page_size(kPage);
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  const Voice& voice = run.voice;
  Table table({{voice("lúc", "when")},
               {voice("người", "person"), false, 12},
               {voice("máy", "device")},
               {voice("đã xem", "read"), false, 20},
               {voice("theo", "as")},
               {voice("quy tắc", "rule"), false, 0, true},
               {voice("lần", "times"), true}});
  json list = json::array();
  bool more = false;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListAccessResponse page, open.office->ListAccess(request));
    for (const v1::AccessEntry& read : page.entries()) {
      more = list.size() == words.limit;
      if (more) break;
      list.push_back(AccessJson(open.reader, read));
      table.Add({InstantInWords(read.at_ms()), open.reader.names.Person(read.user_id()),
                 Hex(read.device_id()).substr(0, 8), ReadInWords(open.reader, read),
                 RuleInWords(voice, read.rule()), LinesOf(read), absl::StrCat(read.times())});
    }
    request.set_page_token(page.next_page_token());
  } while (!more && !request.page_token().empty());
  run.Print(list, table.empty() ? voice("Chưa ai xem.\n", "Nobody has read it.\n")
                                : table.Print(run.streams.columns));
  if (more) {
    run.Remark(absl::StrCat(voice("Còn nữa; mới in ", "There are more; printed the newest "),
                            list.size(), " (--limit).\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddOfficeAccessCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<AccessWords>();
  Command command =
      AddCommand(app, run, "access",
                 voice("Ai đã xem: lúc nào, từ máy nào, theo quyền gì, mới nhất trước",
                       "Who read: when, from which device, by which rule, the newest first"),
                 words, &Access);
  command
      .AddOption("--record", words->record,
                 voice("bản ghi do mình lập, hoặc của đơn vị mình lãnh đạo; từ 8 chữ số đầu",
                       "a record you began, or of a unit you supervise; its first 8 digits or "
                       "more"))
      .TypeName("RECORD");
  command
      .AddOption("--unit", words->unit,
                 voice("mọi bản ghi của một đơn vị, cho lãnh đạo",
                       "all records of a unit, for its supervisors"))
      .TypeName("UNIT");
  command.AddOption("--limit", words->limit, voice("nhiều nhất", "at most"))
      .ShowsDefault()
      .Positive()
      .TypeName("N");
  command.Footer(voice("Cả những lần bị từ chối, ở cuối. Ví dụ:",
                       "Refused attempts, too, at the end. Examples:") +
                 R"(
  sotayctl access --record 7f3a91c2
  sotayctl access --unit vkskv3 --json
)");
}

}  // namespace sotay::cli
