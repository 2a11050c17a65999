#include "sync/text_standing.h"

#include <algorithm>
#include <functional>

namespace sotay::sync {

// Jumps over as many as two jumps of the one before do, when these are equally long: so the way to
// any of them is of logarithmic length.
uint32_t TextCrowds::And(uint32_t crowd, uint32_t last) {
  const auto [at, fresh] = numbers_.emplace(uint64_t{crowd} << 32 | last, 0);
  if (!fresh) return at->second;
  at->second = static_cast<uint32_t>(crowds_.size());
  const Crowd& others = crowds_[crowd];
  const Crowd& fewer = crowds_[others.fewer];
  const bool equal = others.size - fewer.size == fewer.size - crowds_[fewer.fewer].size;
  crowds_.push_back({last, crowd, equal ? fewer.fewer : crowd, others.size + 1});
  return at->second;
}

uint32_t TextCrowds::Below(uint32_t crowd, uint32_t edit) const {
  while (crowd != kNobody && crowds_[crowd].last >= edit) {
    const Crowd& one = crowds_[crowd];
    const bool far = one.fewer != kNobody && crowds_[one.fewer].last >= edit;
    crowd = far ? one.fewer : one.others;
  }
  return crowd;
}

// A set is numbered after the one it is held as, so from the highest number down none is met after
// it was passed.
std::vector<uint32_t> TextCrowds::Members(std::vector<uint32_t> crowds) const {
  std::vector<uint32_t> all;
  std::make_heap(crowds.begin(), crowds.end());
  uint32_t passed = kNobody;
  while (!crowds.empty() && crowds.front() != kNobody) {
    const uint32_t crowd = crowds.front();
    std::pop_heap(crowds.begin(), crowds.end());
    crowds.pop_back();
    if (crowd == passed) continue;
    passed = crowd;
    all.push_back(crowds_[crowd].last);
    crowds.push_back(crowds_[crowd].others);
    std::push_heap(crowds.begin(), crowds.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

uint32_t TextCrowds::With(uint32_t crowd, uint32_t edit, uint32_t seen_end,
                          const std::function<bool(uint32_t)>& has_seen) {
  uint32_t stays = Below(crowd, edit);  // as it is: what is below the lowest that goes
  for (uint32_t asked = Below(crowd, seen_end); asked != kNobody; asked = crowds_[asked].others) {
    if (has_seen(crowds_[asked].last)) stays = crowds_[asked].others;
  }
  std::vector<uint32_t> others;  // that stay above that, descending
  for (uint32_t above = crowd; above != stays; above = crowds_[above].others) {
    const uint32_t one = crowds_[above].last;
    if (one >= seen_end || !has_seen(one)) others.push_back(one);
  }
  others.insert(std::upper_bound(others.begin(), others.end(), edit, std::greater<>()), edit);
  for (size_t i = others.size(); i-- > 0;) stays = And(stays, others[i]);
  return stays;
}

void TextStanding::Cover(const std::vector<TextStretch>& stretches, const TextTree& tree,
                         const std::function<uint32_t(uint32_t)>& crowd_with) {
  std::vector<Border> covered;
  covered.reserve(borders_.size() + 2 * stretches.size());
  const auto put = [&](Border border) {
    if (!covered.empty() && covered.back().crowd == border.crowd) return;
    covered.push_back(border);
  };
  auto at = borders_.begin();
  uint32_t under = TextCrowds::kNobody;  // who stood there before
  for (const TextStretch& stretch : stretches) {
    const Border low = {stretch.first, 0, 0};
    const Border high = {stretch.last, 1, 0};
    const uint64_t from = Key(low, tree);
    const uint64_t to = Key(high, tree);
    // Most borders are far from any stretch.
    const auto first = std::lower_bound(
        at, borders_.end(), from, [&](const Border& b, uint64_t k) { return Key(b, tree) < k; });
    if (first != at) {
      put(*at);
      covered.insert(covered.end(), std::next(at), first);
      under = std::prev(first)->crowd;
      at = first;
    }
    uint32_t last_under = under;
    uint32_t last_over = crowd_with(under);
    if (at == borders_.end() || Key(*at, tree) != from) put({low.element, 0, last_over});
    for (; at != borders_.end() && Key(*at, tree) < to; ++at) {
      under = at->crowd;
      if (under != last_under) {
        last_under = under;
        last_over = crowd_with(under);
      }
      put({at->element, at->after, last_over});
    }
    if (at == borders_.end() || Key(*at, tree) != to) put({high.element, 1, under});
  }
  if (at != borders_.end()) {
    put(*at);
    covered.insert(covered.end(), std::next(at), borders_.end());
  }
  borders_ = std::move(covered);
}

std::vector<TextStanding::Segment> TextStanding::Segments(const std::vector<uint32_t>& rank,
                                                          uint32_t size) const {
  std::vector<Segment> segments;
  segments.reserve(borders_.size() + 1);
  for (const Border& border : borders_) {
    const uint32_t from =
        border.element == TextTree::kBeginning ? 0 : rank[border.element] + border.after;
    if (from >= size) break;
    if (!segments.empty() && segments.back().from == from) segments.pop_back();
    segments.push_back({from, border.crowd});
  }
  segments.push_back({size, TextCrowds::kNobody});
  return segments;
}

size_t TextStanding::At(const std::vector<Segment>& segments, uint32_t place) {
  const auto past = std::upper_bound(segments.begin(), segments.end(), place,
                                     [](uint32_t p, const Segment& s) { return p < s.from; });
  return static_cast<size_t>(past - segments.begin()) - 1;
}

}  // namespace sotay::sync
