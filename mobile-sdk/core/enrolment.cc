#include "mobile-sdk/core/enrolment.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/edits.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/store.h"
#include "mobile-sdk/core/vault.h"
#include "sync/limits.h"
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

absl::StatusOr<v1::EnrollResponse> AskServer(const v1::Invitation& invitation,
                                             const seal::SigningKey& key,
                                             const std::string& device_name) {
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
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_certificate_request(),
                         seal::MakeCertificateRequest(key, ""));
  SOTAY_ASSIGN_OR_RETURN(v1::EnrollResponse response, EnrollOverGrpc(address, request));
  SOTAY_ASSIGN_OR_RETURN(const std::string certified,
                         seal::SpkiOfCertificateDer(response.certificate()));
  if (certified != key.PublicKey() ||
      response.device_id() != seal::DeviceIdOf(key.PublicKey()).view() ||
      response.organisation_id().size() != kOrganisationBytes || response.user_id().empty() ||
      !seal::VerifyingKey::From(response.log_key()).ok()) {
    return absl::InternalError("the server certified something else than it was asked to");
  }
  return response;
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
  const absl::StatusOr<seal::SigningKey> key = Vault::KeyFor(dir);
  absl::StatusOr<v1::EnrollResponse> response =
      key.ok() ? AskServer(invitation, *key, name) : key.status();
  if (!response.ok()) {
    if (key.ok()) Vault::ForgetKey(dir);
    if (made) fs::remove(dir, failed);
    return response.status();
  }

  // From here on the code is spent: whatever fails now leaves key and certificate behind.
  SOTAY_ASSIGN_OR_RETURN(std::string certificate,
                         seal::CertificatePemOfDer(response->certificate()));
  SOTAY_ASSIGN_OR_RETURN(std::string authority, seal::CertificatePemOfDer(invitation.authority()));
  const Vault vault(*key, std::move(certificate), std::move(authority));
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

}  // namespace sotay::sdk
