#include "server/rpc.h"

#include <grpc/grpc_security_constants.h>

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "server/event_log.h"
#include "sync/seal/certificate.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// The sentence for what is wrong with us.
absl::string_view OursToKnow(absl::StatusCode code) {
  return code == absl::StatusCode::kDataLoss
             ? "the server's store is damaged here; its administrator must look at it"
             : "the server failed; its administrator must look at it";
}

// The key in a certificate is the same on every call of a connection, and to take a certificate
// apart costs as much as to judge twenty notes.  Holds nothing of who may do what.
class KeyHashes {
 public:
  absl::StatusOr<std::string> Of(absl::string_view pem) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      const auto at = hashes_.find(pem);
      if (at != hashes_.end()) return at->second;
    }
    const absl::StatusOr<std::string> spki = seal::SpkiOfCertificatePem(pem);
    if (!spki.ok()) return spki.status();
    std::string hash = HashOfKey(*spki);
    absl::MutexLock lock(&mutex_);
    if (hashes_.size() >= kKept) hashes_.clear();
    hashes_.emplace(pem, hash);
    return hash;
  }

 private:
  static constexpr size_t kKept = 4'096;  // about a kilobyte each

  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, std::string> hashes_ ABSL_GUARDED_BY(mutex_);
};

// The certificate the peer proved to hold.
absl::StatusOr<std::string> CertificateOf(const grpc::CallbackServerContext& context) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr) return DeviceUnknown();
  const std::vector<grpc::string_ref> pem =
      auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.size() != 1) return DeviceUnknown();
  return std::string(pem[0].data(), pem[0].size());
}

// The revoked device whose key it is.
absl::StatusOr<Caller> RevokedOf(const Directory& directory, absl::string_view key_hash) {
  const absl::optional<sync::DeviceId> holder = directory.HolderOf(key_hash);
  if (!holder.has_value()) return DeviceUnknown();
  const sync::DeviceId& id = *holder;
  auto row = directory.Device(id);
  if (row == nullptr || row->state() != v1::DEVICE_STATE_REVOKED) return DeviceUnknown();
  auto person = directory.FindPerson(row->user_id());
  if (person == nullptr) return DeviceUnknown();
  return Caller{id, std::move(row), std::move(person)};
}

}  // namespace

absl::StatusOr<std::string> KeyHashOf(const grpc::CallbackServerContext& context) {
  SOTAY_ASSIGN_OR_RETURN(const std::string pem, CertificateOf(context));
  static auto* const hashes = new KeyHashes();
  absl::StatusOr<std::string> hash = hashes->Of(pem);
  if (!hash.ok()) return DeviceUnknown();
  return hash;
}

absl::StatusOr<Caller> SenderOf(Directory* directory, const grpc::CallbackServerContext& context,
                                int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const std::string key_hash, KeyHashOf(context));
  directory->TurnTo(now_ms);
  absl::StatusOr<Caller> caller = directory->CallerOf(key_hash);
  if (caller.ok() || DetailOf(caller.status()).reason() != v1::REASON_DEVICE_REVOKED) return caller;
  return RevokedOf(*directory, key_hash);
}

absl::StatusOr<Caller> CallerOf(Directory* directory, const grpc::CallbackServerContext& context,
                                int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const std::string key_hash, KeyHashOf(context));
  directory->TurnTo(now_ms);
  SOTAY_ASSIGN_OR_RETURN(Caller caller, directory->CallerOf(key_hash));
  if (caller.row->state() == v1::DEVICE_STATE_FORKED) return DeviceForked();
  directory->TouchAt(caller.device, now_ms);
  return caller;
}

grpc::Status ToGrpc(const absl::Status& status, absl::string_view method) {
  if (status.ok()) return grpc::Status::OK;
  const v1::ErrorDetail detail = DetailOf(status);
  const auto code = static_cast<grpc::StatusCode>(status.code());
  std::string message(status.message());
  if (detail.reason() == v1::REASON_UNSPECIFIED) {
    SayBounded(Severity::kError, "call_failed",
               {{"method", method}, {"code", code}, {"message", message}});
    message = std::string(OursToKnow(status.code()));
  } else {
    SayBounded(Severity::kInfo, "call_refused",
               {{"method", method}, {"code", code}, {"reason", v1::Reason_Name(detail.reason())}});
  }
  v1::StatusDetails details;
  details.set_code(code);
  details.set_message(message);
  details.add_details()->PackFrom(detail);
  return grpc::Status(code, message, details.SerializeAsString());
}

}  // namespace sotay::server
