// The pushes that were read last, unpacked: a feed is read in the order in which changes came, and
// so asks for one change of a push after the other.  Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "server/recently_read.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::server {

class UnpackedPushes {
 public:
  using Changes = std::shared_ptr<const v1::ChangeBatch>;

  // Null when the push is not among them.  `key` is that of its SealRow.
  Changes Find(absl::string_view key);
  // As RecentlyRead.  Each may be 1 MiB.
  void Forget() { read_.Forget(); }
  uint64_t forgotten() const { return read_.forgotten(); }
  void Keep(std::string key, Changes changes, uint64_t forgotten);

 private:
  struct Push {
    std::string key;
    Changes changes;
  };
  RecentlyRead<Push> read_;
};

}  // namespace sotay::server
