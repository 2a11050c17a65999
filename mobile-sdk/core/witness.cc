#include "mobile-sdk/core/witness.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/epoch_link.h"
#include "sync/seal/key.h"
#include "sync/seal/log_head.h"
#include "sync/seal/merkle.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

absl::Status NotOurs(const v1::LogHead& head, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the answer's head of the log of ", head.unit_id(), " ", why));
}

// Whether the log goes on from `held`, both being signed.
bool GoesOn(const v1::LogHead& held, const v1::ProvenHead& offered) {
  if (held.size() == 0) return true;
  const auto before = seal::HashIn(held.root());
  const auto root = seal::HashIn(offered.head().root());
  std::vector<seal::MerkleHash> proof;
  for (const std::string& bytes : offered.proof()) {
    const auto hash = seal::HashIn(bytes);
    if (!hash.has_value()) return false;
    proof.push_back(*hash);
  }
  return before.has_value() && root.has_value() &&
         seal::GoesOn(held.size(), *before, offered.head().size(), *root, proof);
}

}  // namespace

absl::StatusOr<Witnessed> Witness(const stored::v1::NotebookMeta& meta, Heads held,
                                  const v1::SyncResponse& response, const Lineages& lineages) {
  Witnessed witnessed;
  if (response.heads().empty()) return witnessed;
  SOTAY_ASSIGN_OR_RETURN(const auto key, seal::VerifyingKey::From(meta.log_key()));
  std::map<std::string, std::string> epochs;
  for (const v1::Cursor& cursor : response.cursors()) epochs[cursor.unit_id()] = cursor.epoch();
  for (const v1::ProvenHead& offered : response.heads()) {
    const v1::LogHead& head = offered.head();
    const auto epoch = epochs.find(head.unit_id());
    if (epoch == epochs.end() || epoch->second != head.epoch()) {
      return NotOurs(head, "is of no unit and epoch it has a cursor of");
    }
    if (!seal::Vouched(key, meta.organisation_id(), head)) {
      return NotOurs(head, "is not signed with the key this device was told at enrolment");
    }
    v1::LogHead& known = held[head.unit_id()];
    const bool restored =
        !known.signature().empty() && known.size() > 0 && known.epoch() != head.epoch();
    const auto lineage = lineages.find(head.unit_id());
    if (restored) {
      if (lineage == lineages.end()) continue;  // it could not be asked now
      if (lineage->second.has_value() &&
          seal::GoesOnFrom(key, meta.organisation_id(), known, head.epoch(), *lineage->second)
              .ok()) {
        stored::v1::Restoration& restoration = witnessed.restorations[head.unit_id()];
        *restoration.mutable_held() = known;
        *restoration.mutable_links() = lineage->second->links();
        *restoration.mutable_head() = lineage->second->head();
        restoration.set_found_ms(response.server_now_ms());
        known = lineage->second->head().head();
        witnessed.heads[head.unit_id()] = known;
        continue;
      }
    } else if (known.signature().empty() || GoesOn(known, offered)) {
      known = head;
      witnessed.heads[head.unit_id()] = head;
      continue;
    }
    stored::v1::LogDispute& dispute = witnessed.disputes[head.unit_id()];
    *dispute.mutable_held() = known;
    *dispute.mutable_offered() = offered;
    dispute.set_found_ms(response.server_now_ms());
  }
  return witnessed;
}

}  // namespace sotay::sdk
