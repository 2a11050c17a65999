#include "tests/bench/text/history.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "casework/v1/note.pb.h"
#include "sotay/draft.h"
#include "sync/limits.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/text_history.h"
#include "sync/text_splices.h"
#include "sync/text_tree.h"
#include "sync/version_vector.h"
#include "tests/support/builders.h"
#include "tests/text/trace_replay.h"

namespace sotay::bench {
namespace {

namespace pb = google::protobuf::io;

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("history: ", what));
}

// What the author of each change had seen, in events of a TextTree.
class Versions {
 public:
  // Of the next change; good until the one after.
  absl::StatusOr<sync::TextVersionView> Next(const std::vector<uint32_t>& parents) {
    std::fill(seen_.begin(), seen_.end(), 0);
    for (const uint32_t parent : parents) {
      if (parent >= changes_) return Broken("a change on one that comes later");
      const uint32_t* const its = after_.data() + size_t{parent} * seen_.size();
      for (size_t i = 0; i < seen_.size(); ++i) seen_[i] = std::max(seen_[i], its[i]);
    }
    return sync::TextVersionView(seen_);
  }
  void Note(uint32_t author, const sync::TextTree& tree) {
    if (author >= seen_.size()) Widen(author + 1);
    seen_[author] = tree.events(author);
    for (const uint32_t events : seen_) after_.push_back(events);
    ++changes_;
  }

 private:
  void Widen(size_t authors) {
    std::vector<uint32_t> wider;
    for (size_t at = 0; at < after_.size(); at += seen_.size()) {
      const auto its = after_.begin() + static_cast<std::ptrdiff_t>(at);
      wider.insert(wider.end(), its, its + static_cast<std::ptrdiff_t>(seen_.size()));
      wider.resize(wider.size() + authors - seen_.size(), 0);
    }
    if (seen_.empty()) wider.resize(changes_ * authors, 0);
    after_ = std::move(wider);
    seen_.resize(authors, 0);
  }

  sync::TextVersion seen_;
  std::vector<uint32_t> after_;  // each change, one version after the other, of equal length
  size_t changes_ = 0;
};

std::string IdOf(uint32_t author) { return absl::StrFormat("%016x", author); }

sync::ChangeId ChangeNumbered(uint64_t number) {
  return *sync::ChangeId::From(absl::StrFormat("%032x", number));
}

}  // namespace

absl::StatusOr<std::vector<NoteChange>> ChangesOf(const tests::Trace& trace) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::TextVersion> seen, tests::SeenBySteps(trace));
  constexpr uint32_t kNoChange = UINT32_MAX;
  struct Agent {
    uint32_t change = kNoChange;  // the one it is at
    uint32_t last_step = 0;
    absl::optional<sdk::Draft> draft;
  };
  std::vector<NoteChange> changes;
  const auto close = [&](Agent* agent) {
    for (const sdk::Edit& edit : agent->draft->Edits("")) {
      v1::TextSplice* const splice = changes[agent->change].edit.add_splices();
      splice->set_position(edit.position);
      splice->set_deleted(edit.deleted);
      splice->set_inserted(edit.value);
    }
    agent->draft.reset();
  };

  sync::TextTree tree;
  for (uint32_t agent = 0; agent < trace.agents; ++agent) tree.Author(IdOf(agent));
  SOTAY_RETURN_IF_ERROR(
      sync::TextTree::Edit(&tree, tree.Author("before"), {}).Splice(0, 0, trace.start));
  if (!trace.start.empty()) {
    NoteChange& first = changes.emplace_back();
    first.author = static_cast<uint32_t>(trace.agents);
    first.edit.add_splices()->set_inserted(trace.start);
  }
  // A change ends where somebody else has seen it.
  std::vector<bool> seen_by_others(trace.steps.size(), false);
  for (const tests::TraceStep& step : trace.steps) {
    for (uint32_t parent : step.parents) {
      if (trace.steps[parent].agent != step.agent || step.parents.size() > 1) {
        seen_by_others[parent] = true;
      }
    }
  }
  std::vector<Agent> agents(trace.agents);
  std::vector<uint32_t> change_of;  // by step
  for (uint32_t at = 0; at < trace.steps.size(); ++at) {
    const tests::TraceStep& step = trace.steps[at];
    Agent& agent = agents[step.agent];
    const bool goes_on = agent.draft.has_value() &&
                         step.parents == std::vector<uint32_t>{agent.last_step} &&
                         !seen_by_others[agent.last_step] &&
                         agent.draft->size() + step.patches.size() <= sync::kSplicesMax;
    if (!goes_on) {
      if (agent.draft.has_value()) close(&agent);
      SOTAY_ASSIGN_OR_RETURN(agent.draft, sdk::Draft::On(tree.TextAt(seen[at])));
      agent.change = static_cast<uint32_t>(changes.size());
      NoteChange& change = changes.emplace_back();
      change.author = step.agent;
      change.edit.set_length_before(agent.draft->length());
      for (uint32_t parent : step.parents) change.parents.push_back(change_of[parent]);
      if (step.parents.empty() && !trace.start.empty()) change.parents = {0};
    }
    sync::TextTree::Edit edit(&tree, step.agent, seen[at]);
    for (const tests::TracePatch& patch : step.patches) {
      SOTAY_RETURN_IF_ERROR(agent.draft->Splice(patch.position, patch.deleted, patch.inserted));
      SOTAY_RETURN_IF_ERROR(edit.Splice(patch.position, patch.deleted, patch.inserted));
    }
    agent.last_step = at;
    change_of.push_back(agent.change);
  }
  for (Agent& agent : agents) {
    if (agent.draft.has_value()) close(&agent);
  }
  return changes;
}

