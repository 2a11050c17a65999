#include "mobile-sdk/core/store_seal.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/iterator.h"
#include "leveldb/write_batch.h"
#include "mobile-sdk/core/keys.h"
#include "sotay/stored/v1/store_seal.pb.h"
#include "sync/durable/open.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr uint32_t kFormat = 1;
constexpr size_t kBatchBytes = size_t{256} << 10;
// What is in memory, and a file that is merged into others, before the old ones go.
constexpr uint64_t kRoomBytes = uint64_t{16} << 20;

absl::string_view ToView(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

// Nothing but its seal.
absl::StatusOr<bool> HoldsNothing(durable::Store* store) {
  const std::unique_ptr<leveldb::Iterator> at = store->NewIterator();
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (ToView(at->key()) != keys::Seal()) return false;
  }
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(at->status()));
  return true;
}

absl::Status Write(durable::Store* store, const stored::v1::StoreSeal& row,
                   leveldb::WriteBatch* batch) {
  batch->Put(keys::Seal(), row.SerializeAsString());
  SOTAY_RETURN_IF_ERROR(store->Write(batch));
  batch->Clear();
  return absl::OkStatus();
}

absl::Status NotYet(const absl::Status& why) {
  return absl::Status(why.code(),
                      absl::StrCat("not all of the notebook is sealed: ", why.message()));
}

bool IsLeftOut(const stored::v1::StoreSeal& row, absl::string_view key) {
  return key == row.sealed_through() || key == keys::Seal() ||
         (key == keys::Meta() && row.meta_sealed());
}

// Before anything is written: whether all that is in clear can be read, and there is room for it.
absl::Status CanGoOver(durable::Store* store, const stored::v1::StoreSeal& row,
                       const std::function<uint64_t()>& free_bytes) {
  uint64_t wanted = kRoomBytes;
  const std::unique_ptr<leveldb::Iterator> at = store->NewIterator();
  for (at->Seek(row.sealed_through()); at->Valid(); at->Next()) {
    // Once in a log and once in a table.
    wanted += 2 * (at->key().size() + at->value().size() + seal::kSealedMoreBytes);
  }
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(at->status()));
  const uint64_t room = free_bytes();
  if (room >= wanted) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("to seal it takes ", wanted,
                                                   " free bytes, there are ", room,
                                                   "; free some space and open it again"));
}

// From where it was cut short; `row` is how far it came, whatever comes back.  In the end the store
// is to be purged of what it had in clear.
absl::Status GoOver(durable::Store* store, const seal::ValueSeal& seal,
                    stored::v1::StoreSeal* row) {
  leveldb::WriteBatch batch;
  stored::v1::StoreSeal next = *row;
  // Of the store as it was: what is sealed meanwhile is not met again.
  const std::unique_ptr<leveldb::Iterator> at = store->NewIterator();
  for (at->Seek(row->sealed_through()); at->Valid(); at->Next()) {
    const std::string key(ToView(at->key()));
    if (IsLeftOut(*row, key)) continue;
    // The iterator steps over a block it cannot read, and then shows what stood under the key
    // before, or leaves keys out.
    SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(at->status()));
    const absl::StatusOr<std::string> value = store->Get(key);
    if (absl::IsNotFound(value.status())) {
      return absl::DataLossError(
          absl::StrCat("the notebook's ", keys::DescribeKey(key), " is there and is not"));
    }
    SOTAY_RETURN_IF_ERROR(value.status());
    SOTAY_ASSIGN_OR_RETURN(const std::string sealed, seal.Seal(key, *value));
    batch.Put(key, sealed);
    if (batch.ApproximateSize() < kBatchBytes) continue;
    next.set_sealed_through(key);
    SOTAY_RETURN_IF_ERROR(Write(store, next, &batch));
    *row = next;
  }
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(at->status()));
  next.clear_going_over();
  next.clear_meta_sealed();
  next.clear_sealed_through();
  SOTAY_ASSIGN_OR_RETURN(const std::string due, seal.Seal(keys::PurgeDue(), ""));
  batch.Put(keys::PurgeDue(), due);
  SOTAY_RETURN_IF_ERROR(Write(store, next, &batch));
  *row = next;
  return absl::OkStatus();
}

