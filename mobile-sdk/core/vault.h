// The device's key and what certifies it.  The key never leaves the phone; it signs pushes, and
// it is the phone's side of every TLS connection.
//
// In the notebook's directory: `device.key` (PKCS#8 PEM, mode 0600), `device.pem` (the device's
// certificate) and `authority.pem` (the only root it trusts).  Immutable; any thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "sync/ids.h"
#include "sync/seal/key.h"
#include "sync/seal/seal.h"

namespace sotay::sdk {

class Vault {
 public:
  Vault(seal::SigningKey key, std::string certificate_pem, std::string authority_pem);

  // From the files in `dir`.  kNotFound when one is missing, kFailedPrecondition when strangers
  // may read the key, kInvalidArgument when one cannot be read or they do not belong together.
  static absl::StatusOr<std::shared_ptr<const Vault>> Open(const std::string& dir);

  // The key in `dir`, from an enrolment that was cut short, or a new one, saved there.  So
  // whatever the server certified, the key is on disk before.
  static absl::StatusOr<seal::SigningKey> KeyFor(const std::string& dir);
  // Undoes KeyFor, after an enrolment that failed.
  static void ForgetKey(const std::string& dir);

  // Writes the certificates beside the key that KeyFor put there.
  absl::Status SaveCertificates(const std::string& dir) const;

  // The device's id, as it follows from the key.
  const sync::DeviceId& device() const { return device_; }
  // 64 bytes over SealText(push).  kInternal when the push cannot be sealed.
  absl::StatusOr<std::string> Sign(const seal::PushSeal& push) const;

  // For TLS.  The key's text is secret.
  absl::StatusOr<std::string> KeyPem() const { return key_.Pem(); }
  const std::string& certificate_pem() const { return certificate_pem_; }
  const std::string& authority_pem() const { return authority_pem_; }

 private:
  const seal::SigningKey key_;
  const sync::DeviceId device_;
  const std::string certificate_pem_;
  const std::string authority_pem_;
};

}  // namespace sotay::sdk
