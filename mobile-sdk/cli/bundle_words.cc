#include "mobile-sdk/cli/bundle_words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "mobile-sdk/cli/file_words.h"
#include "mobile-sdk/cli/record_json.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {
namespace {

std::string PathOf(const BundledFile& file) { return absl::StrCat(kFilesName, "/", file.name); }

std::string InsteadInWords(const Voice& voice, const CheckedFile& checked) {
  const std::string found = OneLine(checked.look.found);
  switch (checked.look.instead) {
    case Instead::kNothing:
      break;
    case Instead::kOtherBytes:
      return voice("nội dung khác", "its bytes are others");
    case Instead::kOtherSize:
      return absl::StrCat(voice("nay có ", "it has "), found,
                          voice(" byte, trước là ", " bytes, and had "), checked.file.size);
    case Instead::kAnotherOne:
      return absl::StrCat(voice("nội dung là của ", "its bytes are those of "), found);
    case Instead::kLink:
      return voice("ở chỗ nó là một liên kết", "a link stands in its place");
    case Instead::kNoFile:
      return voice("ở chỗ nó không phải là tệp", "what stands in its place is no file");
  }
  return "";
}

const char* InsteadName(Instead instead) {
  switch (instead) {
    case Instead::kNothing:
      break;
    case Instead::kOtherBytes:
      return "other_bytes";
    case Instead::kOtherSize:
      return "other_size";
    case Instead::kAnotherOne:
      return "another_one";
    case Instead::kLink:
      return "link";
    case Instead::kNoFile:
      return "no_file";
  }
  return "";
}

std::string StateInWords(const Voice& voice, const CheckedFile& checked) {
  switch (checked.look.state) {
    case FileState::kWhole:
      return voice("đúng", "whole");
    case FileState::kNamedOtherwise:
      return absl::StrCat(voice("đúng, mang tên ", "whole, under the name "),
                          OneLine(checked.look.found));
    case FileState::kMissing:
      return absl::StrCat(voice("THIẾU: ", "MISSING: "), AbsenceInWords(voice, checked.why));
    case FileState::kAltered:
      return absl::StrCat(voice("KHÔNG PHẢI TỆP ĐÃ ĐÍNH KÈM: ", "NOT THE FILE THAT WAS ATTACHED: "),
                          InsteadInWords(voice, checked));
    case FileState::kElsewhere:
      return absl::StrCat(voice("BỊ ĐỔI TÊN, nay là ", "RENAMED, it is now "),
                          OneLine(checked.look.found));
    case FileState::kUnread:
      return absl::StrCat(voice("KHÔNG KIỂM TRA ĐƯỢC, vì không đọc được: ",
                                "COULD NOT BE CHECKED, as reading failed: "),
                          OneLine(checked.look.found));
  }
  return "";
}

const char* StateName(FileState state) {
  switch (state) {
    case FileState::kWhole:
      return "whole";
    case FileState::kNamedOtherwise:
      return "named_otherwise";
    case FileState::kMissing:
      return "missing";
    case FileState::kAltered:
      return "altered";
    case FileState::kElsewhere:
      return "elsewhere";
    case FileState::kUnread:
      return "unread";
  }
  return "";
}

std::string ExtraInWords(const Voice& voice, const FilesReport& report, const ExtraFile& extra) {
  std::string text = absl::StrCat(OneLine(extra.path), voice(": THỪA: ", ": EXTRA: "));
  if (!extra.bytes_of.empty()) {
    absl::StrAppend(
        &text, voice("nội dung là của ", "its bytes are those of "), extra.bytes_of,
        voice(", nhưng không thay đổi nào nêu nó ở đây\n", ", and no change names it here\n"));
  } else if (!report.unknown_types.empty()) {
    absl::StrAppend(&text, voice("không thay đổi nào đọc được ở đây nêu tệp này\n",
                                 "no change that can be read here names it\n"));
  } else {
    absl::StrAppend(&text, voice("không thay đổi nào nêu tệp này, không gì chứng minh nó\n",
                                 "no change names it, and nothing vouches for it\n"));
  }
  return text;
}

std::string AttachmentsInShort(const BundledFile& file) {
  std::string text;
  for (const sync::RecordId& id : file.attachments) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", id.Short());
  }
  return text;
}

}  // namespace

