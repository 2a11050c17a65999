#include "server/enrolment.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/administration.h"
#include "server/refusal.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kCodeBytesMax = 128;

// In time that does not depend on where the two differ.
bool Same(absl::string_view a, absl::string_view b) {
  if (a.size() != b.size()) return false;
  volatile unsigned char differing = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differing = static_cast<unsigned char>(
        differing | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return differing == 0;
}

absl::Status CheckCode(Pen* pen, const stored::v1::Ticket& ticket, absl::string_view code) {
  const auto hash = seal::Sha256(seal::NormalizeCode(code));
  const bool right =
      Same(absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()),
           ticket.code_hash());
  const bool open = ticket.wrong() < kWrongCodesMax && pen->now_ms() <= ticket.expires_ms();
  if (right && open) return absl::OkStatus();
  if (!right && open) {
    Tables tables;
    tables.tickets.push_back(ticket);
    tables.tickets.front().set_wrong(ticket.wrong() + 1);
    // Not counted, not refused: a guess must cost.
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  return EnrolmentRefused();
}

absl::Status CheckShape(const v1::EnrollRequest& request) {
  if (request.code().size() > kCodeBytesMax) return EnrolmentRefused();
  if (request.certificate_request().size() > kCertificateRequestBytesMax) {
    return TooLarge("certificate_request: bytes", request.certificate_request().size(),
                    kCertificateRequestBytesMax, "leave out what is not the key");
  }
  return CheckName("device_name", request.device_name());
}

// The answer, which is the same whenever it is given.
v1::EnrollResponse Answer(const Directory& directory, const Person& person,
                          const std::string& device, std::string certificate) {
  v1::EnrollResponse response;
  response.set_device_id(device);
  response.set_certificate(std::move(certificate));
  response.set_user_id(person.user.user_id());
  response.set_full_name(person.user.full_name());
  response.set_log_key(directory.meta().log_key());
  response.set_organisation_id(directory.meta().organisation_id());
  return response;
}

// A device that could not come in any more: it has shown that it holds its key, and somebody has
// invited its user.
absl::StatusOr<v1::EnrollResponse> EnrolAgain(Pen* pen, const Authority& authority,
                                              const stored::v1::Ticket& ticket,
                                              const Person& person, const std::string& spki) {
  const auto id = pen->directory().HolderOf(HashOfKey(spki));
  const auto device = id.has_value() ? pen->directory().Device(*id) : nullptr;
  if (device == nullptr) return DeviceUnknown();
  // Also one that was revoked or is forked: it stays what it is, and may have things to hand in.
  const bool spent = !ticket.device_id().empty();
  if (device->user_id() != ticket.user_id() || (spent && ticket.device_id() != id->view())) {
    return EnrolmentRefused();
  }
  // Not as its key would be named: it may have taken another since.
  SOTAY_ASSIGN_OR_RETURN(Authority::DeviceCertificate issued,
                         authority.RenewDevice(spki, absl::FromUnixMillis(pen->now_ms()), *id));
  if (!spent) {
    Tables tables;
    tables.tickets.push_back(ticket);
    tables.tickets.front().set_device_id(id->str());
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  return Answer(pen->directory(), person, id->str(), std::move(issued.cert_der));
}

}  // namespace

absl::StatusOr<v1::EnrollResponse> Enrol(Pen* pen, const Authority& authority,
                                         absl::string_view caller_key_hash,
                                         const v1::EnrollRequest& request) {
  const absl::optional<stored::v1::Ticket> ticket = pen->directory().TicketOf(caller_key_hash);
  if (!ticket.has_value()) {
    SOTAY_RETURN_IF_ERROR(pen->directory().CallerOf(caller_key_hash).status());
    return EnrolmentRefused();  // a device that wants to be another one
  }
  SOTAY_RETURN_IF_ERROR(CheckShape(request));
  SOTAY_RETURN_IF_ERROR(CheckCode(pen, *ticket, request.code()));
  const auto person = pen->directory().FindPerson(ticket->user_id());
  if (person == nullptr) return EnrolmentRefused();

  const absl::Time now = absl::FromUnixMillis(pen->now_ms());
  absl::StatusOr<Authority::DeviceCertificate> issued =
      authority.IssueDevice(request.certificate_request(), now);
  if (absl::IsInvalidArgument(issued.status())) return Malformed(issued.status().message());
  SOTAY_RETURN_IF_ERROR(issued.status());
  if (request.again()) return EnrolAgain(pen, authority, *ticket, *person, issued->spki);

  const auto existing = pen->directory().Device(issued->device);
  const bool spent = !ticket->device_id().empty();
  const bool again = spent && existing != nullptr && issued->device.view() == ticket->device_id() &&
                     existing->state() == v1::DEVICE_STATE_ACTIVE;
  if (spent && !again) return EnrolmentRefused();
  if (!again) {
    if (existing != nullptr || pen->directory().KnowsKey(HashOfKey(issued->spki))) {
      return Refuse(absl::StatusCode::kAlreadyExists, v1::REASON_EXISTS,
                    "this key is of an enrolled device already; make a new key");
    }
    stored::v1::DeviceRow row;
    row.set_device_id(issued->device.str());
    row.set_public_key(issued->spki);
    row.set_user_id(ticket->user_id());
    row.set_name(request.device_name());
    row.set_state(v1::DEVICE_STATE_ACTIVE);
    row.set_enrolled_ms(pen->now_ms());
    Tables tables;
    tables.devices.push_back(std::move(row));
    tables.tickets.push_back(*ticket);
    tables.tickets.front().set_device_id(issued->device.str());
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  return Answer(pen->directory(), *person, issued->device.str(), std::move(issued->cert_der));
}

}  // namespace sotay::server
