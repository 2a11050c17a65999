// Numbers in a stream of bits, the likely ones in a small part of a bit: adaptive binary range
// coding (G. N. N. Martin, "Range encoding", 1979; the split of the range is that of I. Pavlov's
// LZMA specification).  Integers only: every machine writes the same bytes.
//
// A number n is coded under a model and a context, which both sides know beforehand.  Of n + 1 the
// length in bits without the top one is said in unary (1: longer), then its bits below the top one.
// The unary bits, and the first three of the others by what stands before them, have
// probabilities of their own in each context, which follow what came; the rest have one half.
//
// A sequence has one stream and a stream one sequence: what is read without failure is what the
// writer would write of it.  Work is paid for: at most kNumbersPerByte numbers a byte, and the
// stream is filled up with zeros where it would be shorter.  Values; one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace sotay::sync {

constexpr uint64_t kNumbersPerByte = 100;

// How likely it is that one bit is 1, of 2^24: the mean of what it was of late and for long.
struct AdaptiveBit {
  uint32_t lately = 1u << 23;
  uint32_t long_since = 1u << 23;
  uint32_t seen = 0;  // times, as far as that matters

  uint32_t one() const { return (lately + long_since) / 2; }
  void Saw(bool bit);
};

// Bits of one length: whether it is longer than that, and its leading bits by those before them,
// at 1, 2–3 and 4–7.
struct LengthBits {
  AdaptiveBit longer;
  std::array<AdaptiveBit, 8> leading;
};

// Some 7 kB for a context in which every length came, nothing for one that never did.
class NumberModels {
 public:
  // By length.
  std::vector<LengthBits>& Of(size_t model, size_t context);

 private:
  std::vector<std::vector<std::vector<LengthBits>>> models_;
};

class NumberWriter {
 public:
  void Put(size_t model, size_t context, uint64_t number);
  uint64_t count() const { return count_; }
  // The stream; nothing can be put after it.
  std::string Finish();

 private:
  void Decide(uint32_t one, bool bit);
  void Adapt(AdaptiveBit* likelihood, bool bit);
  void Carry();

  NumberModels models_;
  std::string bytes_;
  uint64_t count_ = 0;
  uint32_t low_ = 0;
  uint32_t range_ = UINT32_MAX;
};

// What is not there, or not as the writer writes it, sets `failed` for good and reads as nothing.
class NumberReader {
 public:
  NumberReader() = default;
  // `stream` outlives it, and holds `count` numbers.
  NumberReader(absl::string_view stream, uint64_t count, bool* failed);

  uint64_t Get(size_t model, size_t context);
  // Fails unless all numbers were read and the stream ends as the writer ends it.
  void Finish();

 private:
  bool Decide(uint32_t one);
  bool Adapt(AdaptiveBit* likelihood);
  uint32_t NextByte();

  NumberModels models_;
  absl::string_view stream_;
  size_t at_ = 0;  // past the end there are zeros
  uint64_t count_ = 0;
  uint64_t left_ = 0;
  uint32_t code_ = 0;  // what follows in the stream, from the low end of the range
  uint32_t range_ = UINT32_MAX;
  bool* failed_ = nullptr;
};

}  // namespace sotay::sync