std::string AbsenceInWords(const Voice& voice, v1::FileAbsence why) {
  switch (why) {
    case v1::FILE_ABSENCE_LEFT_OUT:
      return voice("xuất không kèm tệp", "exported without files");
    case v1::FILE_ABSENCE_NOT_ON_SERVER:
      return voice("máy chủ không có lúc xuất", "the server had not got it when it was exported");
    case v1::FILE_ABSENCE_DAMAGED:
      return voice("máy chủ đưa một tệp khác lúc xuất",
                   "the server gave another file when it was exported");
    default:
      return voice("có lúc xuất, nay không ở đây",
                   "was there when it was exported, and is not here");
  }
}

const char* AbsenceName(v1::FileAbsence why) {
  switch (why) {
    case v1::FILE_ABSENCE_LEFT_OUT:
      return "left_out";
    case v1::FILE_ABSENCE_NOT_ON_SERVER:
      return "not_on_server";
    case v1::FILE_ABSENCE_DAMAGED:
      return "damaged";
    default:
      return "";
  }
}

const char* VerdictName(FilesReport::Verdict verdict) {
  switch (verdict) {
    case FilesReport::Verdict::kWhole:
      return "whole";
    case FilesReport::Verdict::kIncomplete:
      return "incomplete";
    case FilesReport::Verdict::kUnknown:
      return "unknown";
    case FilesReport::Verdict::kUnchecked:
      return "unchecked";
    case FilesReport::Verdict::kAltered:
      return "altered";
  }
  return "";
}

nlohmann::json FilesJson(const FilesReport& report) {
  nlohmann::json files = nlohmann::json::array();
  for (const CheckedFile& checked : report.files) {
    nlohmann::json attachments = nlohmann::json::array();
    for (const sync::RecordId& id : checked.file.attachments) attachments.push_back(id.Hex());
    files.push_back(
        {{"path", PathOf(checked.file)},
         {"sha256", Hex(checked.file.sha256)},
         {"size", checked.file.size},
         {"attachments", attachments},
         {"withdrawn", checked.file.withdrawn},
         {"state", StateName(checked.look.state)},
         {"why", checked.look.state == FileState::kMissing ? AbsenceName(checked.why)
                                                           : InsteadName(checked.look.instead)},
         {"found", checked.look.found}});
  }
  return files;
}

nlohmann::json ExtraJson(const FilesReport& report) {
  nlohmann::json extra = nlohmann::json::array();
  for (const ExtraFile& file : report.extra) {
    extra.push_back({{"path", file.path}, {"bytes_of", file.bytes_of}});
  }
  return extra;
}

std::string FileLineInWords(const Voice& voice, const FilesReport& report,
                            const sync::RecordId& attachment) {
  for (const CheckedFile& checked : report.files) {
    const auto& ids = checked.file.attachments;
    if (std::find(ids.begin(), ids.end(), attachment) == ids.end()) continue;
    return absl::StrCat(voice("Tệp: ", "File: "), PathOf(checked.file), " (",
                        BytesInWords(checked.file.size), "): ", StateInWords(voice, checked), "\n");
  }
  return "";
}

std::string UnknownInWords(const Voice& voice, const std::set<std::string>& types) {
  std::string text;
  for (const std::string& type : types) {
    absl::StrAppend(
        &text, voice("Loại bản ghi không biết ở đây: ", "A type that is not known here: "),
        OneLine(type),
        voice("; không biết quy tắc hợp nhất và tệp của nó (đọc loại đó bằng --schema)\n",
              "; how it merges and which files it names cannot be said (read the type with "
              "--schema)\n"));
  }
  return text;
}

