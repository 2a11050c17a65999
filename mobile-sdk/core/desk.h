// What notebook and courier share: the desk the notebook lies on.  Owned by Notebook::Impl, which
// outlives the courier.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/files.h"
#include "mobile-sdk/core/held_records.h"
#include "mobile-sdk/core/recently_shown.h"
#include "mobile-sdk/core/renewal.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/tidings.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::sdk {

class Rekeying;
class Trust;

struct Desk {
  // Under `mutex`: another once the device took another key, or trusts another authority.
  std::shared_ptr<const Vault> vault;
  // Set once at opening.
  std::shared_ptr<const sync::Schema> schema;
  std::unique_ptr<Store> store;
  std::unique_ptr<Files> files;
  stored::v1::NotebookMeta meta;
  sync::DeviceId device;
  std::function<int64_t()> now_ms;
  std::function<SinceBoot()> since_boot = [] { return SinceBoot(); };
  std::function<void(void*, size_t)> random_bytes;
  std::shared_ptr<Tidings> tidings;
  // None where the key's keeper is not the directory's.
  std::shared_ptr<Renewal> renewal;
  std::shared_ptr<Rekeying> rekeying;
  std::shared_ptr<Trust> trust;
  std::shared_ptr<HeldRecords> held = std::make_shared<HeldRecords>();
  RecentlyShown recently;
  // Why the last purge failed, and when; OK: it did not (sealing.h).  Under `mutex`, exclusively to
  // change.
  absl::Status purge_failure;
  int64_t purge_failed_ms = 0;

  // Held from load to commit by whoever changes the store; shared by whoever needs several
  // answers of it to agree.  Never while telling, and never during a call over the net.
  absl::Mutex mutex;
};

// What the user is in a unit; empty for a unit that is not theirs.
std::set<sync::Role> RolesIn(const v1::Directory& directory, const std::string& unit_id);
// The authority with which their steps of a state will be admitted there.
uint32_t AuthorityIn(const v1::Directory& directory, const std::string& unit_id);

}  // namespace sotay::sdk
