#include "sync/seal/epoch_link.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/seal/big_endian.h"
#include "sync/seal/log_head.h"
#include "sync/seal/merkle.h"
#include "sync/seal/seal.h"

namespace sotay::seal {
namespace {

constexpr char kPrefix[] = "sotay/link/v1";
constexpr size_t kEpochBytes = 16;
constexpr size_t kUnitBytesMax = 63;

absl::Status Broken(const v1::LogHead& held, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("the log of ", held.unit_id(), " ", why));
}

}  // namespace

std::string LinkText(absl::string_view organisation_id, const v1::EpochLink& link) {
  const std::string& unit = link.unit_id();
  if (organisation_id.size() != kOrganisationIdBytes || link.ended_epoch().size() != kEpochBytes ||
      link.epoch().size() != kEpochBytes || unit.empty() || unit.size() > kUnitBytesMax ||
      !HashIn(link.root()).has_value()) {
    return std::string();
  }
  // With its NUL.
  std::string text(kPrefix, sizeof(kPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  text.append(link.ended_epoch());
  text.append(link.epoch());
  text.push_back(static_cast<char>(unit.size()));
  text.append(unit);
  AppendBigEndian(link.size(), &text);
  AppendBigEndian(static_cast<uint64_t>(link.restored_ms()), &text);
  text.append(link.root());
  return text;
}

absl::Status GoesOnFrom(const VerifyingKey& log_key, absl::string_view organisation_id,
                        const v1::LogHead& held, absl::string_view epoch,
                        const v1::GetLineageResponse& lineage) {
  if (lineage.links().empty()) return Broken(held, "comes without a link to its earlier life");
  return LeadsTo(log_key, organisation_id, held, epoch, lineage);
}

bool HasLost(const v1::LogHead& held, const v1::GetLineageResponse& lineage) {
  return !lineage.links().empty() && held.size() > lineage.links(0).size();
}

absl::Status LeadsTo(const VerifyingKey& log_key, absl::string_view organisation_id,
                     const v1::LogHead& held, absl::string_view epoch,
                     const v1::GetLineageResponse& lineage) {
  absl::string_view at = held.epoch();
  for (const v1::EpochLink& link : lineage.links()) {
    if (link.unit_id() != held.unit_id() || link.ended_epoch() != at) {
      return Broken(held, "comes with links that do not join");
    }
    if (!log_key.Verify(LinkText(organisation_id, link), link.signature())) {
      return Broken(held, "comes with a link the server did not sign");
    }
    at = link.epoch();
  }
  const v1::LogHead& head = lineage.head().head();
  if (at != epoch || head.epoch() != epoch || head.unit_id() != held.unit_id()) {
    return Broken(held, "comes with links to another life than the server is in");
  }
  if (!Vouched(log_key, organisation_id, head)) {
    return Broken(held, "comes with a head the server did not sign");
  }
  const bool lost = HasLost(held, lineage);
  const uint64_t before = lost ? lineage.links(0).size() : held.size();
  if (before == 0) return absl::OkStatus();
  const auto before_root = HashIn(lost ? lineage.links(0).root() : held.root());
  const auto root = HashIn(head.root());
  std::vector<MerkleHash> proof;
  for (const std::string& bytes : lineage.head().proof()) {
    const auto hash = HashIn(bytes);
    if (!hash.has_value()) return Broken(held, "comes with a malformed proof");
    proof.push_back(*hash);
  }
  if (!before_root.has_value() || !root.has_value() ||
      !GoesOn(before, *before_root, head.size(), *root, proof)) {
    return Broken(held, "does not go on from what its earlier life vouched for");
  }
  return absl::OkStatus();
}

}  // namespace sotay::seal
