#include "sync/durable/crc32c.h"

#include <array>

namespace sotay::durable {
namespace {

constexpr uint32_t kPolynomialReflected = 0x82F63B78;

// What each value of the lowest byte adds to the register once it has been shifted out.
constexpr std::array<uint32_t, 256> MakeByteTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) {
      state = (state & 1) != 0 ? (state >> 1) ^ kPolynomialReflected : state >> 1;
    }
    table[byte] = state;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kByteTable = MakeByteTable();

uint32_t Feed(uint32_t state, char byte) {
  return kByteTable[(state ^ static_cast<unsigned char>(byte)) & 0xff] ^ (state >> 8);
}

// The product of two registers as polynomials, modulo the checksum's.  Reflected: the highest
// bit is the power zero.
uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t power = 0x80000000; power != 0; power >>= 1) {
    if ((a & power) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomialReflected : b >> 1;
  }
  return product;
}

// Entry n is what feeding n zero bytes multiplies a register by.
const std::vector<uint32_t>& ZeroBytePowers() {
  static const std::vector<uint32_t>* const kPowers = [] {
    auto* powers = new std::vector<uint32_t>(Crc32cOfRanges::kBytesMax + 1);
    (*powers)[0] = 0x80000000;
    for (size_t n = 1; n < powers->size(); ++n) {
      (*powers)[n] = FeedZeroByteCrc32c((*powers)[n - 1]);
    }
    return powers;
  }();
  return *kPowers;
}

}  // namespace

uint32_t Crc32c(absl::string_view bytes) {
  uint32_t state = 0xffffffff;
  for (char byte : bytes) state = Feed(state, byte);
  return ~state;
}

uint32_t UnmaskCrc32c(uint32_t stored) {
  const uint32_t rotated = stored - 0xa282ead8;
  return (rotated >> 17) | (rotated << 15);
}

uint32_t FeedZeroByteCrc32c(uint32_t state) { return kByteTable[state & 0xff] ^ (state >> 8); }

Crc32cOfRanges::Crc32cOfRanges(absl::string_view block) {
  after_.reserve(block.size() + 1);
  uint32_t state = 0;
  after_.push_back(state);
  for (char byte : block) after_.push_back(state = Feed(state, byte));
}

uint32_t Crc32cOfRanges::Of(size_t begin, size_t end) const {
  // The register is linear in what it held and what it was fed, so what lay before `begin` can
  // be moved past the range and taken out, and the preset of ones put in its place.
  const uint32_t before = after_[begin] ^ 0xffffffff;
  return ~(after_[end] ^ Multiply(before, ZeroBytePowers()[end - begin]));
}

}  // namespace sotay::durable
