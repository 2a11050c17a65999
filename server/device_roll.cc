#include "server/device_roll.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/refusal.h"
#include "sync/seal/device_keys.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Each signed by both its keys, one into the next, from the key the device's id is a hash of.
absl::Status CheckShape(const std::string& organisation_id, const v1::RollKeyRequest& request) {
  if (request.rolls_size() > kRollsMax) {
    return TooLarge("rolls", static_cast<uint64_t>(request.rolls_size()), kRollsMax,
                    "enrol the device anew");
  }
  const v1::KeyRoll& first = request.rolls(0);
  if (first.device_id() != seal::DeviceIdOf(first.old_key()).view()) {
    return Malformed("rolls: the first is not from the key of the device's enrolment");
  }
  const v1::KeyRoll* before = nullptr;
  for (const v1::KeyRoll& roll : request.rolls()) {
    if (roll.device_id() != first.device_id() ||
        (before != nullptr && before->new_key() != roll.old_key())) {
      return Malformed("rolls: one does not go on from the one before it");
    }
    if (!seal::RollHolds(organisation_id, roll)) {
      return Refuse(absl::StatusCode::kInvalidArgument, v1::REASON_BAD_SIGNATURE,
                    "rolls: one is not signed by both its keys; sign it anew");
    }
    before = &roll;
  }
  return absl::OkStatus();
}

// The key in force; the one given up last, whose answer may have been lost; or one that the request
// goes on to from what is here, as a server that was restored has it.  Whoever has an older one is
// let in here as little as elsewhere.
bool MayAsk(const Directory& directory, const v1::RollKeyRequest& request,
            absl::string_view key_hash) {
  const auto device = sync::DeviceId::From(request.rolls(0).device_id());
  if (!device.has_value()) return false;
  const Directory::DeviceSeen seen = directory.SeenOf(*device);
  if (seen.row == nullptr) return false;
  if (HashOfKey(seen.row->public_key()) == key_hash) return true;
  if (!seen.earlier.empty() && HashOfKey(seen.earlier.back().roll().old_key()) == key_hash) {
    return true;
  }
  for (int i = static_cast<int>(seen.earlier.size()); i < request.rolls_size(); ++i) {
    if (HashOfKey(request.rolls(i).new_key()) == key_hash) return true;
  }
  return false;
}

// Whether the device may give up its key with that, as it stands.
absl::Status CheckGoesOn(const Directory& directory, const stored::v1::DeviceRow& row,
                         const v1::KeyRoll& roll) {
  if (roll.old_key() != row.public_key()) {
    return Refuse(absl::StatusCode::kAborted, v1::REASON_CHAIN_BROKEN,
                  "the device has taken another key than the one this goes on from: it was copied; "
                  "enrol it anew, nothing is lost");
  }
  const uint64_t accepted = row.accepted_through();
  if (accepted > roll.last_sequence()) {
    return Refuse(
        absl::StatusCode::kAborted, v1::REASON_CHANGED_MEANWHILE,
        absl::StrCat("the device says that its old key sealed nothing after change ",
                     roll.last_sequence(), ", and ", accepted, " are here; sign the roll anew"));
  }
  if (accepted == roll.last_sequence() && row.head() != roll.head()) {
    return Refuse(absl::StatusCode::kAborted, v1::REASON_CHAIN_BROKEN,
                  absl::StrCat("change ", accepted,
                               " of the device is another here; enrol it anew, nothing is lost"));
  }
  if (directory.KnowsKey(HashOfKey(roll.new_key()))) {
    return Refuse(absl::StatusCode::kAlreadyExists, v1::REASON_EXISTS,
                  "the new key is somebody's already; make another");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckRolls(const Directory& directory, absl::string_view caller_key_hash,
                        const v1::RollKeyRequest& request) {
  if (request.rolls().empty()) {
    SOTAY_RETURN_IF_ERROR(directory.CallerOf(caller_key_hash).status());
    return Malformed("rolls: none");
  }
  if (!MayAsk(directory, request, caller_key_hash)) return DeviceUnknown();
  return CheckShape(directory.meta().organisation_id(), request);
}

absl::StatusOr<Rolled> RollKey(Pen* pen, const Authority& authority,
                               const v1::RollKeyRequest& request) {
  const Directory& directory = pen->directory();
  const auto device = sync::DeviceId::From(request.rolls(0).device_id());
  if (!device.has_value()) return DeviceUnknown();
  const auto before = directory.Device(*device);
  if (before == nullptr) return DeviceUnknown();
  stored::v1::DeviceRow row = *before;
  Tables tables;
  const std::vector<v1::EarlierKey> earlier = directory.EarlierKeys(*device);
  // A phone that was set back to before a roll; the key it has is given up.
  if (static_cast<size_t>(request.rolls_size()) < earlier.size()) return DeviceUnknown();
  uint64_t number = 0;
  for (const v1::KeyRoll& roll : request.rolls()) {
    ++number;
    if (number <= earlier.size()) {
      const v1::KeyRoll& taken = earlier[number - 1].roll();
      if (roll.old_key() != taken.old_key() || roll.new_key() != taken.new_key()) {
        return DeviceUnknown();
      }
      continue;
    }
    // What was taken is answered whatever became of the device: it may have things to hand in.
    if (row.state() == v1::DEVICE_STATE_REVOKED) return DeviceRevoked();
    if (row.state() != v1::DEVICE_STATE_ACTIVE) return DeviceForked();
    SOTAY_RETURN_IF_ERROR(CheckGoesOn(directory, row, roll));
    stored::v1::DeviceKeyRow& taken = tables.device_keys.emplace_back();
    taken.set_device_id(row.device_id());
    taken.set_number(number);
    *taken.mutable_earlier()->mutable_roll() = roll;
    taken.mutable_earlier()->set_through(row.accepted_through());
    taken.set_rolled_ms(pen->now_ms());
    row.set_public_key(roll.new_key());
  }
  // What the directory would not take must not be on disk either.
  if (!tables.device_keys.empty()) {
    std::vector<v1::EarlierKey> all = earlier;
    for (const stored::v1::DeviceKeyRow& taken : tables.device_keys) all.push_back(taken.earlier());
    const auto keys =
        seal::DeviceKeys::From(directory.meta().organisation_id(), row.public_key(), all);
    if (!keys.ok()) return Malformed(absl::StrCat("rolls: ", keys.status().message()));
  }
  // Before anything is written: a device without a certificate could not come back.
  SOTAY_ASSIGN_OR_RETURN(
      Authority::DeviceCertificate issued,
      authority.RenewDevice(row.public_key(), absl::FromUnixMillis(pen->now_ms()), *device));
  if (!tables.device_keys.empty()) {
    tables.devices.push_back(std::move(row));
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  Rolled rolled;
  rolled.device = *device;
  rolled.taken = tables.device_keys.size();
  rolled.response.set_certificate(std::move(issued.cert_der));
  return rolled;
}

std::vector<v1::EarlierKey> EarlierKeysOf(absl::string_view device,
                                          const std::vector<stored::v1::DeviceKeyRow>& rows) {
  std::vector<v1::EarlierKey> earlier;
  for (const stored::v1::DeviceKeyRow& row : rows) {
    if (row.device_id() == device) earlier.push_back(row.earlier());
  }
  return earlier;
}

}  // namespace sotay::server