std::string FilesInWords(const Voice& voice, const FilesReport& report) {
  std::string text;
  for (const CheckedFile& checked : report.files) {
    if (checked.look.state == FileState::kWhole) continue;
    const std::string withdrawn =
        checked.file.withdrawn ? voice("; mọi đính kèm đã rút", "; withdrawn") : "";
    absl::StrAppend(&text, PathOf(checked.file), voice(" (của ", " (of "),
                    AttachmentsInShort(checked.file), withdrawn,
                    "): ", StateInWords(voice, checked), "\n");
  }
  for (const ExtraFile& extra : report.extra) {
    absl::StrAppend(&text, ExtraInWords(voice, report, extra));
  }
  if (report.extra_count > report.extra.size()) {
    absl::StrAppend(&text, voice("và ", "and "), report.extra_count - report.extra.size(),
                    voice(" tệp thừa nữa\n", " more that are extra\n"));
  }
  for (const std::string& folder : report.unread) {
    absl::StrAppend(&text, OneLine(folder),
                    voice(": KHÔNG KIỂM TRA ĐƯỢC, vì không đọc được\n",
                          ": COULD NOT BE CHECKED, as reading failed\n"));
  }
  absl::StrAppend(&text, UnknownInWords(voice, report.unknown_types));
  if (report.files.empty() && report.verdict() == FilesReport::Verdict::kWhole) return text;
  absl::StrAppend(&text, voice("Tệp đính kèm: ", "Files: "),
                  report.Count(FileState::kWhole) + report.Count(FileState::kNamedOtherwise),
                  voice(" trên ", " of "), report.files.size(),
                  voice(" đúng từng bit. ", " are there, bit for bit. "));
  switch (report.verdict()) {
    case FilesReport::Verdict::kWhole:
      absl::StrAppend(&text, voice("ĐẦY ĐỦ.\n", "WHOLE.\n"));
      break;
    case FilesReport::Verdict::kIncomplete:
      absl::StrAppend(&text,
                      voice("KHÔNG ĐẦY ĐỦ: những gì có ở đây là đúng, nhưng còn thiếu tệp.\n",
                            "INCOMPLETE: what is here holds, and files are missing.\n"));
      break;
    case FilesReport::Verdict::kUnknown:
      absl::StrAppend(&text, voice("KHÔNG BIẾT: có loại bản ghi không đọc được ở đây, nên không "
                                   "biết thiếu hay thừa tệp nào.\n",
                                   "UNKNOWN: there are records of types not known here, and what "
                                   "is missing or extra cannot be said.\n"));
      break;
    case FilesReport::Verdict::kUnchecked:
      absl::StrAppend(&text,
                      voice("KHÔNG KIỂM TRA ĐƯỢC HẾT: những gì đọc được là đúng.\n",
                            "COULD NOT BE CHECKED: what could be read holds, the rest could not be "
                            "read here.\n"));
      break;
    case FilesReport::Verdict::kAltered:
      absl::StrAppend(&text, voice("ĐÃ BỊ SỬA: thư mục này không như lúc xuất.\n",
                                   "ALTERED: this folder is not as it was exported.\n"));
      break;
  }
  return text;
}

std::string FilesInShort(const FilesReport& report) {
  const size_t altered = report.Count(FileState::kAltered) + report.Count(FileState::kElsewhere);
  const size_t unread = report.Count(FileState::kUnread) + report.unread.size();
  std::string text =
      absl::StrCat("of ", report.files.size(), " files ", report.Count(FileState::kMissing),
                   " are missing, ", altered, " altered; ", report.extra_count, " are extra");
  if (unread != 0) absl::StrAppend(&text, "; ", unread, " could not be read");
  if (!report.unknown_types.empty()) {
    absl::StrAppend(&text, "; of types not known here nothing can be said (--schema): ",
                    absl::StrJoin(report.unknown_types, ", "));
  }
  return text;
}

std::string ProgressInWords(const BundledFile& file, size_t number, size_t count, uint64_t bytes) {
  return absl::StrCat("\r  ", number, "/", count, "  ", file.name, "  ", BytesInWords(bytes), " / ",
                      BytesInWords(file.size), "   ", bytes == file.size ? "\n" : "");
}

ReadingProgress ShownReading(const Invocation& run, size_t count) {
  if (!run.streams.err_shown) return nullptr;
  return [&run, count, number = size_t{0}, last = std::string()](const BundledFile& file,
                                                                 uint64_t bytes) mutable {
    if (file.name != last) ++number;
    last = file.name;
    run.Remark(ProgressInWords(file, number, count, bytes));
  };
}

}  // namespace sotay::cli
