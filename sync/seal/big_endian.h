// Numbers in the texts that are signed.  Pure.
#pragma once

#include <cstdint>
#include <string>

namespace sotay::seal {

// Eight bytes, the highest first.
inline void AppendBigEndian(uint64_t number, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>((number >> shift) & 0xff));
  }
}

}  // namespace sotay::seal
