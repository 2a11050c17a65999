#include "tests/bench/text/own_figures.h"

#include <malloc.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/note.pb.h"
#include "sotay/draft.h"
#include "sotay/v1/change.pb.h"
#include "sync/merged_record.h"
#include "sync/seal/packed_history.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_tree.h"
#include "tests/bench/figures.h"
#include "tests/bench/text/history.h"
#include "tests/support/builders.h"

namespace sotay::bench {
namespace {

double CpuMs() {
  timespec now = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// What takes milliseconds is run for so long, and the median is that of the means of so many parts
// in a row: a processor that others share goes at half its speed for a second now and then, and a
// median of short runs is of one speed or the other by chance.  The same for the peers (peers.mjs).
constexpr double kMeasureMs = 6'000;
constexpr size_t kParts = 5;

double MedianOfParts(const std::vector<double>& times) {
  std::vector<double> means;
  for (size_t part = 0; part < kParts; ++part) {
    const size_t begin = times.size() * part / kParts;
    const size_t end = times.size() * (part + 1) / kParts;
    if (begin == end) return Median(times);  // fewer runs than parts
    double sum = 0;
    for (size_t i = begin; i < end; ++i) sum += times[i];
    means.push_back(sum / static_cast<double>(end - begin));
  }
  return Median(means);
}

// The median of `runs` or more, after one to warm up; each must end on `end`.
absl::StatusOr<double> Time(int runs, const std::string& end,
                            const std::function<absl::StatusOr<std::string>()>& run) {
  std::vector<double> times;
  const double begun = CpuMs();
  for (int i = 0; i <= runs || CpuMs() - begun < kMeasureMs; ++i) {
    const double before = CpuMs();
    SOTAY_ASSIGN_OR_RETURN(const std::string text, run());
    if (i > 0) times.push_back(CpuMs() - before);
    if (text != end) return absl::InternalError("bench: not the text the trace ends on");
  }
  return MedianOfParts(times);
}

absl::StatusOr<sdk::Draft> Typed(const tests::Trace& trace) {
  SOTAY_ASSIGN_OR_RETURN(sdk::Draft draft, sdk::Draft::On(trace.start));
  for (const tests::TraceStep& step : trace.steps) {
    for (const tests::TracePatch& patch : step.patches) {
      SOTAY_RETURN_IF_ERROR(draft.Splice(patch.position, patch.deleted, patch.inserted));
    }
  }
  return draft;
}

// Each step as a message of its own.
std::vector<std::string> StepsOf(const tests::Trace& trace) {
  std::vector<std::string> steps;
  for (const tests::TraceStep& step : trace.steps) {
    v1::TextEdit edit;
    for (const tests::TracePatch& patch : step.patches) {
      v1::TextSplice* const splice = edit.add_splices();
      splice->set_position(patch.position);
      splice->set_deleted(patch.deleted);
      splice->set_inserted(patch.inserted);
    }
    steps.push_back(edit.SerializeAsString());
  }
  return steps;
}

// Taken one by one, the text up to date after each.
absl::StatusOr<std::string> Arrived(const tests::Trace& trace,
                                    const std::vector<std::string>& steps) {
  sync::TextTree tree;
  for (size_t agent = 0; agent < trace.agents; ++agent) tree.Author(absl::StrCat("agent ", agent));
  const uint32_t before = tree.Author("before");
  SOTAY_RETURN_IF_ERROR(sync::TextTree::Edit(&tree, before, {}).Splice(0, 0, trace.start));
  std::vector<sync::TextVersion> after;
  v1::TextEdit edit;
  for (size_t i = 0; i < steps.size(); ++i) {
    const tests::TraceStep& step = trace.steps[i];
    sync::TextVersion seen(trace.agents + 1, 0);
    seen.back() = tree.events(before);
    for (uint32_t parent : step.parents) {
      for (size_t a = 0; a < seen.size(); ++a) seen[a] = std::max(seen[a], after[parent][a]);
    }
    if (!edit.ParseFromString(steps[i])) return absl::InternalError("bench: not an edit");
    {
      sync::TextTree::Edit typing(&tree, step.agent, seen);
      for (const v1::TextSplice& splice : edit.splices()) {
        SOTAY_RETURN_IF_ERROR(
            typing.Splice(splice.position(), splice.deleted(), splice.inserted()));
      }
    }
    seen[step.agent] = tree.events(step.agent);
    after.push_back(std::move(seen));
  }
  return tree.Text();
}

// A note with that text, as a phone or a server keeps it.
std::string StoredNote(const sync::Schema& schema, const std::string& text) {
  const sync::RecordType* const type = schema.Find("casework.v1.Note");
  sync::MergedRecord record(type, tests::RecordNamed("note"), "casework.v1.Note", "kv1",
                            tests::RecordNamed("case"));
  v1::RecordEdit edit;
  v1::FieldOp* const op = edit.add_ops();
  op->set_field(casework::v1::Note::kBodyFieldNumber);
  op->mutable_text()->add_splices()->set_inserted(text);
  sync::Author author;
  author.change = tests::ChangeNamed("change");
  author.device = tests::DeviceNamed("phone");
  author.sequence = 1;
  record.Apply(edit, author, {}, {text});
  return record.Serialize();
}

// As phones are sent it and keep it, but for the change ids, which cannot be made smaller and which
// other libraries do not have; everything comes back from it.
absl::StatusOr<double> PackedBytes(const std::vector<NoteChange>& changes) {
  double bytes = 0;
  std::vector<sync::AdmittedEdit> part;
  sync::HistoryPart size;
  const auto pack = [&]() -> absl::Status {
    const sync::HistoryColumns columns = sync::WriteHistory(part);
    const v1::Packed packed = seal::PackColumns(columns);
    SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::AdmittedEdit> back,
                           seal::UnpackHistory(packed, tests::RecordNamed("note")));
    const auto same = [](const sync::AdmittedEdit& a, const sync::AdmittedEdit& b) {
      return a.change == b.change && a.device == b.device && a.sequence == b.sequence &&
             a.edit.parents_size() == b.edit.parents_size() &&
             a.edit.ops(0).SerializeAsString() == b.edit.ops(0).SerializeAsString();
    };
    if (!std::equal(part.begin(), part.end(), back.begin(), back.end(), same)) {
      return absl::InternalError("bench: another history was unpacked");
    }
    bytes += static_cast<double>(packed.ByteSizeLong() - columns.ids.size());
    part.clear();
    size = sync::HistoryPart();
    return absl::OkStatus();
  };
  for (sync::AdmittedEdit& edit : AdmittedEditsOf(changes)) {
    if (!size.Take(edit)) {
      SOTAY_RETURN_IF_ERROR(pack());
      size.Take(edit);
    }
    part.push_back(std::move(edit));
  }
  SOTAY_RETURN_IF_ERROR(pack());
  return bytes;
}

double Held() { return static_cast<double>(mallinfo2().uordblks); }

}  // namespace

absl::StatusOr<TextFigures> MeasureText(const tests::Trace& trace, int runs) {
  TextFigures figures;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<NoteChange> changes, ChangesOf(trace));
  const std::string encoded = Encode(changes);
  figures.changes = static_cast<double>(changes.size());
  SOTAY_ASSIGN_OR_RETURN(figures.bytes_packed, PackedBytes(changes));
  if (!trace.concurrent) {
    const auto typed = [&]() -> absl::StatusOr<std::string> {
      SOTAY_ASSIGN_OR_RETURN(const sdk::Draft draft, Typed(trace));
      return std::string(draft.text());
    };
    SOTAY_ASSIGN_OR_RETURN(figures.type_ms, Time(runs, trace.end, typed));
  } else {
    const std::vector<std::string> steps = StepsOf(trace);
    SOTAY_ASSIGN_OR_RETURN(figures.arrive_ms,
                           Time(runs, trace.end, [&] { return Arrived(trace, steps); }));
  }
  const std::vector<StoredChange> history = StoredOf(changes);
  if (trace.concurrent) {
    SOTAY_ASSIGN_OR_RETURN(figures.merge_ms,
                           Time(runs, trace.end, [&] { return Merged(encoded); }));
    std::vector<double> times;
    for (int run = 0; run < runs; ++run) {
      const double before = CpuMs();
      SOTAY_ASSIGN_OR_RETURN(figures.by_words, MergedByWords(history));
      times.push_back(CpuMs() - before);
    }
    figures.words_ms = Median(times);
  } else {
    const auto by_words = [&]() -> absl::StatusOr<std::string> {
      SOTAY_ASSIGN_OR_RETURN(ByWords merged, MergedByWords(history));
      return std::move(merged.text);
    };
    SOTAY_ASSIGN_OR_RETURN(figures.merge_ms, Time(runs, trace.end, by_words));
  }
  const std::shared_ptr<const sync::Schema> schema = tests::CaseworkSchema();
  const std::string stored = StoredNote(*schema, trace.end);
  const auto open = [&]() -> absl::StatusOr<std::string> {
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                           sync::MergedRecord::Parse(*schema, stored));
    return std::string(record.ShownText(casework::v1::Note::kBodyFieldNumber));
  };
  SOTAY_ASSIGN_OR_RETURN(figures.load_ms, Time(runs, trace.end, open));
  {
    const double before = Held();
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                           sync::MergedRecord::Parse(*schema, stored));
    figures.memory_bytes = Held() - before;
  }
  return figures;
}

}  // namespace sotay::bench