std::vector<sync::AdmittedEdit> AdmittedEditsOf(const std::vector<NoteChange>& changes) {
  std::vector<sync::AdmittedEdit> edits;
  std::map<uint32_t, uint64_t> sequences;
  for (uint64_t i = 0; i < changes.size(); ++i) {
    const NoteChange& change = changes[i];
    sync::AdmittedEdit& edit = edits.emplace_back();
    edit.change = ChangeNumbered(i);
    edit.device = *sync::DeviceId::From(IdOf(change.author));
    edit.sequence = ++sequences[change.author];
    edit.edit.set_record_id(tests::RecordNamed("note").str());
    edit.edit.set_type("casework.v1.Note");
    for (const uint32_t parent : change.parents) {
      edit.edit.add_parents(ChangeNumbered(parent).str());
    }
    v1::FieldOp* const op = edit.edit.add_ops();
    op->set_field(casework::v1::Note::kBodyFieldNumber);
    *op->mutable_text() = change.edit;
    edit.admission.set_position(i + 1);
  }
  return edits;
}

std::string Encode(const std::vector<NoteChange>& changes) {
  std::string bytes;
  {
    pb::StringOutputStream stream(&bytes);
    pb::CodedOutputStream out(&stream);
    for (uint32_t i = 0; i < changes.size(); ++i) {
      const NoteChange& change = changes[i];
      out.WriteVarint32(change.author);
      out.WriteVarint32(static_cast<uint32_t>(change.parents.size()));
      for (uint32_t parent : change.parents) out.WriteVarint32(i - parent);
      out.WriteVarint32(static_cast<uint32_t>(change.edit.splices_size()));
      for (const v1::TextSplice& splice : change.edit.splices()) {
        out.WriteVarint32(splice.position());
        out.WriteVarint32(splice.deleted());
        out.WriteVarint32(static_cast<uint32_t>(splice.inserted().size()));
        out.WriteString(splice.inserted());
      }
    }
  }
  return bytes;
}

namespace {

// Reads one change after the other, where they stand.
class Reader {
 public:
  struct Splice {
    uint32_t position = 0;
    uint32_t deleted = 0;
    absl::string_view inserted;
  };

