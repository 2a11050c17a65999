#include "mobile-sdk/core/enrolment.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/trust.h"
#include "mobile-sdk/core/vault.h"
#include "sync/limits.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/digest.h"
#include "sync/seal/invitation.h"
#include "sync/seal/key.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFormat = 1;
constexpr size_t kOrganisationBytes = 16;

absl::Status CheckEmpty(const std::string& dir, const Surroundings& surroundings) {
  auto store = Store::Open(dir, surroundings, /*create=*/false);
  if (absl::IsNotFound(store.status())) return absl::OkStatus();
  if (!store.ok()) return store.status();
  SOTAY_ASSIGN_OR_RETURN(const auto meta, (*store)->Meta());
  if (!meta.has_value()) return absl::OkStatus();  // an enrolment that was cut short
  return absl::AlreadyExistsError(absl::StrCat(dir, " holds a notebook already"));
}

// What the server certified, and by whom: the authority that the invitation leads to, with the one
// before it while that is trusted.
struct Certified {
  v1::EnrollResponse response;
  std::string authority_pem;
};

absl::StatusOr<std::string> TrustedAfter(const v1::Invitation& invitation,
                                         const v1::EnrollResponse& response) {
  SOTAY_ASSIGN_OR_RETURN(
      const auto chain,
      seal::AuthoritiesFrom(response.organisation_id(), invitation.authority(),
                            {response.authorities().begin(), response.authorities().end()}));
  SOTAY_ASSIGN_OR_RETURN(const bool issued, seal::IsIssuedBy(response.certificate(), chain.back()));
  if (!issued) {
    return absl::InternalError("the certificate is not by the authority of the invitation");
  }
  SOTAY_ASSIGN_OR_RETURN(std::string pem, seal::CertificatePemOfDer(chain.back()));
  if (chain.size() == 1) return pem;
  SOTAY_ASSIGN_OR_RETURN(const std::string before,
                         seal::CertificatePemOfDer(chain[chain.size() - 2]));
  return absl::StrCat(pem, before);
}

// `device`: of the notebook that is there; nothing: a new one, named after its key.
absl::StatusOr<Certified> AskServer(const v1::Invitation& invitation, const seal::SigningKey& key,
                                    const std::string& device_name,
                                    const absl::optional<sync::DeviceId>& device) {
  GrpcAddress address;
  address.server = invitation.address();
  SOTAY_ASSIGN_OR_RETURN(address.authority_pem, seal::CertificatePemOfDer(invitation.authority()));
  SOTAY_ASSIGN_OR_RETURN(address.certificate_pem,
                         seal::CertificatePemOfDer(invitation.certificate()));
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey bootstrap,
                         seal::SigningKey::FromDer(invitation.private_key()));
  SOTAY_ASSIGN_OR_RETURN(address.key_pem, bootstrap.Pem());
  v1::EnrollRequest request;
  request.set_code(seal::NormalizeCode(invitation.code()));
  request.set_device_name(device_name);
  request.set_follows(true);
  request.set_again(device.has_value());
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_certificate_request(),
                         seal::MakeCertificateRequest(key, ""));
  Certified certified;
  auto enrolled = EnrollOverGrpc(address, request);
  if (enrolled.status().GetPayload(kStrangerUrl).has_value()) {
    return absl::UnavailableError(
        "whoever answers and the invitation are not by one authority: it is another server, or the "
        "invitation is from before the authority was replaced; if it is so in every network, ask "
        "for "
        "a new one");
  }
  SOTAY_ASSIGN_OR_RETURN(certified.response, std::move(enrolled));
  const v1::EnrollResponse& response = certified.response;
  SOTAY_ASSIGN_OR_RETURN(const std::string spki,
                         seal::SpkiOfCertificateDer(response.certificate()));
  if (spki != key.PublicKey() ||
      response.device_id() != device.value_or(seal::DeviceIdOf(key.PublicKey())).view() ||
      response.organisation_id().size() != kOrganisationBytes || response.user_id().empty() ||
      !seal::VerifyingKey::From(response.log_key()).ok()) {
    return absl::InternalError("the server certified something else than it was asked to");
  }
  const auto log_key_hash = seal::Sha256(response.log_key());
  if (!device.has_value() && !invitation.log_key_hash().empty() &&
      invitation.log_key_hash() !=
          absl::string_view(reinterpret_cast<const char*>(log_key_hash.data()),
                            log_key_hash.size())) {
    return absl::FailedPreconditionError(
        "whoever answers has another log key than the invitation says: it is not the office, or "
        "that "
        "replaced the key meanwhile; ask for a new invitation");
  }
  SOTAY_ASSIGN_OR_RETURN(certified.authority_pem, TrustedAfter(invitation, response));
  return certified;
}

