// A phone of paper with a real key: composes changes with sync::Compose, seals them, and adopts
// what the server answers.  It keeps everything it wrote, so a test can push any part of it again.
// A broken precondition ends the program.  One thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sotay/v1/sync_service.pb.h"
#include "sync/compose.h"
#include "sync/ids.h"
#include "sync/seal/key.h"
#include "tests/support/builders.h"

namespace sotay::tests {

class SealedPhone {
 public:
  explicit SealedPhone(std::string user_id, std::string unit_id = "kv1",
                       std::set<sync::Role> roles = kProsecutor);

  // Makes a change of the wishes and returns its sequence.
  uint64_t Write(absl::string_view dossier, const std::vector<sync::RecordWish>& wishes);
  // Chains a change no build of ours would make; what is not set is filled in.
  uint64_t Forge(v1::Change change);
  uint64_t ForgeBytes(std::string bytes);

  // The request that pushes `first` to `last` (0: everything since accepted_through).
  v1::SyncRequest Request(uint64_t first = 0, uint64_t last = 0) const;
  // Without a push.
  v1::SyncRequest Pull() const;
  // Adopts an answer.
  void Take(const v1::SyncResponse& response);

  // As a phone set back from a backup: forgets its newest changes.
  void ForgetSince(uint64_t sequence);

  // Says of a change that it was a late amendment, as it does of those it was told are; or of none,
  // as a build of before.
  void SayLate(uint64_t sequence) { late_.insert(sequence); }
  bool says_late = true;
  // Records it has from the server.
  std::set<sync::RecordId> Held() const;
  // As it is shown; null when the phone has no such record.
  const sync::MergedRecord* Shown(absl::string_view record) const;

  // It seals with another key from now on, and stays the same device.
  void TakeKey(seal::SigningKey key) { key_ = std::move(key); }

  const sync::DeviceId& device() const { return device_; }
  const seal::SigningKey& key() const { return key_; }
  const std::string& user_id() const { return user_id_; }
  const std::set<sync::Role>& roles() const { return roles_; }
  const std::string& change(uint64_t sequence) const { return changes_.at(sequence - 1); }
  sync::ChangeId id(uint64_t sequence) const;
  uint64_t last_sequence() const { return changes_.size(); }
  // Every outcome it was ever told, newest last, by sequence.
  const std::map<uint64_t, v1::ChangeOutcome>& outcomes() const { return outcomes_; }

  std::string organisation_id;
  uint64_t accepted_through = 0;
  std::vector<v1::Cursor> cursors;
  std::vector<std::string> removed_units;
  // Of the newest answer: dossiers that were taken away, and the records it brought.
  std::vector<std::string> removed_dossiers;
  std::vector<sync::RecordId> received;
  // Sequence → dossier: changes of which a push has the id alone.
  std::map<uint64_t, std::string> withholds;
  // Dossiers it was told are secret, in every answer; and what its requests say of that.
  std::vector<v1::SecretDossier> secret_dossiers;
  std::vector<std::string> reports;
  uint64_t directory_revision = 0;
  uint64_t revision_seen = 0;
  int64_t clock_ms = 1'794'000'000'000;  // a second passes with each change

 private:
  uint64_t Keep(std::string bytes);

  seal::SigningKey key_;
  const sync::DeviceId device_;
  const std::string user_id_;
  const std::string unit_id_;
  const std::set<sync::Role> roles_;
  std::vector<std::string> changes_;
  std::map<sync::RecordId, sync::MergedRecord> shown_;
  std::map<uint64_t, v1::ChangeOutcome> outcomes_;
  std::set<uint64_t> late_;     // were late amendments once
  mutable std::string pushed_;  // of the newest request: its answer is packed after it
};

// The records an answer carries; `pushed` are the unpacked bytes of the push it answers.
v1::RecordBatch RecordsOf(const v1::SyncResponse& response, absl::string_view pushed = {});

}  // namespace sotay::tests
