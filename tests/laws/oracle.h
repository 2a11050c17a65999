// The oracle: a record recomputed from its whole past by the definitions of docs/merge.md, and
// by nothing cleverer.  "Seen" is a search in the graph, a standing write is one that no write
// of the field has seen, and every question is answered from the beginning.  It knows no
// version vectors, no incremental state and none of the product's merging; where the two
// disagree, docs/merge.md says who is wrong.  Slow.  Immutable; one thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sotay/v1/record.pb.h"
#include "sync/schema.h"
#include "tests/laws/past.h"
#include "tests/text/naive_merge.h"

namespace sotay::laws {

// A set of edits closed under "seen": indexes into Past::edits.
using Version = std::set<size_t>;

// One operation of one edit.
struct Write {
  size_t edit = 0;
  int op = 0;
};

// The rule by which `op` merges: the declared one, or for a field `type` does not know (or when
// `type` is null) the one of its kind.
sync::Rule RuleOf(const sync::RecordType* type, const v1::FieldOp& op);

// A write's value as it stands in a reading; not for TEXT, whose value depends on the graph.
const std::string& ValueOf(const v1::FieldOp& op);

class Oracle {
 public:
  // `type` may be null.  Both must outlive the oracle.
  Oracle(const sync::RecordType* type, const Past& past);

  // Whether every text edit fits the text it was made on.
  bool fits() const;
  // Every edit.
  const Version& all() const { return all_; }
  // What the author of an edit had seen, the edit itself not included.
  const Version& SeenBy(size_t edit) const { return ancestors_[edit]; }
  // Whether the author of `later` had seen `earlier` when writing it.
  bool Saw(const Write& later, const Write& earlier) const;
  // Every write of every field by the applied edits of `version`.
  std::map<sync::FieldPath, std::vector<Write>> Writes(const Version& version) const;
  // The text shown in a field to somebody who had seen `version`.
  std::string TextAt(uint32_t field, const Version& version) const;
  // The whole text after a text operation.
  std::string TextAfter(const Write& write) const;
  // Whether the operation leaves everything as its author saw it.
  bool ChangesNothing(const Write& write) const;
  // Whether the edit's author decides about steps to that value.
  bool IsDecider(size_t edit, uint32_t field, int32_t value) const;
  // Whether the step is one that nothing makes give way.
  bool IsDecided(const Write& step) const;
  // The enum number in force in a STATE field.
  int32_t StateAt(uint32_t field, const Version& version) const;
  // The record for somebody who had seen `version`, in record.proto's order of things.
  v1::Record RecordAt(const Version& version) const;
  v1::Record Record() const { return RecordAt(all_); }

 private:
  // A text with its own past.
  struct Prose {
    std::vector<size_t> edits;  // in causal order; a MergeEdit each
    std::unique_ptr<tests::NaiveMerge> merge;
  };
  // A step that gives way.
  struct Asked {
    Write step;
    std::map<std::string, size_t> others;  // by user: the edit of their newest work
  };
  struct Found {                                           // what was found to stand in a field
    std::vector<std::pair<std::string, size_t>> readings;  // value, edit
    std::vector<Asked> requests;
    int64_t total = 0;
    sync::Rule rule = options::v1::RULE_UNSPECIFIED;  // FieldState.rule
    absl::optional<tests::MergeShown> text;           // of a TEXT field; edits as in `prose`
    const Prose* prose = nullptr;
    uint64_t typed = 0;
  };

  const v1::FieldOp& OpOf(const Write& write) const;
  // Whether `a` is before `b` by (stamp, change id).
  bool Earlier(size_t a, size_t b) const;
  std::vector<Write> Standing(const std::vector<Write>& writes) const;
  const Prose& ProseOf(const sync::FieldPath& path) const;
  Version Within(const Prose& prose, const Version& version) const;
  std::string ShownAt(const sync::FieldPath& path, const Version& version) const;
  void FindText(const sync::FieldPath& path, const Version& version, Found* found) const;
  // Whether the step gave way, and whether it was a request, to somebody who had seen `version`.
  bool GaveWay(const Write& step, const Version& version) const;
  bool IsRequest(const Write& step, const Version& version) const;
  // Work of others than whoever took the step, which it did not know and which did not know it.
  std::map<std::string, size_t> WorkApart(const Write& step, const Version& version) const;
  // Of the steps of a state: what stands, and what is asked for.
  std::vector<Write> StepsThatStand(const std::vector<Write>& steps, const Version& version,
                                    std::vector<Asked>* requests) const;
  std::string ReadingOf(const Write& write) const;
  Found Find(const sync::FieldPath& path, const std::vector<Write>& writes,
             const Version& version) const;
  std::map<sync::FieldPath, Found> Assigned(const Version& version) const;

  const sync::RecordType* type_;
  const Past* past_;
  Version all_;
  std::vector<Version> ancestors_;
  // Those that were asked for.
  mutable std::map<sync::FieldPath, Prose> prose_;
  mutable std::map<std::pair<size_t, int>, bool> decided_;
  mutable std::map<std::pair<size_t, int>, bool> idle_;  // whether it changes nothing
};

}  // namespace sotay::laws
