#include "server/notary.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/event_log.h"
#include "server/log_tree.h"
#include "sync/seal/log_head.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr int64_t kSignEveryMs = 1'000;

absl::Status ClockBehind(const std::string& unit, int64_t by_ms) {
  SayBounded(Severity::kWarning, "clock_behind", {{"unit", unit}, {"ms", by_ms}});
  return absl::FailedPreconditionError("the clock stands before the head signed last");
}

std::string BytesOf(const seal::MerkleHash& hash) { return std::string(hash.begin(), hash.end()); }

}  // namespace

Notary::Notary(const Directory* directory, Store* store, seal::SigningKey key)
    : Notary(directory, store, key, seal::LogKeys(key.verifying_key())) {}

Notary::Notary(const Directory* directory, Store* store, seal::SigningKey key, seal::LogKeys keys)
    : directory_(*directory), store_(*store), key_(std::move(key)), keys_(std::move(keys)) {
  absl::MutexLock lock(&mutex_);
  for (const v1::Unit& unit : directory_.Units()) {
    const auto head = directory_.Head(unit.unit_id());
    if (!head.has_value()) continue;
    const auto edge = seal::MerkleEdge::From(head->position(), head->tree());
    Vouching& vouching = units_[unit.unit_id()];
    vouching.spoilt = !edge.has_value();
    if (edge.has_value()) vouching.read = *edge;
  }
}

absl::Status Notary::ReadBack(const std::string& unit, const stored::v1::UnitHead& head,
                              Vouching* vouching) {
  seal::MerkleEdge edge = vouching->read;
  absl::Status status =
      store_.VisitLeaves(unit, edge.size(), head.position(),
                         [&edge](const seal::MerkleHash& leaf) { edge.Append(leaf); });
  if (status.ok() && edge.Bytes() != head.tree()) {
    status = absl::DataLossError("what was read back is not what was hashed");
  }
  if (status.ok()) {
    vouching->read = std::move(edge);
    return status;
  }
  vouching->spoilt = absl::IsDataLoss(status);
  Say(Severity::kError, "log_differs",
      {{"unit", unit}, {"message", std::string(status.message())}});
  return status;
}

absl::StatusOr<v1::LogHead> Notary::HeadOf(const std::string& unit, uint64_t size_min,
                                           int64_t now_ms) {
  const auto head = directory_.Head(unit);
  if (!head.has_value()) return absl::NotFoundError(absl::StrCat("unit ", unit, " is not there"));
  Vouching& vouching = units_[unit];
  if (vouching.spoilt) return absl::DataLossError(absl::StrCat("the log of ", unit, " is damaged"));
  v1::LogHead& last = vouching.head;
  const bool any = !last.signature().empty();
  if (any &&
      (last.size() == head->position() || (last.size() >= size_min && now_ms >= last.signed_ms() &&
                                           now_ms < last.signed_ms() + kSignEveryMs))) {
    return last;
  }
  if (any && now_ms < last.signed_ms()) return ClockBehind(unit, last.signed_ms() - now_ms);
  SOTAY_RETURN_IF_ERROR(ReadBack(unit, *head, &vouching));
  v1::LogHead made;
  made.set_unit_id(unit);
  made.set_epoch(directory_.meta().epoch());
  made.set_size(vouching.read.size());
  made.set_root(BytesOf(vouching.read.Root()));
  made.set_signed_ms(now_ms);
  SOTAY_ASSIGN_OR_RETURN(*made.mutable_signature(),
                         key_.Sign(seal::HeadText(directory_.meta().organisation_id(), made)));
  last = made;
  return made;
}

absl::StatusOr<v1::LogHead> Notary::Head(const std::string& unit, uint64_t size_min,
                                         int64_t now_ms) {
  absl::MutexLock lock(&mutex_);
  return HeadOf(unit, size_min, now_ms);
}

bool Notary::IsKnownTo(const stored::v1::DeviceRow& device) const {
  if (keys_.handovers().empty()) return true;
  if (device.enrolled_ms() > keys_.handovers().back().handed_ms()) return true;
  absl::MutexLock lock(&mutex_);
  return told_.count(device.device_id()) != 0;
}

void Notary::Told(const sync::DeviceId& device) {
  absl::MutexLock lock(&mutex_);
  told_.insert(device.str());
}

bool Notary::Stands(const v1::LogHead& head) const {
  const auto now = directory_.Head(head.unit_id());
  const stored::v1::StoreMeta meta = directory_.meta();
  return now.has_value() && head.size() <= now->position() && head.epoch() == meta.epoch() &&
         seal::Vouched(log_key(), meta.organisation_id(), head);
}

absl::StatusOr<v1::ProvenHead> Notary::Prove(const std::string& unit, const v1::LogHead* held,
                                             int64_t now_ms) {
  // A head of an earlier life of the store says nothing about this one.
  if (held != nullptr && held->epoch() != directory_.meta().epoch()) held = nullptr;
  if (held != nullptr && held->signed_ms() > now_ms &&
      seal::SignedByOneOf(keys_, directory_.meta().organisation_id(), *held)) {
    return ClockBehind(unit, held->signed_ms() - now_ms);
  }
  v1::ProvenHead proven;
  SOTAY_ASSIGN_OR_RETURN(*proven.mutable_head(),
                         Head(unit, held != nullptr ? held->size() : 0, now_ms));
  if (held == nullptr || held->size() == 0 || held->size() == proven.head().size()) return proven;
  if (held->size() > proven.head().size()) {
    if (seal::SignedByOneOf(keys_, directory_.meta().organisation_id(), *held)) {
      SayBounded(Severity::kError, "log_shorter_than_signed",
                 {{"unit", unit}, {"signed", held->size()}, {"entries", proven.head().size()}});
    }
    return proven;
  }
  SOTAY_ASSIGN_OR_RETURN(const auto proof,
                         ProveConsistency(&store_, unit, held->size(), proven.head().size()));
  for (const seal::MerkleHash& hash : proof) proven.add_proof(BytesOf(hash));
  return proven;
}

}  // namespace sotay::server
