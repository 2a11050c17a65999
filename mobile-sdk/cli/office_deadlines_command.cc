// deadlines: terms of law of all the units one may read.
#include <map>
#include <string>
#include <utility>
#include <vector>

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

// Every record of a type that the words name.
absl::StatusOr<std::vector<sync::MergedRecord>> RecordsOf(const OpenOffice& open,
                                                          const ScopeWords& words,
                                                          const std::string& type) {
  v1::ListRecordsRequest request;
  request.set_unit_id(words.unit);
  request.set_subtree(words.subtree);
  request.set_type(type);
  request.set_page_size(kPage);
  std::vector<sync::MergedRecord> records;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, open.office->ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      SOTAY_ASSIGN_OR_RETURN(sync::MergedRecord record,
                             sync::MergedRecord::Parse(*open.schema, feed.record()));
      records.push_back(std::move(record));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return records;
}

absl::Status List(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const TermRules rules, LoadTermRules(run));
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(std::vector<sync::MergedRecord> found, RecordsOf(open, words, kType));
  std::map<sync::RecordId, sync::MergedRecord> cases;
  if (!found.empty()) {
    SOTAY_ASSIGN_OR_RETURN(std::vector<sync::MergedRecord> roots, RecordsOf(open, words, kCase));
    for (sync::MergedRecord& root : roots) cases.emplace(root.id(), std::move(root));
  }
  std::vector<DeadlineLine> lines;
  for (sync::MergedRecord& record : found) {
    if (!IsDeadline(record)) continue;
    const auto root = cases.find(record.dossier());
    DeadlineLine line =
        Reckoned(rules, std::move(record), root == cases.end() ? nullptr : &root->second);
    if (words.all || !line.over()) lines.push_back(std::move(line));
  }
  SortByEnd(&lines);
  run.Print(DeadlinesJson(open.reader, rules, lines, run.NowMs()),
            DeadlinesInWords(open.reader, rules, lines, run.NowMs()));
  return absl::OkStatus();
}

}  // namespace

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
