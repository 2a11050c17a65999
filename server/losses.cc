#include "server/losses.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/reason.h"
#include "server/refusal.h"
#include "sync/device_end.h"
#include "sync/guard.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Whether it is among the devices of these units.
bool IsOf(const Directory& directory, const std::vector<std::string>& units,
          const std::string& device) {
  const std::vector<v1::DeviceView> views = directory.Devices(&units);
  return std::any_of(views.begin(), views.end(),
                     [&](const v1::DeviceView& view) { return view.device_id() == device; });
}

// Whether the person is shown it, as ListDevices does.
bool MaySee(const Directory& directory, const Person& person, const stored::v1::DeviceRow& row) {
  std::vector<std::string> units;
  for (const std::string& unit : directory.Readable(person)) {
    const bool own = row.user_id() == person.user.user_id();
    if (directory.MayRead(person, unit, sync::kDeviceKind, own)) units.push_back(unit);
  }
  return IsOf(directory, units, row.device_id());
}

// As of what comes from it: by a post in the very unit, and nobody about their own.
absl::Status CheckMayDecide(const Directory& directory, const Person& person,
                            const stored::v1::DeviceRow& row) {
  if (row.user_id() == person.user.user_id()) {
    return RoleMayNot("nobody decides about a device of their own");
  }
  const sync::Matrix& matrix = *directory.rules().matrix;
  sync::Facts device;
  device.kind = sync::kDeviceKind;
  absl::Status why = RoleMayNot("no post in its user's unit decides about lost devices");
  for (const auto& [unit, seats] : person.rights->seats) {
    if (!IsOf(directory, {unit}, row.device_id())) continue;
    const sync::Verdict verdict = sync::Decide(matrix, seats, sync::Verb::kDecide, device);
    if (verdict.allowed()) return absl::OkStatus();
    why = RoleMayNot(sync::Why(matrix, verdict, sync::Verb::kDecide, device.kind));
  }
  return why;
}

}  // namespace

absl::StatusOr<v1::SettleLossResponse> SettleLoss(Pen* pen, const Person& person,
                                                  const v1::SettleLossRequest& request) {
  const auto id = sync::DeviceId::From(request.device_id());
  if (!id.has_value()) return Malformed("device_id is not 16 bytes");
  SOTAY_RETURN_IF_ERROR(CheckReason(request.reason()));
  const Directory& directory = pen->directory();
  const auto before = directory.Device(*id);
  if (before == nullptr || before->state() != v1::DEVICE_STATE_REVOKED ||
      !MaySee(directory, person, *before)) {
    return NotFound("the lost device");
  }
  SOTAY_RETURN_IF_ERROR(CheckMayDecide(directory, person, *before));
  const v1::DeviceEnd said = sync::EndOf(*before);
  if (said.settled_ms() == 0) {
    stored::v1::DeviceLoss loss;
    loss.set_settled_by(person.user.user_id());
    loss.set_settled_ms(pen->now_ms());
    loss.set_settled_reason(request.reason());
    Tables tables;
    stored::v1::DeviceRow row = *before;
    sync::NoteSettled(loss, &row);
    tables.devices.push_back(std::move(row));
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  } else if (said.settled_by() != person.user.user_id() ||
             said.settled_reason() != request.reason()) {
    return CannotBe(v1::REASON_EXISTS, absl::StrCat("it was settled by ", said.settled_by()));
  }
  v1::SettleLossResponse response;
  *response.mutable_device() = *directory.ViewOf(*id);
  return response;
}

}  // namespace sotay::server
