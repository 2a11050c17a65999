// Vietnamese prose for the load: as varied as we can make it, so that no compressor profits
// from our having few examples.  The words of the sample notes are dealt like cards into
// sentences as long as real ones; every number gets other digits, people get other names, and no
// sentence comes twice in one run.  Less orderly than what people write, hence harder to pack.
//
// One thread at a time.  The same seed gives the same prose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"

namespace sotay::bench {

class Prose {
 public:
  // Words and names from a file like mobile-sdk/examples/notes.vi.json.  kNotFound,
  // kInvalidArgument.
  static absl::StatusOr<Prose> Load(const std::string& path, uint64_t seed);

  // A note of at most `bytes` bytes of UTF-8 and rarely more than 12 less.
  std::string Note(size_t bytes);

 private:
  explicit Prose(uint64_t seed) : chance_(seed) {}

  size_t Below(size_t count) { return static_cast<size_t>(chance_() % count); }
  std::string Word();
  std::string Name();
  // Capital first, full stop last, at most `bytes` long; empty when not even two words fit.
  std::string Sentence(size_t bytes);

  std::mt19937_64 chance_;
  std::vector<std::string> words_;  // with repetitions, so that common words stay common
  size_t dealt_ = 0;                // of words_, since they were shuffled
  std::vector<size_t> lengths_;     // of the real sentences, in words
  std::vector<std::string> family_, middle_, given_;
  std::unordered_set<std::string> said_;
};

}  // namespace sotay::bench
