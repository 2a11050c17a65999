#include "sync/text_blocks.h"

#include <algorithm>
#include <utility>

#include "sync/text.h"

namespace sotay::sync {

TextBlocks::TextBlocks(Scalars text) {
  Add(0);
  Splice(0, 0, text);
}

TextBlocks::TextBlocks(const TextBlocks& other)
    : sizes_(other.sizes_), length_(other.length_), here_(other.here_), before_(other.before_) {
  for (const auto& block : other.blocks_) blocks_.push_back(std::make_unique<Block>(*block));
}

TextBlocks& TextBlocks::operator=(TextBlocks other) noexcept {
  std::swap(blocks_, other.blocks_);
  std::swap(sizes_, other.sizes_);
  std::swap(length_, other.length_);
  std::swap(here_, other.here_);
  std::swap(before_, other.before_);
  return *this;
}

std::string TextBlocks::Text() const {
  std::string text;
  text.reserve(length_);
  for (const std::unique_ptr<Block>& block : blocks_) {
    AppendScalars(block->at, block->gap_begin, &text);
    AppendScalars(block->at + block->gap_end, block->tail(), &text);
  }
  return text;
}

void TextBlocks::Block::MoveGap(uint32_t to) {
  if (to < gap_begin) {
    std::copy_backward(at + to, at + gap_begin, at + gap_end);
    gap_end -= gap_begin - to;
  } else {
    std::copy(at + gap_end, at + gap_end + (to - gap_begin), at + gap_begin);
    gap_end += to - gap_begin;
  }
  gap_begin = to;
}

void TextBlocks::Add(uint32_t index) {
  blocks_.insert(blocks_.begin() + index, std::make_unique<Block>());
  sizes_.insert(sizes_.begin() + index, 0);
}

uint32_t TextBlocks::GoTo(uint32_t position) {
  while (position < before_) before_ -= sizes_[--here_];
  while (position > before_ + sizes_[here_]) before_ += sizes_[here_++];
  return position - before_;
}

void TextBlocks::Delete(uint32_t position, uint32_t count) {
  length_ -= count;
  uint32_t within = GoTo(position);
  const uint32_t first = here_ + (within == 0 ? 0 : 1);  // of those that may have become empty
  while (true) {
    Block& block = *blocks_[here_];
    const uint32_t these = std::min(count, block.size() - within);
    if (within + these == block.gap_begin) {  // what is erased before the gap needs no moving
      block.gap_begin -= these;
    } else if (these > 0) {
      block.MoveGap(within);
      block.gap_end += these;
    }
    sizes_[here_] = block.size();
    count -= these;
    if (count == 0) break;
    before_ += sizes_[here_++];
    within = 0;
  }
  uint32_t end = here_ + (sizes_[here_] == 0 ? 1 : 0);
  if (first == 0 && end == blocks_.size()) --end;
  if (first >= end) return;
  blocks_.erase(blocks_.begin() + first, blocks_.begin() + end);
  sizes_.erase(sizes_.begin() + first, sizes_.begin() + end);
  here_ = 0;
  before_ = 0;
}

void TextBlocks::CutAtGap() {
  Add(here_ + 1);
  Block& from = *blocks_[here_];
  Block& to = *blocks_[here_ + 1];
  to.gap_end = kBlock - from.tail();
  std::copy(from.at + from.gap_end, from.at + kBlock, to.at + to.gap_end);
  from.gap_end = kBlock;
  sizes_[here_] = from.size();
  sizes_[here_ + 1] = to.size();
}

void TextBlocks::Insert(uint32_t position, Scalars typed) {
  uint32_t within = GoTo(position);
  length_ += static_cast<uint32_t>(typed.size());
  if (blocks_[here_]->room() < typed.size() && typed.size() <= kBlock / 2) {
    // A full block becomes two of half the size: however little is typed at a time, and wherever,
    // no block stays nearly empty.
    blocks_[here_]->MoveGap(blocks_[here_]->size() / 2);
    CutAtGap();
    within = GoTo(position);
  }
  blocks_[here_]->MoveGap(within);
  while (!typed.empty()) {
    Block* block = blocks_[here_].get();
    if (block->room() == 0) {
      CutAtGap();
      if (block->room() == 0) {
        before_ += sizes_[here_++];
        block = blocks_[here_].get();
        block->MoveGap(0);
      }
    }
    const size_t these = std::min<size_t>(typed.size(), block->room());
    std::copy_n(typed.data(), these, block->at + block->gap_begin);
    block->gap_begin += static_cast<uint32_t>(these);
    sizes_[here_] = block->size();
    typed.remove_prefix(these);
  }
}

void TextBlocks::Splice(uint32_t position, uint32_t deleted, Scalars typed) {
  if (deleted > 0) Delete(position, deleted);
  if (!typed.empty()) Insert(position, typed);
}

}  // namespace sotay::sync
