// duplicates: records that look like one thing recorded twice.
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/office_json.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

constexpr size_t kTitleColumns = 60;

// "7f3a91c2  Nguyễn Ưu Đàm, 05/11/2026 07:15  Sổ tiếp nhận thiếu giờ".
std::string OneInWords(const Reader& reader, const sync::MergedRecord& record, bool as_written) {
  const sdk::RecordLine line = LineOf(reader, record);
  return absl::StrCat("  ", record.id().Short(), "  ",
                      OneLine(AuthorInWords(reader, record.birth())), "  ",
                      Fit(OneLine(line.title), kTitleColumns),
                      as_written ? reader.voice("  (chưa ghi thời điểm diễn ra; tính theo lúc ghi)",
                                                "  (when it happened is not written down; taken as "
                                                "when it was written)")
                                 : "",
                      "\n");
}

absl::Status Duplicates(const Invocation& run, const ScopeWords& words) {
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  v1::ListDuplicatesRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListDuplicatesResponse found,
                         open.office->ListDuplicates(request));
  json list = json::array();
  std::string text;
  for (const v1::DuplicatePair& pair : found.pairs()) {
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord first,
                           sync::MergedRecord::Parse(*open.schema, pair.first().record()));
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord second,
                           sync::MergedRecord::Parse(*open.schema, pair.second().record()));
    list.push_back({{"first", FeedLineJson(LineOf(open.reader, first), pair.first().position())},
                    {"second", FeedLineJson(LineOf(open.reader, second), pair.second().position())},
                    {"apart_ms", pair.apart_ms()},
                    {"first_as_written", pair.first_as_written()},
                    {"second_as_written", pair.second_as_written()},
                    {"link", pair.link()}});
    absl::StrAppend(&text, TypeLabel(open.reader, first.type_name()), ", ",
                    run.voice("cách nhau ", "apart "), SpanInWords(run.voice, pair.apart_ms()),
                    "\n", OneInWords(open.reader, first, pair.first_as_written()),
                    OneInWords(open.reader, second, pair.second_as_written()),
                    run.voice("  Nếu trùng: ", "  If it is one: "), "sotay edit ",
                    second.id().Short(), " ", OneLine(pair.link()), "=", first.id().Short(),
                    "\n\n");
  }
  run.Print(list,
            text.empty() ? run.voice("Không thấy gì trùng.\n", "Nothing looks alike.\n") : text);
  if (found.more()) {
    run.Remark(run.voice("Có thể còn nữa; xử lý xong rồi hỏi lại.\n",
                         "There may be more; settle these and ask again.\n"));
  }
  return absl::OkStatus();
}

}  // namespace

void AddOfficeDuplicatesCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<ScopeWords>();
  Command command = AddCommand(
      app, run, "duplicates",
      voice("Các bản ghi có thể trùng nhau; không bao giờ tự gộp",
            "Records that look like one thing recorded twice; never merged by themselves"),
      words, &Duplicates);
  AddScope(command, voice, words);
  command.Footer(voice("Người chủ trì ghi trùng với bản nào, và bỏ ra được. Ví dụ:",
                       "The lead links one to the other, and may unlink them. Examples:") +
                 R"(
  sotayctl duplicates --unit vkskv3
  sotay edit 7f3a91c2 duplicate_of=0b12c9e4
)");
}

}  // namespace sotay::cli
