#include "tests/text/word_stage.h"

#include "absl/strings/str_cat.h"

namespace sotay::tests {

std::string Told(const sync::TextMerged& merged, const std::vector<sync::TextBlame>& blame) {
  std::string told = absl::StrCat(merged.text, "\n");
  for (const auto& span : merged.spans) {
    for (const sync::TextReading& reading : span) {
      absl::StrAppend(&told, "[", reading.edit, ":", reading.text, "]");
    }
    told += "\n";
  }
  for (const sync::TextAgain& again : merged.again) {
    absl::StrAppend(&told, "again ", again.position, "+", again.length);
    for (size_t edit : again.edits) absl::StrAppend(&told, " ", edit);
    told += "\n";
  }
  for (const sync::TextBlame& run : blame) {
    for (uint32_t i = 0; i < run.length; ++i) {
      told += run.span ? "span " : absl::StrCat(run.edit, " ");
    }
  }
  return told;
}

std::string Told(const std::vector<MergeReading>& span) {
  std::string told;
  for (const MergeReading& reading : span) {
    absl::StrAppend(&told, "[", reading.edit, ":", Utf8Of(reading.text), "]");
  }
  return told + "\n";
}

std::string Told(const MergeShown& shown) {
  std::string told = absl::StrCat(Utf8Of(shown.text), "\n");
  for (const auto& span : shown.spans) told += Told(span);
  for (const MergeMark& mark : shown.marks) {
    absl::StrAppend(&told, "again ", mark.position, "+", mark.length);
    for (size_t edit : mark.edits) absl::StrAppend(&told, " ", edit);
    told += "\n";
  }
  for (size_t edit : shown.typed_by) {
    told += edit == std::string::npos ? "span " : absl::StrCat(edit, " ");
  }
  return told;
}

Stage StageOf(const std::vector<Line>& lines) {
  WordPast past;
  for (const Line& line : lines) {
    MergeEdit edit;
    edit.device.assign(16, 'd');
    edit.device[0] = line.device;
    edit.id = absl::StrCat(line.id, absl::Dec(past.edits.size(), absl::kZeroPad16), "00000000");
    edit.seen = line.seen;
    edit.splices = line.splices;
    v1::TextEdit travels;
    travels.set_length_before(
        static_cast<uint32_t>(NaiveMerge(past.edits).At(line.seen).text.size()));
    for (const NaiveSplice& splice : line.splices) {
      v1::TextSplice* const out = travels.add_splices();
      out->set_position(splice.position);
      out->set_deleted(splice.deleted);
      out->set_inserted(Utf8Of(splice.inserted));
    }
    past.edits.push_back(std::move(edit));
    past.splices.push_back(std::move(travels));
  }
  return Stage(std::move(past));
}

}  // namespace sotay::tests
