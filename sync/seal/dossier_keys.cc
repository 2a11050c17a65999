#include "sync/seal/dossier_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "sync/seal/epoch_link.h"
#include "sync/seal/log_head.h"
#include "sync/status_macros.h"

namespace sotay::seal {
namespace {

constexpr char kDossierPrefix[] = "sotay/dossier/v1";

absl::StatusOr<VerifyingKey> FirstKey(const v1::Dossier& dossier) {
  return VerifyingKey::From(dossier.handovers().empty() ? dossier.log_key()
                                                        : dossier.handovers(0).previous_key());
}

absl::StatusOr<LogKeys> OwnChain(const v1::Dossier& dossier) {
  SOTAY_ASSIGN_OR_RETURN(VerifyingKey key, FirstKey(dossier));
  SOTAY_ASSIGN_OR_RETURN(LogKeys own,
                         LogKeys::From(std::move(key), dossier.organisation_id(),
                                       {dossier.handovers().begin(), dossier.handovers().end()}));
  if (own.current().spki() != dossier.log_key()) {
    return absl::FailedPreconditionError("the handovers lead to another key than the log key");
  }
  return own;
}

// With those since.  Whatever does not agree with what is here, or joins nothing of it, is no chain
// to be followed in silence: a key that was handed over twice was in two hands.
absl::StatusOr<LogKeys> WithLater(const v1::Dossier& dossier, const LogKeys& own,
                                  const LaterKeys& later) {
  const std::string& organisation = dossier.organisation_id();
  if (!later.organisation_id.empty() && later.organisation_id != organisation) {
    return absl::FailedPreconditionError("the later export is of another organisation");
  }
  std::vector<v1::LogKeyHandover> handovers = own.handovers();
  for (const v1::LogKeyHandover& handover : later.handovers) {
    const std::string name = absl::StrCat("handover ", handover.number(), " of the later export ");
    const auto known = std::find_if(handovers.begin(), handovers.end(), [&](const auto& of) {
      return of.number() == handover.number() || of.previous_key() == handover.previous_key();
    });
    if (known != handovers.end()) {
      if (HandoverText(organisation, *known) == HandoverText(organisation, handover)) continue;
      return absl::FailedPreconditionError(
          absl::StrCat(name, "contradicts another: one of them is a forgery by a stolen key"));
    }
    const std::string& newest = handovers.empty() ? dossier.log_key() : handovers.back().key();
    if (handover.number() != handovers.size() + 1 || handover.previous_key() != newest) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, "does not go on from a key of this one"));
    }
    handovers.push_back(handover);
  }
  return LogKeys::From(own.keys().front(), organisation, handovers);
}

// Whether one of them leads from `held`, under the key, to `to` (null: to any head).
bool IsShown(const std::vector<v1::GoingOn>& shown, const VerifyingKey& key,
             absl::string_view organisation, const v1::LogHead& held, const v1::LogHead* to) {
  return std::any_of(shown.begin(), shown.end(), [&](const v1::GoingOn& going_on) {
    const v1::LogHead& head = going_on.lineage().head().head();
    if (!SameLog(going_on.held(), held) || (to != nullptr && !SameLog(head, *to))) return false;
    // A restore may have lost what was handed over, and says so; a head of something that was lost
    // is vouched for by nobody any more.
    if (to == nullptr && HasLost(held, going_on.lineage())) return false;
    return LeadsTo(key, organisation, held, head.epoch(), going_on.lineage()).ok();
  });
}

// What the key in force signed must go on from what the keys before handed over.
void LookAtHanded(const v1::Dossier& dossier, const LogKeys& own,
                  const std::vector<v1::GoingOn>& shown, std::vector<std::string>* faults) {
  for (const v1::LogKeyHandover& handover : own.handovers()) {
    for (const v1::HandedLog& log : handover.logs()) {
      const v1::LogHead handed = AsHead(handover, log);
      if (log.unit_id() != dossier.head().unit_id() || log.size() == 0 ||
          SameLog(handed, dossier.head())) {
        continue;
      }
      const bool said = std::any_of(shown.begin(), shown.end(), [&](const v1::GoingOn& of) {
        return SameLog(of.held(), handed);
      });
      // A life that this log does not come from binds nothing.
      if (!said && handover.epoch() != dossier.head().epoch()) continue;
      if (IsShown(shown, own.current(), dossier.organisation_id(), handed, &dossier.head())) {
        continue;
      }
      faults->push_back(absl::StrCat("it is not shown that the log goes on from what handover ",
                                     handover.number(), " of the log key gave away"));
    }
  }
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
                                   const std::vector<v1::GoingOn>& shown, const LaterKeys& later) {
  std::vector<std::string> faults;
  const auto own = OwnChain(dossier);
  const auto keys = own.ok() ? WithLater(dossier, *own, later) : own;
  if (!keys.ok()) {
    return {absl::StrCat("the keys of the log do not hold together: ", keys.status().message())};
  }
  if (!log_key.empty() && !keys->PlaceOf(log_key).has_value()) {
    faults.push_back(
        "the log key is not the one that was given, and no handover leads from one to the other: "
        "another organisation, or a forgery");
  }
  const v1::LogHead& head = dossier.head();
  if (!Vouched(own->current(), dossier.organisation_id(), head)) {
    faults.push_back("the head of the log is not signed with the log key");
  } else if (!Vouched(*keys, dossier.organisation_id(), head) &&
             !IsShown(later.going_on, keys->current(), dossier.organisation_id(), head, nullptr)) {
    // It may be older than the handover, or made since by whoever has the key that was given up.
    faults.push_back(
        "the head of the log is by a key that was replaced, and it is not shown that the log goes "
        "on "
        "from it: have the later export made with --earlier and this file");
  }
  LookAtHanded(dossier, *own, shown, &faults);
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

std::vector<v1::GoingOn> GoingOnIn(absl::string_view dossier) {
  v1::DossierGoingOn shown;
  // What cannot be read shows nothing; the dossier itself cannot be read then.
  if (!shown.ParseFromArray(dossier.data(), static_cast<int>(dossier.size()))) return {};
  return {shown.going_on().begin(), shown.going_on().end()};
}

std::string DossierText(absl::string_view dossier_bytes) {
  const std::array<uint8_t, 32> hash = Sha256(dossier_bytes);
  // With its NUL.
  std::string text(kDossierPrefix, sizeof(kDossierPrefix));
  text.append(hash.begin(), hash.end());
  return text;
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
