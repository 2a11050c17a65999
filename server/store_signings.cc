// Which signature of a record stands, in the store: one row a record that was ever signed or given
// back, so that whoever judges an edit need not look for signatures.
#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "server/store.h"
#include "sotay/stored/v1/signing.pb.h"
#include "sync/status_macros.h"

namespace sotay::server {

std::string SigningRowOf(const sync::StandingSignature& signature) {
  stored::v1::SigningRow row;
  row.set_signature_id(signature.signature.str());
  row.set_position(signature.position);
  row.set_user_id(signature.user_id);
  row.set_freezes(signature.freezes);
  return row.SerializeAsString();
}

absl::StatusOr<absl::optional<sync::StandingSignature>> Store::LoadSignature(
    const sync::RecordId& id) {
  SOTAY_ASSIGN_OR_RETURN(const auto value, Get(SigningKey(id)));
  if (!value.has_value()) return absl::optional<sync::StandingSignature>();
  stored::v1::SigningRow row;
  const bool read = row.ParseFromString(*value);
  const auto signature = sync::RecordId::From(row.signature_id());
  if (!read || !signature.has_value()) {
    return absl::DataLossError(
        absl::StrCat("the value of ", DescribeKey(SigningKey(id)), " cannot be read"));
  }
  return absl::optional<sync::StandingSignature>(
      sync::StandingSignature{*signature, row.position(), row.user_id(), row.freezes()});
}

void Store::PutSignatures(const sync::IngestOutcome& outcome, leveldb::WriteBatch* batch) {
  for (const auto& [object, signature] : outcome.signatures) {
    batch->Put(SigningKey(object), SigningRowOf(signature));
  }
}

}  // namespace sotay::server
