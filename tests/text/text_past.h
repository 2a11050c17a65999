// Random pasts of one text: what several people typed and deleted, each on what they had seen.
#pragma once

#include <cstddef>
#include <vector>

#include "sync/text_tree.h"
#include "tests/laws/chance.h"
#include "tests/text/naive_text.h"

namespace sotay::tests {

// Edits in an order in which each stands after all it has seen.  The authors often meet at one
// place, type over what others type over, and sync rarely.
std::vector<NaiveEdit> MakeTextPast(laws::Chance* chance, size_t authors, size_t edits);

// Another order of that kind.
std::vector<NaiveEdit> Reordered(const std::vector<NaiveEdit>& edits, laws::Chance* chance);

// The version in the tree's own numbers; authors it does not know yet have nothing in it.
sync::TextVersion VersionIn(sync::TextTree* tree, const NaiveVersion& version);

// Applies the edit; what a splice answers is expected to be OK.
absl::Status ApplyTo(sync::TextTree* tree, const NaiveEdit& edit);

std::string ToUtf8(const std::u32string& scalars);

}  // namespace sotay::tests
