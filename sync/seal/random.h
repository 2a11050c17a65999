// Chance for keys, codes, ids and salts: OpenSSL's generator, seeded by the kernel.  Any thread.
#pragma once

#include <cstddef>

namespace sotay::seal {

// Fills `size` bytes at `out`.  Never returns without: when the generator fails the process
// ends with a sentence on stderr, because a guessable key or a repeated id cannot be undone.
void RandomBytes(void* out, size_t size);

}  // namespace sotay::seal
