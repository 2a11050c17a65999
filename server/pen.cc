#include "server/pen.h"

#include <utility>

#include "server/refusal.h"

namespace sotay::server {

absl::Status Pen::Done(absl::Status committed, const Tables& tables) {
  if (!committed.ok()) {
    failure_ = std::move(committed);
    return StorageFailed();
  }
  return directory_.Take(tables);
}

absl::Status Pen::Commit(const Round& round) { return Done(store_.Commit(round), round.tables); }

absl::Status Pen::Commit(const Tables& tables) { return Done(store_.Commit(tables), tables); }

}  // namespace sotay::server
