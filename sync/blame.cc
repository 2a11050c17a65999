#include "sync/blame.h"

#include "absl/strings/str_cat.h"
#include "sync/text.h"
#include "sync/text_written.h"

namespace sotay::sync {

absl::StatusOr<VersionVector> VersionOf(const History& history, absl::optional<ChangeId> at) {
  if (!at.has_value()) return history.Everything();
  const HistoryNode* const node = history.Find(*at);
  if (node == nullptr) {
    return absl::NotFoundError(absl::StrCat("change ", at->Short(), " is not in the history"));
  }
  VersionVector version = node->seen;
  version.Add(node->author.device, node->author.sequence);
  return version;
}

std::vector<BlameRun> Blame(History* history, uint32_t field, const VersionVector& version) {
  const MergedRecord then = history->At(version);
  std::u32string text;
  DecodeUtf8(then.ShownText(field), &text);
  const std::vector<std::string> spans = SpansWritten(then.Slot(field));
  size_t span = 0;
  std::vector<BlameRun> runs;
  for (const TextBlame& blame : history->BlameAt({field, ""}, version)) {
    BlameRun& run = runs.emplace_back();
    run.position = blame.position;
    run.length = blame.length;
    run.conflict = blame.span;
    run.author = history->nodes()[blame.edit].author;
    if (blame.span) {
      run.text = spans[span++];
      continue;
    }
    for (uint32_t i = 0; i < blame.length; ++i) AppendScalar(text[blame.position + i], &run.text);
  }
  return runs;
}

}  // namespace sotay::sync
