// SHA-256 of what comes in pieces and is never in memory as a whole: a segment of a backup.  What
// is in memory, digest.h hashes in one step.  One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace sotay::seal {

class Hasher {
 public:
  // Ends the process if OpenSSL has no SHA-256.
  Hasher();
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Add(absl::string_view bytes);
  // Of everything added; nothing may be added afterwards.
  std::array<uint8_t, 32> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sotay::seal
