// How devices are told of another authority, and how far they have come (authorities.h).
#include <algorithm>
#include <map>
#include <utility>

#include "absl/time/time.h"
#include "server/authorities.h"
#include "server/config.h"
#include "server/event_log.h"
#include "server/person.h"
#include "server/refusal.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

}  // namespace

AuthorityFollowers FollowersOf(const Tables& tables, int64_t now_ms) {
  const uint64_t newest = tables.authorities.size();
  std::map<std::string, int64_t> seen;
  for (const auto& [device, contact] : tables.contacts) {
    seen[device.str()] = contact.last_contact_ms();
  }
  AuthorityFollowers followers;
  for (const stored::v1::DeviceRow& row : tables.devices) {
    if (row.state() != v1::DEVICE_STATE_ACTIVE) {
      // A certificate is fetched at a contact; past its days nothing is cut off that was not.
      const int64_t last_ms = std::max(row.enrolled_ms(), seen[row.device_id()]);
      const bool may_hold = last_ms + seal::kDeviceCertificateDays * kDayMs > now_ms;
      if (may_hold && row.authority_certified() < newest) followers.late.push_back(row);
    } else if (row.authority_certified() >= newest) {
      followers.certified.push_back(row);
    } else if (row.authority_trusted() >= newest) {
      followers.trusting.push_back(row);
    } else {
      followers.behind.push_back(row);
    }
  }
  return followers;
}

const v1::User* AdministratorShutOut(const Tables& tables, const AuthorityFollowers& followers) {
  const v1::User* shut_out = nullptr;
  for (const v1::User& user : tables.users) {
    if (!IsAdministrator(user)) continue;
    const bool comes_in = std::any_of(
        followers.certified.begin(), followers.certified.end(),
        [&](const stored::v1::DeviceRow& row) { return row.user_id() == user.user_id(); });
    if (comes_in) return nullptr;
    if (shut_out == nullptr) shut_out = &user;
  }
  return shut_out;
}

void SayWhoIsTrusted(const std::string& data, const Authorities& authorities) {
  if (!authorities.AreTwo()) return;
  const v1::AuthorityHandover& open = authorities.handovers.back();
  Say(Severity::kWarning, "two_authorities",
      {{"since", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(open.handed_ms()),
                                  absl::UTCTimeZone())},
       {"message", "certificates by the old one open connections until keys finish-authority"}});
  if (!authorities.NextIsLost()) return;
  Say(Severity::kWarning, "authority_key_missing",
      {{"directory", NextAuthorityPath(data)},
       {"message",
        "the old authority goes on and nobody goes over; put the directory back from where keys "
        "are kept, or replace what is lost with keys roll-authority"}});
}

absl::StatusOr<v1::GetAuthorityResponse> AuthorityTeller::Tell(
    const v1::GetAuthorityRequest& request) const {
  const auto number = authorities_.NumberOf(request.authority());
  const auto place = request.log_key().empty() ? log_keys_.handovers().size()
                                               : log_keys_.PlaceOf(request.log_key());
  if (!number.has_value()) return NotFound("an authority of this organisation with that key");
  if (!place.has_value()) return NotFound("a log key of this organisation with those bytes");
  const std::vector<v1::AuthorityHandover>& all = authorities_.handovers;
  // Nobody is led to one whose key is lost.
  const uint64_t end =
      authorities_.NextIsLost()
          ? std::max(*number, authorities_.NumberOf(authorities_.serving.spki()).value_or(0))
          : all.size();
  v1::GetAuthorityResponse response;
  for (size_t i = *number; i < end; ++i) *response.add_handovers() = all[i];
  const auto& log_handovers = log_keys_.handovers();
  for (size_t i = *place; i < log_handovers.size(); ++i) {
    *response.add_log_handovers() = log_handovers[i];
  }
  response.set_number(end);
  response.set_finished(end == 0 || all[end - 1].finished_ms() != 0);
  const std::string& certificate = all.empty() ? authorities_.serving.certificate_der()
                                   : end == 0  ? all.front().previous_certificate()
                                               : all[end - 1].certificate();
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_signature(), log_key_.Sign(seal::AuthorityToldText(
                                                            organisation_id_, end, certificate,
                                                            response.finished(), request.nonce())));
  return response;
}

}  // namespace sotay::server
