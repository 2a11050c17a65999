// What administrators do: units, users, invitations, the end of devices.  Decides and commits
// with the pen, so it runs on the hub's thread.  Saying the same thing twice is saying it once:
// what changes nothing writes nothing.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/authority.h"
#include "server/pen.h"
#include "sotay/v1/admin_service.pb.h"

namespace sotay::server {

// OK for an administrator, else PERMISSION_DENIED, ROLE_MAY_NOT.
absl::Status CheckAdministrator(const Person& person);

// All fail with STORAGE when the store cannot be written, and as AdminService says.
absl::StatusOr<v1::PutUnitResponse> PutUnit(Pen* pen, const v1::PutUnitRequest& request);
absl::StatusOr<v1::PutUserResponse> PutUser(Pen* pen, const v1::PutUserRequest& request);
// `actor`: user id of who does it.
absl::StatusOr<v1::RevokeDeviceResponse> RevokeDevice(Pen* pen, absl::string_view actor,
                                                      const v1::RevokeDeviceRequest& request);

// An invitation and the ticket the server keeps of it: hashes, no secret.
struct Invited {
  stored::v1::Ticket ticket;
  std::string invitation;
};

// Makes an invitation to the server at `address` for a user, valid for `valid_s` seconds;
// `log_key`: that of its logs, SubjectPublicKeyInfo in DER.  Writes nothing.  kInternal when the
// authority fails.
absl::StatusOr<Invited> Invite(const Authority& authority, absl::string_view log_key,
                               const std::string& address, const v1::User& user, uint32_t valid_s,
                               int64_t now_ms);

absl::StatusOr<v1::CreateInvitationResponse> CreateInvitation(
    Pen* pen, const Authority& authority, const std::string& address, absl::string_view actor,
    const v1::CreateInvitationRequest& request);

// Whether `user` is well formed: INVALID_ARGUMENT.  Whether its units are there is not asked.
absl::Status CheckUser(const v1::User& user);
// Whether `name` is fit to be shown: UTF-8 without control characters, 1 to 255 bytes.
absl::Status CheckName(absl::string_view what, absl::string_view name);

}  // namespace sotay::server
