// A text under somebody's hands: scalar values in blocks, each with room at the place where it was
// last touched, so that a keystroke costs the same wherever it falls in a long text.  Value; one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace sotay::sync {

class TextBlocks {
 public:
  using Scalars = absl::Span<const char32_t>;

  explicit TextBlocks(Scalars text);
  TextBlocks(const TextBlocks& other);
  TextBlocks(TextBlocks&&) = default;
  TextBlocks& operator=(TextBlocks other) noexcept;

  uint32_t length() const { return length_; }
  std::string Text() const;  // UTF-8
  // Puts `typed` in the place of `deleted` scalar values at `position`; they are all there.
  void Splice(uint32_t position, uint32_t deleted, Scalars typed);

 private:
  static constexpr uint32_t kBlock = 1024;

  struct Block {
    uint32_t gap_begin = 0;
    uint32_t gap_end = kBlock;
    char32_t at[kBlock];

    uint32_t room() const { return gap_end - gap_begin; }
    uint32_t size() const { return kBlock - room(); }
    uint32_t tail() const { return kBlock - gap_end; }
    void MoveGap(uint32_t to);
  };

  // Makes `here_` the block that holds `position`, or ends there; where in it.
  uint32_t GoTo(uint32_t position);
  void Delete(uint32_t position, uint32_t count);
  void Insert(uint32_t position, Scalars typed);
  // Moves what is behind the gap of this block into a new one after it.
  void CutAtGap();
  void Add(uint32_t index);

  std::vector<std::unique_ptr<Block>> blocks_;  // at least one
  std::vector<uint32_t> sizes_;                 // of blocks_, in one place for GoTo
  uint32_t length_ = 0;
  uint32_t here_ = 0;    // where somebody last was
  uint32_t before_ = 0;  // scalar values before that block
};

}  // namespace sotay::sync
