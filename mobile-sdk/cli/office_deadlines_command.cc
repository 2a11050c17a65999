// deadlines: terms of law of all the units one may read.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/deadlines.h"
#include "mobile-sdk/cli/office_scope.h"
#include "mobile-sdk/cli/open_office.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr int kPage = 500;
constexpr char kType[] = "casework.v1.Deadline";
constexpr char kCase[] = "casework.v1.Case";

struct ListWords : ScopeWords {
  bool all = false;
};

// Every deadline that the words name.
absl::StatusOr<std::vector<sync::MergedRecord>> DeadlinesOf(const OpenOffice& open,
                                                            const ScopeWords& words) {
  v1::ListRecordsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_type(kType);
  request.set_page_size(kPage);
  std::vector<sync::MergedRecord> records;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, open.office->ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord record,
                             sync::MergedRecord::Parse(*open.schema, feed.record()));
      if (IsDeadline(record)) records.push_back(std::move(record));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return records;
}

// The case that a deadline runs in, and no other: who reads what is in the access log.  Nothing: it
// is no case, or not for the caller.
absl::StatusOr<absl::optional<sync::MergedRecord>> CaseOf(const OpenOffice& open,
                                                          const sync::MergedRecord& deadline) {
  v1::ListRecordsRequest request;
  request.set_unit_id(deadline.unit_id());
  request.set_dossier_id(deadline.dossier().str());
  request.set_type(kCase);
  request.set_page_size(1);
  const auto page = open.office->ListRecords(request);
  if (absl::IsNotFound(page.status()) || absl::IsPermissionDenied(page.status())) {
    return absl::optional<sync::MergedRecord>();
  }
  SOTAY_RETURN_IF_ERROR(page.status());
  if (page->records().empty()) return absl::optional<sync::MergedRecord>();
  SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord root,
                         sync::MergedRecord::Parse(*open.schema, page->records(0).record()));
  return absl::optional<sync::MergedRecord>(std::move(root));
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const TermRules rules, LoadTermRules(run));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(std::vector<sync::MergedRecord> found, DeadlinesOf(open, words));
  std::map<sync::RecordId, absl::optional<sync::MergedRecord>> cases;
  std::vector<DeadlineLine> lines;
  for (sync::MergedRecord& record : found) {
    if (!words.all && Reckoned(rules, record, nullptr).over()) continue;
    auto root = cases.find(record.dossier());
    if (root == cases.end()) {
      SOTAY_ASSIGN_OR_RETURN(auto read, CaseOf(open, record));
      root = cases.emplace(record.dossier(), std::move(read)).first;
    }
    const sync::MergedRecord* const above = root->second.has_value() ? &*root->second : nullptr;
    lines.push_back(Reckoned(rules, std::move(record), above));
  }
  SortByEnd(&lines);
  // No answer of the server says what time it is there.
  const Now now = {run.NowMs(), /*by_server=*/false};
  run.Print(DeadlinesJson(open.reader, rules, lines, now),
            DeadlinesInWords(open.reader, rules, lines, now));
  return absl::OkStatus();
}

}  // namespace

absl::Status AddDeadlineThere(const Invocation& run, const OpenOffice& open,
                              const sync::MergedRecord& record, nlohmann::json* document,
                              std::string* text) {
  if (!IsDeadline(record)) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const absl::optional<sync::MergedRecord> root, CaseOf(open, record));
  AddDeadline(run, open.reader, record, root.has_value() ? &*root : nullptr,
              {run.NowMs(), /*by_server=*/false}, document, text);
  return absl::OkStatus();
}

void AddOfficeDeadlinesCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<ListWords>();
  Command command =
      AddCommand(app, run, "deadlines",
                 voice("Thời hạn: còn bao lâu, căn cứ nào, điều gì phải xem lại",
                       "Deadlines: how long is left, by what, and what is to be reviewed"),
                 words, &List);
  const std::shared_ptr<ScopeWords> scope = words;
  AddScope(command, voice, scope);
  command.AddFlag("--all", words->all,
                  voice("cả thời hạn đã xong hay đã rút", "done and withdrawn ones, too"));
  command.Footer(
      voice("Người bị giữ trước, rồi đến hạn gần nhất; !! từ 1 ngày, ! từ 5 ngày. Ví dụ:",
            "Who is held first, then what ends first; !! from 1 day on, ! from 5 days. "
            "Examples:") +
      R"(
  sotayctl deadlines --unit vks-sm --subtree
  sotayctl deadlines --all --json
)");
}

}  // namespace sotay::cli
