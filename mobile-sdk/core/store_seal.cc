#include "mobile-sdk/core/store_seal.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/iterator.h"
#include "leveldb/write_batch.h"
#include "mobile-sdk/core/keys.h"
#include "sotay/stored/v1/store_seal.pb.h"
#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr uint32_t kFormat = 1;
constexpr size_t kBatchBytes = size_t{256} << 10;

absl::string_view ToView(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

bool IsEmpty(durable::Store* store) {
  const std::unique_ptr<leveldb::Iterator> at = store->NewIterator();
  at->SeekToFirst();
  return !at->Valid() && at->status().ok();
}

absl::Status Write(durable::Store* store, const stored::v1::StoreSeal& row,
                   leveldb::WriteBatch* batch) {
  batch->Put(keys::Seal(), row.SerializeAsString());
  SOTAY_RETURN_IF_ERROR(store->Write(batch));
  batch->Clear();
  return absl::OkStatus();
}

// From where it was cut short.  In the end the store is to be purged of what it had in clear.
absl::Status GoOver(durable::Store* store, const seal::ValueSeal& seal, stored::v1::StoreSeal row) {
  leveldb::WriteBatch batch;
  // Of the store as it was: what is sealed meanwhile is not met again.
  const std::unique_ptr<leveldb::Iterator> at = store->NewIterator();
  for (at->Seek(row.sealed_through()); at->Valid(); at->Next()) {
    const absl::string_view key = ToView(at->key());
    if (key == row.sealed_through() || key == keys::Seal()) continue;
    SOTAY_ASSIGN_OR_RETURN(const std::string sealed, seal.Seal(key, ToView(at->value())));
    batch.Put(at->key(), sealed);
    if (batch.ApproximateSize() < kBatchBytes) continue;
    row.set_sealed_through(std::string(key));
    SOTAY_RETURN_IF_ERROR(Write(store, row, &batch));
  }
  // What is damaged was stepped over: nobody could read it before, and nobody can now.
  const absl::Status read = durable::FromLevelDb(at->status());
  if (!read.ok() && !absl::IsDataLoss(read)) return read;
  row.clear_going_over();
  row.clear_sealed_through();
  SOTAY_ASSIGN_OR_RETURN(const std::string due, seal.Seal(keys::PurgeDue(), ""));
  batch.Put(keys::PurgeDue(), due);
  return Write(store, row, &batch);
}

// A row that nothing was sealed with yet.
absl::StatusOr<stored::v1::StoreSeal> Begin(durable::Store* store, Keystore* keystore) {
  stored::v1::StoreSeal row;
  row.set_format(kFormat);
  SOTAY_ASSIGN_OR_RETURN(*row.mutable_wrapped_key(), keystore->Wrap(seal::NewVaultKey()));
  row.set_going_over(!IsEmpty(store));
  leveldb::WriteBatch batch;
  SOTAY_RETURN_IF_ERROR(Write(store, row, &batch));
  return row;
}

absl::StatusOr<stored::v1::StoreSeal> Found(const std::string& bytes) {
  stored::v1::StoreSeal row;
  if (!row.ParseFromString(bytes)) {
    return absl::DataLossError(
        absl::StrCat("the notebook's ", keys::DescribeKey(keys::Seal()), " cannot be read"));
  }
  if (row.format() == kFormat) return row;
  return absl::FailedPreconditionError(absl::StrCat("the notebook is sealed in format ",
                                                    row.format(), ", this build knows ", kFormat));
}

}  // namespace

absl::StatusOr<seal::ValueSeal> SealOf(durable::Store* store, Keystore* keystore) {
  const absl::StatusOr<std::string> bytes = store->Get(keys::Seal());
  if (!bytes.ok() && !absl::IsNotFound(bytes.status())) return bytes.status();
  SOTAY_ASSIGN_OR_RETURN(stored::v1::StoreSeal row,
                         bytes.ok() ? Found(*bytes) : Begin(store, keystore));
  SOTAY_ASSIGN_OR_RETURN(const std::string key, keystore->Unwrap(row.wrapped_key()));
  SOTAY_ASSIGN_OR_RETURN(seal::ValueSeal seal, seal::ValueSeal::With(key));
  if (row.going_over()) SOTAY_RETURN_IF_ERROR(GoOver(store, seal, std::move(row)));
  return seal;
}

}  // namespace sotay::sdk
