#include "sync/seal/random.h"

#include <openssl/rand.h>

#include <algorithm>

#include "sync/seal/openssl.h"

namespace sotay::seal {

void RandomBytes(void* out, size_t size) {
  // RAND_bytes counts in int.
  constexpr size_t kStepMax = size_t{1} << 20;
  unsigned char* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const size_t step = std::min(size, kStepMax);
    if (RAND_bytes(at, static_cast<int>(step)) != 1) {
      Fatal("the random generator failed; stopping before anything is built on guessable bytes");
    }
    at += step;
    size -= step;
  }
}

}  // namespace sotay::seal
