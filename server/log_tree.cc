#include "server/log_tree.h"

#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr uint64_t kKeptSize = uint64_t{1} << seal::kKeptLevel;

// The level of the perfect tree the span is; -1: it is none.
int LevelOf(const seal::MerkleSpan& span) {
  int level = 0;
  while ((uint64_t{1} << level) < span.size()) ++level;
  const bool perfect = (uint64_t{1} << level) == span.size() && span.begin % span.size() == 0;
  return perfect ? level : -1;
}

absl::StatusOr<std::vector<seal::MerkleHash>> RootsOf(Store* store, absl::string_view unit,
                                                      const std::vector<seal::MerkleSpan>& spans) {
  std::vector<seal::MerkleHash> roots;
  for (const seal::MerkleSpan& span : spans) {
    SOTAY_ASSIGN_OR_RETURN(roots.emplace_back(), RootOf(store, unit, span));
  }
  return roots;
}

}  // namespace

absl::StatusOr<seal::MerkleHash> RootOf(Store* store, absl::string_view unit,
                                        const seal::MerkleSpan& span) {
  if (span.size() >= kKeptSize) {
    const int level = LevelOf(span);
    if (level >= 0) return store->LoadNode(unit, span.end, level);
  }
  if (span.size() <= kKeptSize) {
    seal::MerkleEdge edge;
    SOTAY_RETURN_IF_ERROR(store->VisitLeaves(
        unit, span.begin, span.end, [&edge](const seal::MerkleHash& leaf) { edge.Append(leaf); }));
    return edge.Root();
  }
  const uint64_t middle = span.begin + seal::LeftOf(span.size());
  SOTAY_ASSIGN_OR_RETURN(const seal::MerkleHash left, RootOf(store, unit, {span.begin, middle}));
  SOTAY_ASSIGN_OR_RETURN(const seal::MerkleHash right, RootOf(store, unit, {middle, span.end}));
  return seal::NodeOf(left, right);
}

absl::StatusOr<std::vector<seal::MerkleHash>> ProveConsistency(Store* store, absl::string_view unit,
                                                               uint64_t before, uint64_t size) {
  return RootsOf(store, unit, seal::ConsistencySpans(before, size));
}

absl::StatusOr<std::vector<seal::MerkleHash>> ProveInclusion(Store* store, absl::string_view unit,
                                                             uint64_t position, uint64_t size) {
  return RootsOf(store, unit, seal::InclusionSpans(position - 1, size));
}

}  // namespace sotay::server