  explicit Reader(absl::string_view bytes)
      : bytes_(bytes),
        in_(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  bool done() const { return static_cast<size_t>(in_.CurrentPosition()) == bytes_.size(); }
  uint32_t author() const { return author_; }
  const std::vector<uint32_t>& parents() const { return parents_; }
  const std::vector<Splice>& splices() const { return splices_; }

  absl::Status Next() {
    uint32_t parents = 0;
    uint32_t splices = 0;
    if (!in_.ReadVarint32(&author_) || !in_.ReadVarint32(&parents) || parents > number_) {
      return Broken("cut off");
    }
    parents_.clear();
    for (; parents > 0; --parents) {
      uint32_t back = 0;
      if (!in_.ReadVarint32(&back) || back == 0 || back > number_) return Broken("no such parent");
      parents_.push_back(number_ - back);
    }
    ++number_;
    splices_.clear();
    for (in_.ReadVarint32(&splices); splices > 0; --splices) {
      Splice& splice = splices_.emplace_back();
      uint32_t size = 0;
      const bool read = in_.ReadVarint32(&splice.position) && in_.ReadVarint32(&splice.deleted) &&
                        in_.ReadVarint32(&size);
      splice.inserted = bytes_.substr(static_cast<size_t>(in_.CurrentPosition()), size);
      if (!read || !in_.Skip(static_cast<int>(size))) return Broken("cut off");
    }
    return absl::OkStatus();
  }

 private:
  const absl::string_view bytes_;
  pb::CodedInputStream in_;
  uint32_t author_ = 0;
  std::vector<uint32_t> parents_;
  std::vector<Splice> splices_;
  uint32_t number_ = 0;
};

}  // namespace

absl::StatusOr<std::string> Merged(absl::string_view encoded) {
  Reader reader(encoded);
  sync::TextTree tree;
  Versions versions;
  std::vector<uint32_t> authors;  // in the tree
  while (!reader.done()) {
    SOTAY_RETURN_IF_ERROR(reader.Next());
    if (reader.author() >= authors.size()) {
      if (reader.author() >= sync::TextTree::kAuthorsMax) return Broken("too many authors");
      authors.resize(reader.author() + 1, sync::TextTree::kNobody);
    }
    uint32_t& author = authors[reader.author()];
    if (author == sync::TextTree::kNobody) author = tree.Author(IdOf(reader.author()));
    SOTAY_ASSIGN_OR_RETURN(const sync::TextVersionView seen, versions.Next(reader.parents()));
    {
      sync::TextTree::Edit edit(&tree, author, seen);
      for (const Reader::Splice& splice : reader.splices()) {
        SOTAY_RETURN_IF_ERROR(edit.Splice(splice.position, splice.deleted, splice.inserted));
      }
    }
    versions.Note(author, tree);
  }
  return tree.Text();
}

std::vector<StoredChange> StoredOf(const std::vector<NoteChange>& changes) {
  std::vector<StoredChange> stored;
  stored.reserve(changes.size());
  for (const NoteChange& change : changes) {
    stored.push_back({change.author, change.parents, change.edit.SerializeAsString()});
  }
  return stored;
}

absl::StatusOr<ByWords> MergedByWords(const std::vector<StoredChange>& changes) {
  sync::TextHistory text;
  std::vector<sync::VersionVector> after;
  sync::VersionVector all;
  const auto so_far = [&](const sync::VersionVector& version) {
    sync::TextMerged merged = text.At(version);
    return ByWords{std::move(merged.text), after.size(), merged.spans.size()};
  };
  for (const StoredChange& change : changes) {
    const uint64_t sequence = after.size() + 1;
    sync::VersionVector seen;
    for (uint32_t parent : change.parents) seen.Join(after[parent]);
    const sync::DeviceId device = *sync::DeviceId::From(IdOf(change.author));
    v1::TextEdit edit;
    if (!edit.ParseFromString(change.edit)) return Broken("an edit that cannot be read");
    SOTAY_ASSIGN_OR_RETURN(sync::TextSplices splices, sync::TextSplices::Read({&edit}));
    const absl::Status added = text.Add(after.size(), ChangeNumbered(after.size()), device,
                                        sequence, seen, std::move(splices));
    if (!added.ok()) {
      ByWords end = so_far(seen);
      return end.conflicts > 0 ? absl::StatusOr<ByWords>(std::move(end)) : added;
    }
    seen.Add(device, sequence);
    all.Add(device, sequence);
    after.push_back(std::move(seen));
  }
  return so_far(all);
}

}  // namespace sotay::bench
