// Mutation of inputs that are protobuf messages.  Bytes changed blindly mostly stop being a
// message at all; here one part changes and the others stay whole, so that a mutation reaches
// what lies behind parsing.  A target of one message type writes
//
//   SOTAY_FUZZ_MESSAGE(v1::Packed, packed) { … }
//
// and gets the function body called with each input that parses as that type.
#pragma once

#include <cstddef>
#include <cstdint>

#include "google/protobuf/message.h"

namespace sotay::fuzz {

// What LLVMFuzzerCustomMutator promises: changes `data` of `size` bytes in place into another
// input of at most `size_max` bytes, the same for the same `seed`; the new size.  `scratch` is a
// message of the input's type.  Now and then bytes are changed blindly all the same, for the
// sake of parsers.
size_t MutateMessage(google::protobuf::Message* scratch, uint8_t* data, size_t size,
                     size_t size_max, unsigned seed);

}  // namespace sotay::fuzz

#define SOTAY_FUZZ_MESSAGE(Type, name)                                                   \
  static void FuzzOne(const Type& name);                                                 \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {              \
    Type message;                                                                        \
    if (message.ParseFromArray(data, static_cast<int>(size))) FuzzOne(message);          \
    return 0;                                                                            \
  }                                                                                      \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max, \
                                            unsigned seed) {                             \
    Type scratch;                                                                        \
    return sotay::fuzz::MutateMessage(&scratch, data, size, size_max, seed);             \
  }                                                                                      \
  static void FuzzOne(const Type& name)
