#include "mobile-sdk/cli/open_office.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/profile.h"
#include "mobile-sdk/core/renewal.h"
#include "mobile-sdk/core/trust.h"
#include "sync/status_macros.h"

namespace sotay::cli {

absl::StatusOr<OpenOffice> OpenOfficeFor(const Invocation& run) {
  OpenOffice open;
  SOTAY_ASSIGN_OR_RETURN(open.schema, LoadSchema(run.schema_files));
  SOTAY_ASSIGN_OR_RETURN(const Profile profile, OpenProfile(run));
  SOTAY_ASSIGN_OR_RETURN(open.office, Office::Connect(profile));
  // By our own clock, as nobody has told us another.  A command goes on without.
  sdk::Renewal renewal(run.dir, profile.vault, [&open](const v1::RenewCertificateRequest& request) {
    return open.office->RenewCertificate(request);
  });
  sdk::Trust::Ways ways;
  ways.ask = [&open](const v1::GetAuthorityRequest& request) {
    return open.office->GetAuthority(request);
  };
  // What its notebook was told at the enrolment; one that is in use elsewhere learns there.
  ways.held = [&run] { return sdk::LogTrustIn(run.dir, run.surroundings); };
  ways.changed = [] {};
  sdk::Trust(run.dir, &renewal, std::move(ways)).AtContact(run.NowMs()).IgnoreError();
  open.reader.schema = open.schema.get();
  open.reader.voice = run.voice;
  open.reader.columns = run.streams.columns;
  return open;
}

absl::Status LearnNames(OpenOffice* open) {
  SOTAY_ASSIGN_OR_RETURN(const v1::ListUnitsResponse units, open->office->ListUnits());
  for (const v1::UnitView& unit : units.units()) {
    open->reader.names.AddUnit(unit.unit_id(), unit.name());
  }
  v1::ListDevicesRequest everywhere;
  everywhere.set_subtree(true);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListDevicesResponse devices,
                         open->office->ListDevices(everywhere));
  for (const v1::DeviceView& device : devices.devices()) {
    open->reader.names.AddPerson(device.user_id(), device.full_name());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> IdBytes(const std::string& what, const std::string& hex,
                                    size_t digits_min) {
  bool digits = hex.size() % 2 == 0 && hex.size() >= digits_min && hex.size() <= 32;
  for (const char c : hex) digits = digits && absl::ascii_isxdigit(static_cast<unsigned char>(c));
  if (!digits) {
    return absl::InvalidArgumentError(absl::StrCat(
        what, " \"", hex, "\": write ", digits_min,
        digits_min == 32 ? "" : " to 32 (an even number of)", " hexadecimal digits of its id"));
  }
  return absl::HexStringToBytes(absl::AsciiStrToLower(hex));
}

}  // namespace sotay::cli
