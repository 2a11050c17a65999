// The segments of one life of a store, one after the other: read from the first on, each held
// against those before it.  The running server reads back what it wrote with this, a restore reads
// what it takes, `sotayd backup-check` reads everything.
//
// A segment holds when its hash, its signature and its place in the chain do, when the log entries
// in it grow every unit's Merkle tree from where the segment before left it to what its own head
// rows say, when every device's seals and every unit's reads go on without a gap, and when the
// small tables are the ones it names.  What a chain cannot tell is that its newest segments are
// gone: it then ends earlier.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/keys.h"
#include "server/store.h"
#include "server/store_segment.h"
#include "sotay/stored/v1/backup.pb.h"
#include "sync/seal/log_keys.h"

namespace sotay::server {

// Tables a segment has whole, because rows of theirs change and go.  Those of the newest segment
// count.
constexpr Table kSmallTables[] = {
    Table::kMeta,       Table::kUnit,       Table::kUser,         Table::kDevice,
    Table::kContact,    Table::kTicket,     Table::kHead,         Table::kArrivals,
    Table::kSequence,   Table::kQuarantine, Table::kSetAside,     Table::kRevised,
    Table::kEnded,      Table::kReads,      Table::kPost,         Table::kTerm,
    Table::kDossierAct, Table::kSecret,     Table::kSecretReport, Table::kHandover,
    Table::kDeviceKey,  Table::kAuthority,
};
// Whether it is one of them; of the other tables a backup has log, nodes, seals and reads, whose
// rows are written once, and nothing else: the rest is made of these.
bool IsSmall(Table table);

// How far a store had come at that moment.
absl::StatusOr<stored::v1::BackupMark> MarkOf(const Moment& moment);

// One thread at a time.
class BackupChain {
 public:
  // Good until the next call.
  using RowVisit = std::function<absl::Status(const KeyParts& parts, absl::string_view key,
                                              absl::string_view value)>;

  // Of segments in `directory`, each signed with one of `keys`, and none with an earlier one than
  // the segment before it.  `files`: as for SegmentReader; what it points to outlives this.
  BackupChain(std::string directory, seal::LogKeys keys, const durable::StoreOptions& files);
  ~BackupChain();
  BackupChain(BackupChain&&) noexcept;
  BackupChain& operator=(BackupChain&&) noexcept;

  // Reads the segment after the last one taken, and takes it when it holds.  kDataLoss with file
  // and reason when it does not; else as reading fails, or `visit`.  Then it is not taken.
  absl::Status TakeNext(const RowVisit& visit = nullptr);
  // Takes all there are.  kNotFound when there is none; kDataLoss, too, when one is missing between
  // others.  What holds before it stays taken.  `told` after each.
  absl::Status TakeAll(const std::function<void(const SegmentSummary&)>& told = nullptr);

  const std::string& directory() const { return directory_; }
  const seal::LogKeys& keys() const { return keys_; }
  // Which of the keys the newest is signed with.
  size_t signer() const { return signer_; }
  // Of what was taken.
  const std::vector<SegmentSummary>& segments() const { return segments_; }
  const stored::v1::BackupMark& mark() const { return mark_; }
  const std::string& organisation_id() const { return organisation_id_; }
  const std::string& epoch() const { return epoch_; }

 private:
  std::string directory_;
  seal::LogKeys keys_;
  size_t signer_ = 0;
  std::unique_ptr<durable::StoreOptions> files_;
  std::vector<SegmentSummary> segments_;
  stored::v1::BackupMark mark_;
  std::string organisation_id_;
  std::string epoch_;
};

}  // namespace sotay::server
