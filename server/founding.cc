#include "server/founding.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/administration.h"
#include "server/event_log.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/seal/certificate.h"
#include "sync/seal/random.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kCertificateBytesMax = 64 * 1024;
constexpr absl::Duration kRenewBefore = absl::Hours(24 * 60);

std::string RandomId() {
  std::string id(kIdBytes, '\0');
  seal::RandomBytes(id.data(), id.size());
  return id;
}

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  const int error = errno;
  return absl::ErrnoToStatus(error, absl::StrCat("making ", path));
}

absl::StatusOr<Authority> OpenOrCreate(const std::string& data, const std::string& organisation,
                                       absl::Time now) {
  absl::StatusOr<Authority> created = Authority::Create(AuthorityPath(data), organisation, now);
  if (!absl::IsAlreadyExists(created.status())) return created;
  return Authority::Open(AuthorityPath(data));  // of an attempt that was cut short
}

absl::StatusOr<seal::SigningKey> LoadOrMake(const std::string& path) {
  absl::StatusOr<seal::SigningKey> key = seal::SigningKey::Load(path);
  if (!absl::IsNotFound(key.status())) return key;
  SOTAY_ASSIGN_OR_RETURN(key, seal::SigningKey::Generate());
  SOTAY_RETURN_IF_ERROR(key->Save(path));
  return key;
}

Tables FirstTables(const v1::User& administrator, const stored::v1::Ticket& ticket,
                   const seal::SigningKey& log_key, int64_t now_ms) {
  Tables tables;
  stored::v1::StoreMeta& meta = tables.meta.emplace();
  meta.set_format(kStoreFormat);
  meta.set_organisation_id(RandomId());
  meta.set_epoch(RandomId());
  meta.set_created_ms(now_ms);
  meta.set_directory_revision(1);
  meta.set_log_key(log_key.PublicKey());
  tables.users.push_back(administrator);
  tables.tickets.push_back(ticket);
  return tables;
}

}  // namespace

absl::StatusOr<std::string> Found(const std::string& data, const Founding& founding,
                                  int64_t now_ms) {
  v1::User administrator;
  administrator.set_user_id(founding.administrator);
  administrator.set_full_name(founding.administrator_name);
  administrator.add_memberships()->set_role(options::v1::ROLE_ADMINISTRATOR);
  SOTAY_RETURN_IF_ERROR(CheckUser(administrator));
  SOTAY_ASSIGN_OR_RETURN(const HostAndPort reached, SplitAddress(founding.address));
  if (reached.port == 0) {
    return absl::InvalidArgumentError(
        "address: port 0 is for listening; phones need the port they will connect to");
  }
  Config config;
  config.address = founding.address;
  config.listen =
      founding.listen.empty() ? absl::StrCat("0.0.0.0:", reached.port) : founding.listen;
  SOTAY_RETURN_IF_ERROR(SplitAddress(config.listen).status());
  config.names = founding.names;
  if (std::find(config.names.begin(), config.names.end(), reached.host) == config.names.end()) {
    config.names.insert(config.names.begin(), reached.host);
  }

  SOTAY_RETURN_IF_ERROR(MakeDirectory(data));
  const auto existing = Store::Open(StorePath(data), durable::StoreOptions(), nullptr);
  if (existing.ok()) {
    return absl::AlreadyExistsError(
        absl::StrCat("there is a store in ", data, " already; it was not touched"));
  }
  if (!absl::IsNotFound(existing.status())) return existing.status();
  SOTAY_ASSIGN_OR_RETURN(const Authority authority,
                         OpenOrCreate(data, founding.organisation, absl::FromUnixMillis(now_ms)));
  SOTAY_RETURN_IF_ERROR(OpenServerIdentity(data, authority, config.names, now_ms).status());
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey log_key, LoadOrMake(LogKeyPath(data)));
  SOTAY_RETURN_IF_ERROR(SaveConfig(data, config));
  SOTAY_ASSIGN_OR_RETURN(const Invited invited,
                         Invite(authority, log_key.PublicKey(), founding.address, administrator,
                                founding.invitation_valid_s, now_ms));
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(FirstInvitationPath(data),
                                             absl::StrCat(invited.invitation, "\n"), 0600));
  // Last, so that a store means: everything else is there.
  SOTAY_RETURN_IF_ERROR(Store::Create(StorePath(data), durable::StoreOptions(),
                                      FirstTables(administrator, invited.ticket, log_key, now_ms)));
  return invited.invitation;
}

absl::StatusOr<ServerIdentity> OpenServerIdentity(const std::string& data,
                                                  const Authority& authority,
                                                  const std::vector<std::string>& names,
                                                  int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey key, LoadOrMake(ServerKeyPath(data)));
  ServerIdentity identity;
  SOTAY_ASSIGN_OR_RETURN(identity.key_pem, key.Pem());

  const std::string certificate_path = ServerCertificatePath(data);
  absl::StatusOr<std::string> pem = seal::ReadWholeFile(certificate_path, kCertificateBytesMax);
  if (pem.ok()) {
    const absl::StatusOr<std::string> der = seal::CertificateDerOfPem(*pem);
    const absl::StatusOr<seal::Certificate> certificate =
        der.ok() ? seal::ReadCertificate(*der) : der.status();
    const auto ours = der.ok() ? seal::IsIssuedBy(*der, authority.certificate_der())
                               : absl::StatusOr<bool>(der.status());
    if (certificate.ok() && ours.ok() && *ours && certificate->spki == key.PublicKey() &&
        certificate->not_after_ms > now_ms + absl::ToInt64Milliseconds(kRenewBefore)) {
      identity.certificate_pem = *std::move(pem);
      return identity;
    }
  } else if (!absl::IsNotFound(pem.status())) {
    return pem.status();
  }
  SOTAY_ASSIGN_OR_RETURN(identity.certificate_pem,
                         authority.IssueServer(names, key, absl::FromUnixMillis(now_ms)));
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(certificate_path, identity.certificate_pem, 0644));
  Say(Severity::kInfo, "certificate_issued", {{"names", names.size()}});
  return identity;
}

}  // namespace sotay::server
