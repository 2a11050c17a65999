#include "mobile-sdk/cli/office_quarantine.h"

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {
namespace {

// Of what is secret the server has the id alone, and at most which records it named.
bool ReadContent(const v1::QuarantinedChange& set_aside, v1::Change* change) {
  return set_aside.reason() != v1::REASON_CLASSIFIED && !set_aside.change().empty() &&
         change->ParseFromString(set_aside.change());
}

}  // namespace

std::string QuarantinedInWords(const Reader& reader, const v1::QuarantinedChange& set_aside) {
  const bool held = set_aside.verdict() == v1::VERDICT_HELD;
  std::string out = absl::StrCat(
      InstantInWords(set_aside.received_ms()), "  ",
      held ? reader.voice("đang chờ", "held") : reader.voice("không được nhận", "quarantined"),
      ": ", v1::Reason_Name(set_aside.reason()), "  ", OneLine(set_aside.message()), "\n  ");
  if (set_aside.has_dismissed()) {
    const v1::Dismissal& dismissed = set_aside.dismissed();
    absl::StrAppend(&out, reader.voice("đã bỏ qua, ", "dismissed by "),
                    OneLine(reader.names.Person(dismissed.user_id())), ", ",
                    InstantInWords(dismissed.decided_ms()), ": ", OneLine(dismissed.reason()),
                    "\n  ");
  }
  v1::Change change;
  if (ReadContent(set_aside, &change)) {
    return out + ChangeInWords(reader, change, set_aside.user_id(), nullptr, {});
  }
  return absl::StrCat(
      out, OneLine(reader.names.Person(set_aside.user_id())), "  ", reader.voice("máy ", "device "),
      Hex(set_aside.device_id()).substr(0, 8), " #", set_aside.sequence(), "  ",
      set_aside.reason() == v1::REASON_CLASSIFIED
          ? reader.voice("(bí mật: máy chủ chỉ có mã)", "(secret: the server has its id alone)")
          : reader.voice("(không đọc được nội dung)", "(content cannot be read)"),
      "\n");
}

nlohmann::json QuarantinedJson(const Reader& reader, const v1::QuarantinedChange& set_aside) {
  v1::Change change;
  nlohmann::json content = nullptr;
  if (ReadContent(set_aside, &change)) {
    content = ChangeJson(reader, change, set_aside.change_id(), set_aside.user_id(), nullptr);
  }
  nlohmann::json dismissed = nullptr;
  if (set_aside.has_dismissed()) {
    dismissed = {{"by", set_aside.dismissed().user_id()},
                 {"name", reader.names.Person(set_aside.dismissed().user_id())},
                 {"decided_ms", set_aside.dismissed().decided_ms()},
                 {"reason", set_aside.dismissed().reason()}};
  }
  return {{"verdict", v1::Verdict_Name(set_aside.verdict())},
          {"reason", v1::Reason_Name(set_aside.reason())},
          {"message", set_aside.message()},
          {"user", set_aside.user_id()},
          {"name", reader.names.Person(set_aside.user_id())},
          {"device", Hex(set_aside.device_id())},
          {"sequence", set_aside.sequence()},
          {"unit", set_aside.unit_id()},
          {"received_ms", set_aside.received_ms()},
          {"change_id", Hex(set_aside.change_id())},
          {"dismissed", dismissed},
          {"change", content}};
}

}  // namespace sotay::cli
