#include "sync/seal/dossier_keys.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

absl::StatusOr<LogKeys> ChainOf(const v1::Dossier& dossier,
                                const std::vector<v1::LogKeyHandover>& later) {
  const std::string& first =
      dossier.handovers().empty() ? dossier.log_key() : dossier.handovers(0).previous_key();
  std::vector<v1::LogKeyHandover> handovers(dossier.handovers().begin(), dossier.handovers().end());
  SOTAY_ASSIGN_OR_RETURN(VerifyingKey key, VerifyingKey::From(first));
  SOTAY_ASSIGN_OR_RETURN(const LogKeys own,
                         LogKeys::From(key, dossier.organisation_id(), handovers));
  if (own.current().spki() != dossier.log_key()) {
    return absl::FailedPreconditionError("the handovers lead to another key than the log key");
  }
  // Those since; a file made before any knows nothing of the first.
  for (const v1::LogKeyHandover& handover : later) {
    const std::string& newest = handovers.empty() ? first : handovers.back().key();
    if (handover.previous_key() == newest) handovers.push_back(handover);
  }
  return LogKeys::From(std::move(key), dossier.organisation_id(), handovers);
}

// Whether the change that a device gave up its key at is in one of its pushes, under another id.
bool IsAnother(const v1::Dossier& dossier, const v1::KeyRoll& roll) {
  for (const v1::ProvenPush& push : dossier.pushes()) {
    const uint64_t first = push.first_sequence();
    const uint64_t count = push.change_ids().size() / sync::ChangeId::kSize;
    if (push.device_id() != roll.device_id() || roll.last_sequence() < first ||
        roll.last_sequence() - first >= count) {
      continue;
    }
    const absl::string_view id =
        absl::string_view(push.change_ids())
            .substr((roll.last_sequence() - first) * sync::ChangeId::kSize, sync::ChangeId::kSize);
    if (id != roll.head()) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> KeyFaults(const v1::Dossier& dossier, absl::string_view log_key,
                                   const std::vector<v1::LogKeyHandover>& later) {
  std::vector<std::string> faults;
  const auto keys = ChainOf(dossier, later);
  if (!keys.ok()) {
    return {absl::StrCat("the keys of the log do not hold together: ", keys.status().message())};
  }
  if (!log_key.empty() && !keys->PlaceOf(log_key).has_value()) {
    faults.push_back(
        "the log key is not the one that was given, and no handover leads from one to the other: "
        "another organisation, or a forgery");
  }
  if (!Vouched(*keys, dossier.organisation_id(), dossier.head())) {
    faults.push_back(
        "the head of the log is not signed with the log key, or with an earlier one of "
        "more than was handed over");
  }
  for (const v1::ProvenDevice& device : dossier.devices()) {
    for (const v1::EarlierKey& earlier : device.earlier()) {
      if (IsAnother(dossier, earlier.roll())) {
        faults.push_back(absl::StrCat("change ", earlier.roll().last_sequence(),
                                      " is another than the one its device gave up a key at"));
      }
    }
  }
  return faults;
}

absl::optional<sync::DeviceId> ExporterOf(const v1::SealedDossier& sealed,
                                          absl::string_view organisation_id) {
  std::vector<v1::EarlierKey> earlier;
  for (const v1::KeyRoll& roll : sealed.rolls()) *earlier.emplace_back().mutable_roll() = roll;
  const auto keys = DeviceKeys::From(organisation_id, sealed.public_key(), earlier);
  if (!keys.ok()) return absl::nullopt;
  return keys->device();
}

}  // namespace sotay::seal
