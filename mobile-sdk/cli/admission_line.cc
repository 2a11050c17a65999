#include "mobile-sdk/cli/admission_line.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/terminal.h"
#include "sotay/v1/admission_line.pb.h"

namespace sotay::cli {
namespace {

v1::AdmissionLine LineIn(const v1::LogEntry& entry) {
  v1::AdmissionLine line;
  line.ParseFromString(entry.SerializeAsString());
  line.DiscardUnknownFields();
  return line;
}

}  // namespace

nlohmann::json AdmissionLineJson(const v1::LogEntry& entry) {
  const v1::AdmissionLine line = LineIn(entry);
  if (line.told() == v1::LINE_TOLD_UNSPECIFIED) return nullptr;
  nlohmann::json lines = nlohmann::json::array();
  for (const std::string& name : line.lines()) lines.push_back(name);
  return {{"told", v1::LineTold_Name(line.told())}, {"table", line.table()}, {"lines", lines}};
}

std::string AdmissionLineInWords(const Voice& voice, const v1::LogEntry& entry) {
  const v1::AdmissionLine line = LineIn(entry);
  const std::string table = OneLine(line.table());
  std::string words;
  switch (line.told()) {
    case v1::LINE_TOLD_BY_LINES:
      words = absl::StrCat(voice("Cho ghi theo dòng ", "Admitted by rule "),
                           OneLine(absl::StrJoin(line.lines(), ", ")),
                           voice(" của bảng quyền ", " of table "), table);
      break;
    case v1::LINE_TOLD_TAKEN_IN:
      words = voice("Cho ghi theo quyết định của người, không theo dòng nào của người viết",
                    "Admitted by a person's decision, and by no rule of its author's");
      break;
    case v1::LINE_TOLD_TABLE_REPLACED:
      words = absl::StrCat(voice("Cho ghi theo bảng quyền ", "Admitted by table "), table,
                           voice(", nay đã được thay", ", which was replaced since"));
      break;
    case v1::LINE_TOLD_TABLE_NOT_NOTED:
      words = voice("Cho ghi trước khi máy chủ bắt đầu ghi lại bảng quyền nào có hiệu lực",
                    "Admitted before servers noted which table is in force");
      break;
    case v1::LINE_TOLD_POSTS_CHANGED:
      words = absl::StrCat(voice("Cho ghi theo bảng quyền ", "Admitted by table "), table,
                           voice("; chức vụ khi đó của người viết nay không còn xác định được",
                                 "; what posts its author had then is not known any more"));
      break;
    case v1::LINE_TOLD_DOSSIER_CHANGED:
      words = absl::StrCat(voice("Cho ghi theo bảng quyền ", "Admitted by table "), table,
                           voice("; theo dòng nào còn tùy khâu công tác, mà hồ sơ đã đổi từ đó",
                                 "; by which rule depends on the field of work of its dossier, "
                                 "which was changed since"));
      break;
    case v1::LINE_TOLD_NONE:
      words = absl::StrCat(voice("Không dòng nào của bảng quyền ", "No rule of table "), table,
                           voice(" cho người viết ghi như vậy, theo những gì nay còn biết",
                                 " lets its author do this, by what is known now"));
      break;
    default:
      return "";
  }
  return absl::StrCat("    ", words, "\n");
}

}  // namespace sotay::cli
