// Signatures (sync/signing.h) held against a log, entry by entry, as whoever checks a store or an
// exported dossier goes through it: each was of exactly what its object was at that place, and what
// amended an object while it was signed was taken in by a person.  One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sotay/v1/change.pb.h"
#include "sync/freeze.h"
#include "sync/ids.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::seal {

// A record as it was before a position of its unit's log, and where its newest change stood.
struct PastRecord {
  sync::MergedRecord record;
  uint64_t newest = 0;
};

// A signature as the log has it.
struct LoggedSignature {
  sync::RecordId object;
  sync::Signature signature;
  sync::StandingSignature standing;
  uint64_t revision = 0;
};

class SignaturesReplay {
 public:
  using PastOf = std::function<absl::StatusOr<PastRecord>(const sync::RecordId&)>;
  using Fault = std::function<void(absl::string_view what)>;

  explicit SignaturesReplay(const sync::Schema* schema) : schema_(*schema) {}

  // The next entry of a unit's log.  `past` gives records as they were before it.
  void Take(const v1::Change& change, const v1::Admission& admission, const PastOf& past,
            const Fault& fault);

  // The newest of each object so far.
  const std::map<sync::RecordId, sync::StandingSignature>& standing() const { return standing_; }
  // All, in the order of the log.
  const std::vector<LoggedSignature>& signatures() const { return signatures_; }

 private:
  void TakeSignature(const v1::Change& change, const v1::RecordEdit& edit,
                     const sync::RecordType& type, const v1::Admission& admission,
                     const PastOf& past, const Fault& fault);
  bool IsFrozen(const sync::RecordId& record) const;
  // And in the change's own dossier, as who is elsewhere freezes nothing.
  bool IsFrozenIn(const v1::Change& change, const sync::RecordId& record) const;

  const sync::Schema& schema_;
  std::map<sync::RecordId, sync::StandingSignature> standing_;
  // Unit and dossier of what is signed.
  std::map<sync::RecordId, std::pair<std::string, std::string>> places_;
  std::vector<LoggedSignature> signatures_;
};

}  // namespace sotay::seal
