// The past of one record: the set of edits admitted to it, as docs/merge.md speaks of it.  A
// set: the order of `edits` means nothing to the laws, although makers put each edit after its
// parents.  Values; any thread.
#pragma once

#include <string>
#include <vector>

#include "sotay/v1/change.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "tests/laws/chance.h"

namespace sotay::laws {

// One edit of the record, with what the server noted.
struct PastEdit {
  sync::Author author;  // the stamp is the effective one
  v1::RecordEdit edit;  // names its parents
  std::string reason;
  bool applied = true;  // false: refused; a place in the graph and no effect
  std::vector<v1::FieldOp> assigned;
};

struct Past {
  sync::RecordId record;
  std::string type;
  std::string unit;
  sync::RecordId dossier;
  std::vector<PastEdit> edits;
};

// A random order of arrival in which each edit comes after its parents and after the earlier
// edits of its own device: indexes into past.edits.
std::vector<size_t> RandomOrder(const Past& past, Chance* chance);

// Every such order, at most `count_max` of them.
std::vector<std::vector<size_t>> EveryOrder(const Past& past, size_t count_max);

// The past without edit `index`: what was made on it is made on its parents instead.
Past Without(const Past& past, size_t index);

// A few lines a person can read: devices by letter, edits by number.
std::string Describe(const Past& past);
// An edit's parents, by the beginning of their ids, and operations.
std::string Describe(const v1::RecordEdit& edit);
// The same of a record; changes by the beginning of their ids.
std::string Describe(const v1::Record& record);

}  // namespace sotay::laws
