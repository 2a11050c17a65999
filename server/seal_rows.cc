#include "server/seal_rows.h"

#include <algorithm>
#include <string>

#include "sotay/v1/sync_service.pb.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"

namespace sotay::server {

bool PlacesItsOwn(const stored::v1::SealRow& seal) {
  return std::all_of(seal.placed().begin(), seal.placed().end(), [&](const auto& run) {
    return run.first_sequence() >= seal.first_sequence() && run.count() > 0 &&
           run.first_sequence() <= seal.last_sequence() &&
           run.count() - 1 <= seal.last_sequence() - run.first_sequence();
  });
}

bool HoldsItsChanges(const stored::v1::SealRow& seal, const std::vector<sync::ChangeId>& ids) {
  const auto raw = seal::Unpack(seal.changes(), sync::kPushBytesMax);
  v1::ChangeBatch batch;
  if (!raw.ok() || !batch.ParseFromString(*raw)) return false;
  uint64_t sequence = seal.first_sequence();
  for (const std::string& change : batch.changes()) {
    if (sequence > ids.size() || seal::HashChange(change) != ids[sequence - 1]) return false;
    ++sequence;
  }
  return sequence == seal.last_sequence() + 1;
}

}  // namespace sotay::server