// The key of the logs is what tells the office that this notebook knows from whoever sends
// invitations in its name, and would be handed all that is unsent.  The authorities that it signs
// for, PEM.  Here the log's own handovers lead on by themselves: no exchange can go before.
absl::StatusOr<std::string> SignedForUs(const Vault& vault, const std::string& server,
                                        const std::string& organisation_id,
                                        const std::string& log_key) {
  GrpcAddress address;
  address.server = server;
  address.authority_pem = vault.authority_pem();
  address.certificate_pem = vault.certificate_pem();
  SOTAY_ASSIGN_OR_RETURN(address.key_pem, vault.KeyPem());
  SOTAY_ASSIGN_OR_RETURN(const std::string authority, vault.AuthoritySpki());
  // Certified by none: nothing is on disk yet.
  const v1::GetAuthorityRequest request = Asking(authority, log_key);
  const auto told = ConnectGrpc(address)->GetAuthority(request);
  if (absl::IsNotFound(told.status())) {
    return absl::FailedPreconditionError(
        "the server of the invitation never signed with the log key that is known: it is not the "
        "office's; nothing was changed");
  }
  SOTAY_RETURN_IF_ERROR(told.status());
  return vault.Following(organisation_id, request, *told);
}

}  // namespace

absl::Status Found(const std::string& dir, const stored::v1::NotebookMeta& meta,
                   const Surroundings& surroundings) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                         Store::Open(dir, surroundings, /*create=*/true));
  SOTAY_ASSIGN_OR_RETURN(const auto known, store->Meta());
  if (known.has_value()) {
    return absl::AlreadyExistsError(absl::StrCat(dir, " holds a notebook already"));
  }
  StoreBatch batch;
  stored::v1::NotebookMeta written = meta;
  written.set_format(kFormat);
  batch.PutMeta(written);
  return store->Commit(batch);
}

absl::Status Notebook::Enroll(const std::string& dir, const std::string& invitation_text,
                              const std::string& device_name, Surroundings surroundings) {
  SOTAY_ASSIGN_OR_RETURN(const v1::Invitation invitation, seal::Decode(invitation_text));
  SOTAY_ASSIGN_OR_RETURN(const std::string name, CleanText("device name", device_name));
  if (name.empty() || name.size() > sync::kNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("device name: ", name.size(), " bytes; it takes 1 to ", sync::kNameBytesMax));
  }
  SOTAY_RETURN_IF_ERROR(CheckEmpty(dir, surroundings));
  std::error_code failed;
  const bool made = fs::create_directory(dir, failed);
  if (failed) {
    return absl::NotFoundError(absl::StrCat("cannot make ", dir, ": ", failed.message()));
  }
  if (made) fs::permissions(dir, fs::perms::owner_all, failed);
  bool made_key = false;
  const absl::StatusOr<seal::SigningKey> key = Vault::KeyFor(dir, &made_key);
  const absl::StatusOr<Certified> asked =
      key.ok() ? AskServer(invitation, *key, name, absl::nullopt) : key.status();
  if (!asked.ok()) {
    if (made_key) Vault::ForgetKey(dir);
    if (made) fs::remove(dir, failed);
    return asked.status();
  }

  // From here on the code is spent: whatever fails now leaves key and certificate behind.
  const v1::EnrollResponse* const response = &asked->response;
  SOTAY_ASSIGN_OR_RETURN(std::string certificate,
                         seal::CertificatePemOfDer(response->certificate()));
  std::string authority_pem = asked->authority_pem;
  if (!invitation.log_key_hash().empty()) {
    // Somebody who has the authority's key alone could have answered, with the log key that all
    // know. Cut short here, the same invitation is answered again for the key that lies there.
    const Vault invited(*key, certificate, authority_pem);
    SOTAY_ASSIGN_OR_RETURN(authority_pem,
                           SignedForUs(invited, invitation.address(), response->organisation_id(),
                                       response->log_key()));
  }
  const Vault vault(*key, std::move(certificate), std::move(authority_pem));
  SOTAY_RETURN_IF_ERROR(vault.IssuerSpki().status());
  SOTAY_RETURN_IF_ERROR(vault.SaveCertificates(dir));
  stored::v1::NotebookMeta meta;
  meta.set_device_id(response->device_id());
  meta.set_organisation_id(response->organisation_id());
  meta.set_user_id(response->user_id());
  meta.set_full_name(response->full_name());
  meta.set_server(invitation.address());
  meta.set_log_key(response->log_key());
  return Found(dir, meta, surroundings);
}

