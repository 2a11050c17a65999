#include "server/purge_content.h"

#include "sync/seal/vault.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Of one row: some of either.
constexpr size_t kContentBytes = size_t{256} << 10;
constexpr size_t kContentKeys = 2'000;

}  // namespace

absl::StatusOr<uint64_t> FillContent(Store* store, const sync::RecordId& dossier,
                                     const std::vector<std::string>& keys,
                                     const std::vector<std::string>& contents, Sheet* sheet) {
  const std::string key = seal::NewVaultKey();
  if (!contents.empty()) store->Fill(sheet, SecretKeyKey(dossier), key);
  uint64_t number = 0;
  auto content = contents.begin();
  auto at = keys.begin();
  while (at != keys.end() || content != contents.end()) {
    const std::string place = SecretContentKey(dossier, ++number);
    stored::v1::SecretContent part;
    for (size_t left = kContentKeys; left > 0 && at != keys.end(); --left) part.add_keys(*at++);
    stored::v1::SecretChanges changes;
    for (size_t bytes = 0; content != contents.end() && bytes < kContentBytes; ++content) {
      bytes += content->size();
      changes.add_changes(*content);
    }
    if (changes.changes_size() != 0) {
      SOTAY_ASSIGN_OR_RETURN(*part.mutable_sealed(),
                             seal::SealInVault(key, place, changes.SerializeAsString()));
    }
    store->Fill(sheet, place, part.SerializeAsString());
  }
  return number;
}

}  // namespace sotay::server
