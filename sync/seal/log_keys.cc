#include "sync/seal/log_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/big_endian.h"
#include "sync/seal/digest.h"
#include "sync/seal/log_head.h"
#include "sync/seal/seal.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

constexpr char kPrefix[] = "sotay/log-key/v1";
constexpr size_t kEpochBytes = 16;
constexpr size_t kUnitBytesMax = 63;

void AppendHash(absl::string_view bytes, std::string* text) {
  const std::array<uint8_t, 32> hash = Sha256(bytes);
  text->append(hash.begin(), hash.end());
}

absl::Status Broken(const v1::LogKeyHandover& handover, absl::string_view why) {
  return absl::FailedPreconditionError(
      absl::StrCat("handover ", handover.number(), " of the log key ", why));
}

}  // namespace

std::string HandoverText(absl::string_view organisation_id, const v1::LogKeyHandover& handover) {
  if (organisation_id.size() != kOrganisationIdBytes || handover.epoch().size() != kEpochBytes ||
      handover.number() == 0) {
    return std::string();
  }
  // With its NUL.
  std::string text(kPrefix, sizeof(kPrefix));
  text.append(organisation_id.data(), organisation_id.size());
  AppendBigEndian(handover.number(), &text);
  text.append(handover.epoch());
  AppendHash(handover.previous_key(), &text);
  AppendHash(handover.key(), &text);
  AppendBigEndian(static_cast<uint64_t>(handover.handed_ms()), &text);
  AppendHash(handover.reason(), &text);
  absl::string_view before;
  for (const v1::HandedLog& log : handover.logs()) {
    const std::string& unit = log.unit_id();
    if (unit.size() > kUnitBytesMax || unit <= before || !HashIn(log.root()).has_value()) {
      return std::string();
    }
    before = unit;
    text.push_back(static_cast<char>(unit.size()));
    text.append(unit);
    AppendBigEndian(log.size(), &text);
    text.append(log.root());
  }
  return text;
}

v1::LogHead AsHead(const v1::LogKeyHandover& handover, const v1::HandedLog& log) {
  v1::LogHead head;
  head.set_unit_id(log.unit_id());
  head.set_epoch(handover.epoch());
  head.set_size(log.size());
  head.set_root(log.root());
  return head;
}

bool SameLog(const v1::LogHead& a, const v1::LogHead& b) {
  return a.unit_id() == b.unit_id() && a.epoch() == b.epoch() && a.size() == b.size() &&
         a.root() == b.root();
}

bool IsHandedOver(const v1::LogKeyHandover& handover, const v1::LogHead& head) {
  if (head.epoch() != handover.epoch() || head.size() == 0) return true;
  for (const v1::HandedLog& log : handover.logs()) {
    if (log.unit_id() != head.unit_id()) continue;
    return head.size() < log.size() || (head.size() == log.size() && head.root() == log.root());
  }
  return false;
}

LogKeys::LogKeys(VerifyingKey first) { keys_.push_back(std::move(first)); }

absl::StatusOr<LogKeys> LogKeys::From(VerifyingKey first, absl::string_view organisation_id,
                                      const std::vector<v1::LogKeyHandover>& handovers) {
  LogKeys chain(std::move(first));
  for (const v1::LogKeyHandover& handover : handovers) {
    const bool follows =
        chain.handovers_.empty() || handover.number() == chain.handovers_.back().number() + 1;
    if (!follows || handover.previous_key() != chain.current().spki()) {
      return Broken(handover, "does not go on from the key before it");
    }
    auto key = VerifyingKey::From(handover.key());
    if (!key.ok() || chain.PlaceOf(handover.key()).has_value()) {
      return Broken(handover, "names no key, or one there was before");
    }
    const std::string text = HandoverText(organisation_id, handover);
    if (!chain.current().Verify(text, handover.previous_signature()) ||
        !key->Verify(text, handover.signature())) {
      return Broken(handover, "is not signed by both its keys");
    }
    chain.keys_.push_back(*std::move(key));
    chain.handovers_.push_back(handover);
  }
  return chain;
}

absl::optional<size_t> LogKeys::PlaceOf(absl::string_view spki) const {
  const auto at = std::find_if(keys_.begin(), keys_.end(),
                               [&](const VerifyingKey& key) { return key.spki() == spki; });
  if (at == keys_.end()) return absl::nullopt;
  return static_cast<size_t>(at - keys_.begin());
}

absl::optional<size_t> LogKeys::SignerOf(absl::string_view text,
                                         absl::string_view signature) const {
  for (size_t place = keys_.size(); place-- > 0;) {
    if (keys_[place].Verify(text, signature)) return place;
  }
  return absl::nullopt;
}

bool Vouched(const LogKeys& keys, absl::string_view organisation_id, const v1::LogHead& head) {
  const auto signer = keys.SignerOf(HeadText(organisation_id, head), head.signature());
  if (!signer.has_value()) return false;
  if (*signer == keys.handovers().size()) return true;
  const v1::LogKeyHandover& handover = keys.handovers()[*signer];
  return std::any_of(handover.logs().begin(), handover.logs().end(), [&](const v1::HandedLog& log) {
    return SameLog(AsHead(handover, log), head);
  });
}

bool SignedByOneOf(const LogKeys& keys, absl::string_view organisation_id,
                   const v1::LogHead& head) {
  return keys.SignerOf(HeadText(organisation_id, head), head.signature()).has_value();
}

}  // namespace sotay::seal
