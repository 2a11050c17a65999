// Random pasts of one text made of words, numbers, sentences and letters that join in odd ways:
// what several people wrote, each on what was shown to them.
#pragma once

#include <string>
#include <vector>

#include "sotay/v1/change.pb.h"
#include "tests/laws/chance.h"
#include "tests/text/naive_merge.h"

namespace sotay::tests {

struct WordPast {
  std::vector<MergeEdit> edits;       // in causal order
  std::vector<v1::TextEdit> splices;  // the same as they travel
};

// What people write: words of many kinds, or the same few again and again, so that they agree by
// chance, join what others wrote, and crowd into one place.
enum class Vocabulary { kMany, kFew };

// How often they sync: rarely, or before most of what they write.
enum class Company { kApart, kTogether };

// Between 2 and `edits_max` edits by 2 to 4 devices.
WordPast MakeWordPast(laws::Chance* chance, size_t edits_max,
                      Vocabulary vocabulary = Vocabulary::kMany, Company company = Company::kApart);

// Another order of that kind, as indexes.
std::vector<size_t> CausalOrder(const std::vector<MergeEdit>& edits, laws::Chance* chance);

std::string Utf8Of(const std::u32string& scalars);

}  // namespace sotay::tests