// A row that nothing was sealed with yet; of a store that goes over, `m` is sealed with it, so that
// a build from before stops there and writes nothing in clear among what is sealed.
absl::Status Begin(durable::Store* store, Keystore* keystore, stored::v1::StoreSeal* row) {
  leveldb::WriteBatch batch;
  const std::string key = seal::NewVaultKey();
  row->set_format(kFormat);
  SOTAY_ASSIGN_OR_RETURN(*row->mutable_wrapped_key(), keystore->Wrap(key));
  if (row->going_over()) {
    SOTAY_ASSIGN_OR_RETURN(const seal::ValueSeal seal, seal::ValueSeal::With(key));
    const absl::StatusOr<std::string> meta = store->Get(keys::Meta());
    if (!meta.ok() && !absl::IsNotFound(meta.status())) return meta.status();
    if (meta.ok()) {
      SOTAY_ASSIGN_OR_RETURN(const std::string sealed, seal.Seal(keys::Meta(), *meta));
      batch.Put(keys::Meta(), sealed);
    }
    row->set_meta_sealed(true);
  }
  return Write(store, *row, &batch);
}

absl::StatusOr<stored::v1::StoreSeal> Found(const std::string& bytes) {
  stored::v1::StoreSeal row;
  if (!row.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat("the notebook's ", keys::DescribeKey(keys::Seal()), " cannot be read"));
  }
  if (row.format() == kFormat) return row;
  return absl::UnimplementedError(absl::StrCat("the notebook is sealed in format ", row.format(),
                                               ", this build knows ", kFormat,
                                               "; open it with the newer build"));
}

// The keystore is a seam: whatever it says, it does not say that there is no notebook.
absl::Status OfKeystore(const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  return absl::PermissionDeniedError(
      absl::StrCat("the key of the notebook is not to be had: ", status.message()));
}

// Of an enrolment that was cut short before anything was sealed, and goes on with another keystore:
// its key opens nothing, and another is made.
absl::StatusOr<std::string> KeyOf(durable::Store* store, Keystore* keystore,
                                  stored::v1::StoreSeal* row) {
  absl::StatusOr<std::string> key = keystore->Unwrap(row->wrapped_key());
  if (!absl::IsPermissionDenied(key.status()) || row->going_over()) return key;
  SOTAY_ASSIGN_OR_RETURN(const bool nothing, HoldsNothing(store));
  if (!nothing || !store->tail_cuts().empty()) return key;
  SOTAY_RETURN_IF_ERROR(Begin(store, keystore, row));
  return keystore->Unwrap(row->wrapped_key());
}

}  // namespace

bool Sealing::IsSealed(absl::string_view key) const {
  if (!seal.has_value()) return false;
  if (!going_over || (meta_sealed && key == keys::Meta())) return true;
  return key <= sealed_through;
}

absl::StatusOr<Sealing> SealOf(durable::Store* store, Keystore* keystore,
                               const std::function<uint64_t()>& free_bytes,
                               const absl::Status& failed) {
  const absl::StatusOr<std::string> bytes = store->Get(keys::Seal());
  if (!bytes.ok() && !absl::IsNotFound(bytes.status())) return bytes.status();
  stored::v1::StoreSeal row;
  if (bytes.ok()) {
    SOTAY_ASSIGN_OR_RETURN(row, Found(*bytes));
  } else {
    SOTAY_ASSIGN_OR_RETURN(const bool nothing, HoldsNothing(store));
    row.set_going_over(!nothing);
  }
  Sealing sealing;
  if (row.going_over()) {
    sealing.waits = failed.ok() ? CanGoOver(store, row, free_bytes) : failed;
  }
  if (!bytes.ok()) {
    if (!sealing.waits.ok()) {
      sealing.waits = NotYet(sealing.waits);
      return sealing;
    }
    const absl::Status begun = OfKeystore(Begin(store, keystore, &row));
    if (!begun.ok()) {
      // Nothing is begun in clear, nor past a key that is not here; what is there stays readable.
      if (!row.going_over() || absl::IsPermissionDenied(begun) || store->read_only()) return begun;
      sealing.waits = NotYet(begun);
      return sealing;
    }
  }
  const absl::StatusOr<std::string> key = KeyOf(store, keystore, &row);
  if (!key.ok()) return OfKeystore(key.status());
  SOTAY_ASSIGN_OR_RETURN(sealing.seal, seal::ValueSeal::With(*key));
  if (row.going_over() && sealing.waits.ok()) sealing.waits = GoOver(store, *sealing.seal, &row);
  if (!sealing.waits.ok()) {
    if (store->read_only()) return sealing.waits;
    sealing.waits = NotYet(sealing.waits);
  }
  sealing.going_over = row.going_over();
  sealing.meta_sealed = row.meta_sealed();
  sealing.sealed_through = row.sealed_through();
  sealing.key_place = keystore->PlaceOf(row.wrapped_key());
  return sealing;
}

}  // namespace sotay::sdk
