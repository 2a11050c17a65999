// The only source of chance in the laws: xoshiro256** seeded by splitmix64 (Blackman and Vigna,
// "Scrambled linear pseudorandom number generators", 2021).  No distribution of the standard
// library is used, since those differ between libraries: one seed is one history everywhere.
// Value; not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sotay::laws {

// A step of splitmix64; `state` moves on.
inline uint64_t SplitMix(uint64_t* state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

class Chance {
 public:
  explicit Chance(uint64_t seed) {
    for (uint64_t& word : words_) word = SplitMix(&seed);
  }

  uint64_t Next() {
    const uint64_t result = Rotate(words_[1] * 5, 7) * 9;
    const uint64_t shifted = words_[1] << 17;
    words_[2] ^= words_[0];
    words_[3] ^= words_[1];
    words_[1] ^= words_[2];
    words_[0] ^= words_[3];
    words_[2] ^= shifted;
    words_[3] = Rotate(words_[3], 45);
    return result;
  }

  // 0 to `count` - 1; 0 when `count` is 0.  The bias of the remainder does not matter here.
  size_t Below(size_t count) { return count == 0 ? 0 : static_cast<size_t>(Next() % count); }

  // Both ends included.
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Next() % (static_cast<uint64_t>(high - low) + 1));
  }

  // True `percent` times in a hundred.
  bool Percent(unsigned percent) { return Next() % 100 < percent; }

  std::string Bytes(size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
      uint64_t word = Next();
      for (int i = 0; i < 8 && bytes.size() < count; ++i, word >>= 8) {
        bytes.push_back(static_cast<char>(word & 0xFF));
      }
    }
    return bytes;
  }

  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

  template <typename T>
  void Shuffle(std::vector<T>* items) {
    for (size_t i = items->size(); i > 1; --i) std::swap((*items)[i - 1], (*items)[Below(i)]);
  }

 private:
  static uint64_t Rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

  uint64_t words_[4];
};

}  // namespace sotay::laws