absl::Status Notebook::EnrollAgain(const std::string& dir, const std::string& invitation_text,
                                   Surroundings surroundings) {
  SOTAY_ASSIGN_OR_RETURN(const v1::Invitation invitation, seal::Decode(invitation_text));
  // Held to the end: nobody else has the notebook open while its papers change.
  auto store = Store::Open(dir, surroundings, /*create=*/false);
  if (absl::IsNotFound(store.status())) {
    return absl::NotFoundError(absl::StrCat("there is no notebook in ", dir, "; enrol first"));
  }
  if (!store.ok()) return store.status();
  SOTAY_ASSIGN_OR_RETURN(const auto meta, (*store)->Meta());
  if (!meta.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("the enrolment of ", dir, " was not finished; enrol again without --again"));
  }
  SOTAY_ASSIGN_OR_RETURN(const std::shared_ptr<const Vault> vault, Vault::Open(dir));
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, Vault::KeyFor(dir));
  const auto device = sync::DeviceId::From(meta->device_id());
  if (!device.has_value() || vault->device() != *device) {
    return absl::DataLossError(
        "the device key is not the one this notebook was made with; enrol anew");
  }
  SOTAY_ASSIGN_OR_RETURN(const auto handovers, (*store)->Handovers());
  const std::string& log_key = handovers.empty() ? meta->log_key() : handovers.back().key();
  if (log_key.empty()) {
    return absl::FailedPreconditionError(
        "this notebook was made before it held the key of the logs, and cannot tell its office "
        "from "
        "another that invites it; enrol anew in another directory, and read this one there");
  }
  SOTAY_ASSIGN_OR_RETURN(const Certified certified, AskServer(invitation, key, "again", device));
  if (certified.response.organisation_id() != meta->organisation_id() ||
      certified.response.user_id() != meta->user_id()) {
    return absl::FailedPreconditionError(
        "the invitation is of another organisation, or for somebody else; nothing was changed");
  }
  SOTAY_ASSIGN_OR_RETURN(std::string certificate,
                         seal::CertificatePemOfDer(certified.response.certificate()));
  const Vault invited(key, certificate, certified.authority_pem, vault->rolls());
  SOTAY_ASSIGN_OR_RETURN(
      const std::string signed_for,
      SignedForUs(invited, invitation.address(), meta->organisation_id(), log_key));
  SOTAY_ASSIGN_OR_RETURN(std::string authority_pem, vault->NotBefore(signed_for));
  const Vault next(key, std::move(certificate), std::move(authority_pem), vault->rolls());
  if (!next.IssuerSpki().ok()) {
    return absl::FailedPreconditionError(
        "the invitation is by an authority that was replaced; ask for a new one.  Nothing was "
        "changed");
  }
  // Cut short between the two files, the same invitation is answered again.
  return next.SaveCertificates(dir);
}

}  // namespace sotay::sdk
