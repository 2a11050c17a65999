#include "server/rules_noted.h"

#include <string>

#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

stored::v1::RulesNoted NotedIn(const stored::v1::StoreMeta& meta) {
  stored::v1::RulesNoted noted;
  noted.ParseFromString(meta.SerializeAsString());
  noted.DiscardUnknownFields();
  return noted;
}

std::string HashOf(const AccessRules& rules) {
  const auto hash = seal::Sha256(rules.matrix->text());
  return {hash.begin(), hash.end()};
}

}  // namespace

absl::Status NoteRules(Store* store, const AccessRules& rules, int64_t now_ms, Tables* tables) {
  const stored::v1::RulesNoted known = NotedIn(*tables->meta);
  if (!known.tables().empty() && IsThatOf(*known.tables().rbegin(), rules)) return absl::OkStatus();
  stored::v1::RulesNoted more;
  stored::v1::RulesInForce* const row = more.add_tables();
  row->set_version(rules.matrix->version());
  row->set_sha256(HashOf(rules));
  row->set_from_ms(now_ms);
  Tables changed;
  changed.meta = tables->meta;
  // Merging adds to the rows that are there.
  changed.meta->MergeFromString(more.SerializeAsString());
  Sheet sheet;
  store->Fill(&sheet, changed);
  SOTAY_RETURN_IF_ERROR(store->Write(&sheet));
  tables->meta = changed.meta;
  return absl::OkStatus();
}

absl::optional<stored::v1::RulesInForce> RulesAt(const stored::v1::StoreMeta& meta, int64_t at_ms) {
  absl::optional<stored::v1::RulesInForce> standing;
  const stored::v1::RulesNoted noted = NotedIn(meta);
  for (const stored::v1::RulesInForce& table : noted.tables()) {
    // A clock that was set back makes none of them later than the next.
    if (table.from_ms() <= at_ms) standing = table;
  }
  return standing;
}

bool IsThatOf(const stored::v1::RulesInForce& noted, const AccessRules& rules) {
  return noted.sha256() == HashOf(rules);
}

}  // namespace sotay::server
