// The half of the oracle that knows texts.
#include <algorithm>

#include "tests/laws/oracle.h"
#include "tests/laws/splice.h"

namespace sotay::laws {

const Oracle::Prose& Oracle::ProseOf(const sync::FieldPath& path) const {
  const auto [at, fresh] = prose_.try_emplace(path);
  Prose& prose = at->second;
  if (!fresh) return prose;
  std::vector<size_t> order(all_.begin(), all_.end());
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    return ancestors_[a].size() < ancestors_[b].size();
  });
  std::vector<tests::MergeEdit> edits;
  for (size_t i : order) {
    if (!past_->edits[i].applied) continue;
    tests::MergeEdit edit;
    bool writes = false;
    for (const v1::FieldOp& op : past_->edits[i].edit.ops()) {
      if (op.op_case() != v1::FieldOp::kText || op.field() != path.first ||
          op.key() != path.second) {
        continue;
      }
      writes = true;
      for (const v1::TextSplice& splice : op.text().splices()) {
        edit.splices.push_back({splice.position(), splice.deleted(), Scalars(splice.inserted())});
      }
    }
    if (!writes) continue;
    edit.device = past_->edits[i].author.device.str();
    edit.id = past_->edits[i].author.change.str();
    edit.seen = Within(prose, ancestors_[i]);
    prose.edits.push_back(i);
    edits.push_back(std::move(edit));
  }
  prose.merge = std::make_unique<tests::NaiveMerge>(std::move(edits));
  return prose;
}

// The edits of a text that a version holds, in the text's own numbers.
Version Oracle::Within(const Prose& prose, const Version& version) const {
  Version within;
  for (size_t i = 0; i < prose.edits.size(); ++i) {
    if (version.count(prose.edits[i]) != 0) within.insert(i);
  }
  return within;
}

bool Oracle::fits() const {
  for (size_t i = 0; i < past_->edits.size(); ++i) {
    if (!past_->edits[i].applied) continue;
    std::map<sync::FieldPath, std::string> own;  // what earlier operations of the edit have made
    for (const v1::FieldOp& op : past_->edits[i].edit.ops()) {
      if (op.op_case() != v1::FieldOp::kText) continue;
      const auto [text, fresh] = own.try_emplace({op.field(), op.key()});
      if (fresh) text->second = ShownAt(text->first, ancestors_[i]);
      const auto after = Splice(text->second, op.text());
      if (!after.has_value()) return false;
      text->second = *after;
    }
  }
  return true;
}

std::string Oracle::ShownAt(const sync::FieldPath& path, const Version& version) const {
  const Prose& prose = ProseOf(path);
  return Utf8(prose.merge->At(Within(prose, version)).text);
}

std::string Oracle::TextAfter(const Write& write) const {
  const v1::FieldOp& last = OpOf(write);
  std::string text = ShownAt({last.field(), last.key()}, ancestors_[write.edit]);
  for (int op = 0; op <= write.op; ++op) {
    const v1::FieldOp& each = OpOf({write.edit, op});
    if (each.op_case() != v1::FieldOp::kText || each.field() != last.field() ||
        each.key() != last.key()) {
      continue;
    }
    text = Splice(text, each.text()).value_or("");
  }
  return text;
}

std::string Oracle::TextAt(uint32_t field, const Version& version) const {
  return ShownAt({field, ""}, version);
}

// The one reading of a text, and what people disagree about in it.
void Oracle::FindText(const sync::FieldPath& path, const Version& version, Found* found) const {
  const Prose& prose = ProseOf(path);
  found->prose = &prose;
  found->text = prose.merge->At(Within(prose, version));
  absl::optional<size_t> newest;
  for (size_t i : prose.edits) {
    if (version.count(i) == 0) continue;
    for (const v1::FieldOp& op : past_->edits[i].edit.ops()) {
      if (op.op_case() != v1::FieldOp::kText || op.field() != path.first ||
          op.key() != path.second) {
        continue;
      }
      for (const v1::TextSplice& splice : op.text().splices()) {
        found->typed += Scalars(splice.inserted()).size();
      }
    }
    const bool seen = std::any_of(prose.edits.begin(), prose.edits.end(), [&](size_t other) {
      return version.count(other) != 0 && ancestors_[other].count(i) != 0;
    });
    if (!seen && (!newest.has_value() || Earlier(*newest, i))) newest = i;
  }
  found->readings.push_back({TextFragment(path.first, Utf8(found->text->text)), *newest});
}

}  // namespace sotay::laws
