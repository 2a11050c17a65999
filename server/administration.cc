#include "server/administration.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/refusal.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "sync/status_macros.h"
#include "sync/text.h"
#include "sync/validate.h"

namespace sotay::server {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int kMembershipsMax = 64;
constexpr uint32_t kInvitationUsualS = 900;
constexpr uint32_t kInvitationMinS = 60;
constexpr uint32_t kInvitationMaxS = 604'800;

// Everybody's devices learn of it with their next exchange.
stored::v1::StoreMeta NextRevision(const Directory& directory) {
  stored::v1::StoreMeta meta = directory.meta();
  meta.set_directory_revision(meta.directory_revision() + 1);
  return meta;
}

absl::Status CheckMemberships(const Directory& directory, const v1::User& user) {
  for (const v1::Membership& membership : user.memberships()) {
    if (membership.role() == options::v1::ROLE_ADMINISTRATOR) continue;
    if (!directory.FindUnit(membership.unit_id()).has_value()) {
      return NotFound(absl::StrCat("unit ", membership.unit_id()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAdministrator(const Person& person) {
  if (person.administrator) return absl::OkStatus();
  return RoleMayNot("only an administrator may do this");
}

absl::Status CheckName(absl::string_view what, absl::string_view name) {
  if (name.empty()) return Malformed(absl::StrCat(what, " is empty"));
  if (name.size() > sync::kNameBytesMax) {
    return TooLarge(absl::StrCat(what, ": bytes"), name.size(), sync::kNameBytesMax, "shorten it");
  }
  if (sync::Utf8Prefix(name) != name.size() ||
      std::any_of(name.begin(), name.end(), absl::ascii_iscntrl)) {
    return Malformed(absl::StrCat(what, " is not plain text in UTF-8"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PutUnitResponse> PutUnit(Pen* pen, const v1::PutUnitRequest& request) {
  const v1::Unit& unit = request.unit();
  if (!sync::IsSlug(unit.unit_id(), /*dots=*/false)) {
    return Malformed("unit_id: expected 1 to 63 of a-z, 0-9 and '-', beginning with a letter");
  }
  SOTAY_RETURN_IF_ERROR(CheckName("name", unit.name()));
  const absl::optional<v1::Unit> before = pen->directory().FindUnit(unit.unit_id());
  if (before.has_value() && before->parent_id() != unit.parent_id()) {
    return Refuse(
        absl::StatusCode::kFailedPrecondition, v1::REASON_EXISTS,
        absl::StrCat("unit ", unit.unit_id(), " stands under another unit; units do not move"));
  }
  if (!unit.parent_id().empty() && !pen->directory().FindUnit(unit.parent_id()).has_value()) {
    if (!sync::IsSlug(unit.parent_id(), /*dots=*/false)) return Malformed("parent_id: no unit id");
    return NotFound(absl::StrCat("unit ", unit.parent_id()));
  }
  v1::PutUnitResponse response;
  response.mutable_unit()->set_unit_id(unit.unit_id());
  response.mutable_unit()->set_name(unit.name());
  response.mutable_unit()->set_parent_id(unit.parent_id());
  if (before.has_value() && before->name() == unit.name()) return response;
  Tables tables;
  tables.meta = NextRevision(pen->directory());
  tables.units.push_back(response.unit());
  if (!before.has_value()) tables.heads[unit.unit_id()] = stored::v1::UnitHead();
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  return response;
}

absl::Status CheckUser(const v1::User& user) {
  if (!sync::IsSlug(user.user_id(), /*dots=*/true)) {
    return Malformed("user_id: expected 1 to 63 of a-z, 0-9, '-' and '.', beginning with a letter");
  }
  SOTAY_RETURN_IF_ERROR(CheckName("full_name", user.full_name()));
  if (user.memberships_size() > kMembershipsMax) {
    return TooLarge("memberships", static_cast<uint64_t>(user.memberships_size()), kMembershipsMax,
                    "use a unit above them");
  }
  std::set<std::pair<std::string, int>> seen;
  for (const v1::Membership& membership : user.memberships()) {
    const bool administrator = membership.role() == options::v1::ROLE_ADMINISTRATOR;
    if (!administrator && membership.role() != options::v1::ROLE_PROSECUTOR &&
        membership.role() != options::v1::ROLE_SUPERVISOR) {
      return Malformed("memberships: a role this server does not know");
    }
    if (!administrator && !sync::IsSlug(membership.unit_id(), /*dots=*/false)) {
      return Malformed("memberships: unit_id is no unit id");
    }
    if (!seen.emplace(administrator ? "" : membership.unit_id(), membership.role()).second) {
      return Malformed("memberships: one is named twice");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::PutUserResponse> PutUser(Pen* pen, const v1::PutUserRequest& request) {
  SOTAY_RETURN_IF_ERROR(CheckUser(request.user()));
  SOTAY_RETURN_IF_ERROR(CheckMemberships(pen->directory(), request.user()));
  const auto before = pen->directory().FindPerson(request.user().user_id());
  if (before != nullptr && before->administrator && !IsAdministrator(request.user()) &&
      pen->directory().administrators() == 1) {
    return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_ROLE_MAY_NOT,
                  "this is the last administrator; make another one first");
  }
  v1::PutUserResponse response;
  *response.mutable_user() = request.user();
  response.mutable_user()->DiscardUnknownFields();
  if (before != nullptr && MessageDifferencer::Equals(before->user, response.user())) {
    return response;
  }
  Tables tables;
  tables.meta = NextRevision(pen->directory());
  tables.users.push_back(response.user());
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  return response;
}

absl::StatusOr<v1::RevokeDeviceResponse> RevokeDevice(Pen* pen, absl::string_view actor,
                                                      const v1::RevokeDeviceRequest& request) {
  const auto id = sync::DeviceId::From(request.device_id());
  if (!id.has_value()) return Malformed("device_id is not 16 bytes");
  if (request.reason().empty()) return Malformed("reason is empty; say why, for the record");
  if (request.reason().size() > sync::kReasonBytesMax) {
    return TooLarge("reason: bytes", request.reason().size(), sync::kReasonBytesMax, "shorten it");
  }
  const auto before = pen->directory().Device(*id);
  if (before == nullptr) return NotFound("the device");
  if (before->state() != v1::DEVICE_STATE_REVOKED) {
    Tables tables;
    stored::v1::DeviceRow row = *before;
    row.set_state(v1::DEVICE_STATE_REVOKED);
    row.set_revoked_reason(request.reason());
    row.set_revoked_ms(pen->now_ms());
    row.set_revoked_by(std::string(actor));
    tables.devices.push_back(std::move(row));
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  v1::RevokeDeviceResponse response;
  *response.mutable_device() = *pen->directory().ViewOf(*id);
  return response;
}

absl::StatusOr<Invited> Invite(const Authority& authority, absl::string_view log_key,
                               const std::string& address, const v1::User& user, uint32_t valid_s,
                               int64_t now_ms) {
  const absl::Time now = absl::FromUnixMillis(now_ms);
  SOTAY_ASSIGN_OR_RETURN(const Authority::Bootstrap bootstrap,
                         authority.IssueBootstrap(absl::Seconds(valid_s), now));
  const std::string code = seal::NewCode();
  v1::Invitation invitation;
  invitation.set_address(address);
  invitation.set_authority(authority.certificate_der());
  invitation.set_certificate(bootstrap.cert_der);
  invitation.set_private_key(bootstrap.key_der);
  invitation.set_code(code);
  invitation.set_full_name(user.full_name());
  const auto log_key_hash = seal::Sha256(log_key);
  invitation.set_log_key_hash(log_key_hash.data(), log_key_hash.size());

  Invited invited;
  invited.ticket.set_spki_hash(HashOfKey(bootstrap.spki));
  const auto code_hash = seal::Sha256(seal::NormalizeCode(code));
  invited.ticket.set_code_hash(code_hash.data(), code_hash.size());
  invited.ticket.set_user_id(user.user_id());
  invited.ticket.set_expires_ms(now_ms + int64_t{valid_s} * 1000);
  invited.invitation = seal::Encode(invitation);
  return invited;
}

absl::StatusOr<v1::CreateInvitationResponse> CreateInvitation(
    Pen* pen, const Authority& authority, const std::string& address, absl::string_view actor,
    const v1::CreateInvitationRequest& request) {
  const uint32_t valid_s = request.valid_s() == 0 ? kInvitationUsualS : request.valid_s();
  if (valid_s < kInvitationMinS || valid_s > kInvitationMaxS) {
    return Malformed(
        absl::StrCat("valid_s ", valid_s, ", expected ", kInvitationMinS, " to ", kInvitationMaxS));
  }
  const auto person = pen->directory().FindPerson(request.user_id());
  if (person == nullptr) return NotFound("the user");
  SOTAY_ASSIGN_OR_RETURN(Invited invited, Invite(authority, pen->directory().meta().log_key(),
                                                 address, person->user, valid_s, pen->now_ms()));
  invited.ticket.set_created_by(std::string(actor));
  Tables tables;
  tables.tickets.push_back(invited.ticket);
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  v1::CreateInvitationResponse response;
  response.set_invitation(std::move(invited.invitation));
  response.set_expires_ms(invited.ticket.expires_ms());
  return response;
}

}  // namespace sotay::server
