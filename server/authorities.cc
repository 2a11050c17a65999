#include "server/authorities.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/administration.h"
#include "server/config.h"
#include "server/refusal.h"
#include "sync/seal/authority.h"
#include "sync/seal/certificate.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHandoversBytesMax = 16 << 20;
constexpr unsigned kHandoversMode = 0644;
constexpr size_t kCertificateFileBytesMax = 64 * 1024;
// As long as one may be.
constexpr uint32_t kInvitationAtTheEndS = 604'800;

using Handovers = std::vector<v1::AuthorityHandover>;

// Whether the later was put in the place of the earlier, whose key was lost.
bool IsInstead(const v1::AuthorityHandover& later, const v1::AuthorityHandover& earlier) {
  return later.previous_certificate() == earlier.previous_certificate();
}

// Each signed by both, from the first; the trust in all but the newest has ended, or their key was
// lost.
absl::Status CheckChain(const std::string& organisation_id, const Handovers& handovers) {
  if (handovers.empty()) return absl::OkStatus();
  if (handovers.front().number() != 1) {
    return absl::DataLossError("the first handover of the authority is missing");
  }
  const auto chain =
      seal::AuthoritiesFrom(organisation_id, handovers.front().previous_certificate(), handovers);
  if (!chain.ok()) return absl::DataLossError(chain.status().message());
  for (size_t i = 0; i + 1 < handovers.size(); ++i) {
    if (handovers[i].finished_ms() == 0 && !IsInstead(handovers[i + 1], handovers[i])) {
      return absl::DataLossError(
          absl::StrCat("handover ", i + 1, " of the authority was followed before it ended"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Handovers> Beside(const std::string& data) {
  const auto bytes = seal::ReadWholeFile(AuthoritiesPath(data), kHandoversBytesMax);
  if (absl::IsNotFound(bytes.status())) return Handovers();
  if (!bytes.ok()) return bytes.status();
  v1::AuthorityHandovers all;
  if (!all.ParseFromString(*bytes)) {
    return absl::DataLossError(absl::StrCat(AuthoritiesPath(data), " cannot be read"));
  }
  return Handovers(all.handovers().begin(), all.handovers().end());
}

absl::Status PutBeside(const std::string& data, const Handovers& handovers) {
  v1::AuthorityHandovers all;
  for (const v1::AuthorityHandover& handover : handovers) *all.add_handovers() = handover;
  const std::string bytes = all.SerializeAsString();
  const auto there = seal::ReadWholeFile(AuthoritiesPath(data), kHandoversBytesMax);
  if (there.ok() ? *there == bytes : handovers.empty()) return absl::OkStatus();
  return seal::WriteWholeFile(AuthoritiesPath(data), bytes, kHandoversMode);
}

absl::Status Put(Store* store, const Handovers& handovers,
                 const std::vector<stored::v1::Ticket>& tickets = {}) {
  Tables changed;
  changed.authorities = handovers;
  changed.tickets = tickets;
  Sheet sheet;
  store->Fill(&sheet, changed);
  return store->Write(&sheet);
}

// What the store has and what lies beside the key, where the one is older than the other: a store
// that was restored, or a directory that was.
absl::StatusOr<Handovers> Joined(const Handovers& stored, const Handovers& beside) {
  Handovers joined = stored;
  for (size_t i = 0; i < beside.size(); ++i) {
    if (i == joined.size()) {
      joined.push_back(beside[i]);
      continue;
    }
    if (beside[i].signature() != joined[i].signature()) {
      return absl::DataLossError(absl::StrCat(
          "handover ", i + 1, " of the authority is another in the store than beside ca.key"));
    }
    if (joined[i].finished_ms() == 0) joined[i].set_finished_ms(beside[i].finished_ms());
  }
  return joined;
}

bool Same(const Handovers& a, const Handovers& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.signature() == y.signature() && x.finished_ms() == y.finished_ms();
  });
}

absl::Status Missing(const std::string& dir) {
  return absl::FailedPreconditionError(
      absl::StrCat("the authority in ", dir,
                   " is missing, or not the one that devices were told of; put ca/ back from where "
                   "keys are kept"));
}

// The authority of a directory, if there is one and it is this; half of one is none.  What cannot
// be looked at is not missing.
absl::StatusOr<absl::optional<Authority>> AuthorityIn(const std::string& dir,
                                                      const std::string& certificate) {
  absl::StatusOr<Authority> there = Authority::Open(dir);
  if (absl::IsNotFound(there.status()) || absl::IsInvalidArgument(there.status())) {
    return absl::optional<Authority>();
  }
  if (!there.ok()) return there.status();
  if (there->certificate_der() != certificate) return absl::optional<Authority>();
  return absl::optional<Authority>(*std::move(there));
}

// The copy in ca/next of what ca/ has by now, also half of it.  One that waits for the next roll
// stays.
void ForgetNext(const std::string& data, const std::string& certificate) {
  const auto pem =
      seal::ReadWholeFile(NextAuthorityPath(data) + "/ca.crt", kCertificateFileBytesMax);
  const auto der = pem.ok() ? seal::CertificateDerOfPem(*pem) : pem.status();
  if (!der.ok() || *der != certificate) return;
  // The certificate last: by it the rest is known for what it is.
  std::error_code ignored;
  std::filesystem::remove(NextAuthorityPath(data) + "/ca.key", ignored);
  std::filesystem::remove_all(NextAuthorityPath(data), ignored);
}

// The one that ended is replaced, and its key with it.
absl::StatusOr<Authority> Replaced(const std::string& data, const std::string& certificate) {
  SOTAY_ASSIGN_OR_RETURN(auto there, AuthorityIn(AuthorityPath(data), certificate));
  if (!there.has_value()) {
    SOTAY_ASSIGN_OR_RETURN(there, AuthorityIn(NextAuthorityPath(data), certificate));
    if (!there.has_value()) return Missing(AuthorityPath(data));
    SOTAY_RETURN_IF_ERROR(there->Save(AuthorityPath(data)));
  }
  ForgetNext(data, certificate);
  return *std::move(there);
}

// What lies in ca/next and was never signed: of an attempt that was cut short, whenever, or half of
// what was lost.
absl::Status ClearNext(const std::string& data) {
  std::error_code failed;
  std::filesystem::remove_all(NextAuthorityPath(data), failed);
  if (!failed) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot clear ", NextAuthorityPath(data), ": ", failed.message()));
}

}  // namespace

std::string Authorities::RootsPem() const {
  std::string pem;
  for (auto at = handovers.rbegin(); AreTwo() && at != handovers.rend(); ++at) {
    // A device may have a certificate by one that was lost since, and no other.
    if (!IsInstead(*at, handovers.back())) break;
    const auto root = seal::CertificatePemOfDer(at->certificate());
    if (root.ok()) pem.append(*root);
  }
  return absl::StrCat(pem, serving.certificate_pem());
}

const Authority& Authorities::For(absl::string_view trusted) const {
  return trusted == newest().spki() ? newest() : serving;
}

absl::optional<uint64_t> Authorities::NumberOf(absl::string_view spki) const {
  for (size_t number = handovers.size(); number > 0; --number) {
    const auto of = seal::SpkiOfCertificateDer(handovers[number - 1].certificate());
    if (of.ok() && *of == spki) return number;
  }
  const auto first = handovers.empty()
                         ? absl::StatusOr<std::string>(serving.spki())
                         : seal::SpkiOfCertificateDer(handovers.front().previous_certificate());
  if (first.ok() && *first == spki) return 0;
  return absl::nullopt;
}

std::vector<v1::AuthorityHandover> Authorities::Open() const {
  if (!next.has_value()) return {};
  return {handovers.back()};
}

absl::StatusOr<Authorities> OpenAuthorities(const std::string& data, Store* store) {
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  SOTAY_ASSIGN_OR_RETURN(const Handovers beside, Beside(data));
  SOTAY_ASSIGN_OR_RETURN(Handovers handovers, Joined(tables.authorities, beside));
  SOTAY_RETURN_IF_ERROR(CheckChain(tables.meta->organisation_id(), handovers));
  if (!handovers.empty() && handovers.back().finished_ms() == 0) {
    // The store and the handovers were put back from while both were trusted; ca/ is of after.
    v1::AuthorityHandover& open = handovers.back();
    SOTAY_ASSIGN_OR_RETURN(const auto ended, AuthorityIn(AuthorityPath(data), open.certificate()));
    if (ended.has_value()) open.set_finished_ms(std::max<int64_t>(open.handed_ms(), 1));
  }
  if (!Same(handovers, tables.authorities)) SOTAY_RETURN_IF_ERROR(Put(store, handovers));
  SOTAY_RETURN_IF_ERROR(PutBeside(data, handovers));
  if (handovers.empty()) {
    SOTAY_ASSIGN_OR_RETURN(Authority first, Authority::Open(AuthorityPath(data)));
    return Authorities{std::move(first), absl::nullopt, {}};
  }
  const v1::AuthorityHandover& last = handovers.back();
  if (last.finished_ms() != 0) {
    SOTAY_ASSIGN_OR_RETURN(Authority newest, Replaced(data, last.certificate()));
    return Authorities{std::move(newest), absl::nullopt, handovers};
  }
  SOTAY_ASSIGN_OR_RETURN(auto serving,
                         AuthorityIn(AuthorityPath(data), last.previous_certificate()));
  if (!serving.has_value()) return Missing(AuthorityPath(data));
  // Nobody stands still for what was to follow: NextIsLost.
  SOTAY_ASSIGN_OR_RETURN(auto next, AuthorityIn(NextAuthorityPath(data), last.certificate()));
  return Authorities{*std::move(serving), std::move(next), handovers};
}

absl::StatusOr<v1::AuthorityHandover> RollAuthority(const std::string& data, Store* store,
                                                    const std::string& reason, int64_t now_ms) {
  SOTAY_RETURN_IF_ERROR(CheckName("reason", reason));
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store));
  if (authorities.next.has_value()) {
    return absl::FailedPreconditionError(
        "the authority is being replaced already; end that first with sotayd keys "
        "finish-authority");
  }
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  SOTAY_RETURN_IF_ERROR(ClearNext(data));
  SOTAY_ASSIGN_OR_RETURN(
      const Authority next,
      authorities.serving.Successor(NextAuthorityPath(data), absl::FromUnixMillis(now_ms)));
  absl::Time latest = authorities.serving.not_after();
  if (authorities.NextIsLost()) {
    SOTAY_ASSIGN_OR_RETURN(const auto lost,
                           seal::ReadCertificate(authorities.handovers.back().certificate()));
    latest = std::max(latest, absl::FromUnixMillis(lost.not_after_ms));
  }
  // By which of two ends later a device knows which is newer.
  if (next.not_after() <= latest) {
    SOTAY_RETURN_IF_ERROR(ClearNext(data));
    const auto day = [](absl::Time of) {
      return absl::FormatTime("%Y-%m-%d %H:%M:%S", of, absl::UTCTimeZone());
    };
    return absl::FailedPreconditionError(absl::StrCat(
        "the new authority would end on ", day(next.not_after()), ", and the one before it on ",
        day(latest), ": the clock of this machine is wrong, or was; put it right"));
  }
  v1::AuthorityHandover handover;
  handover.set_number(authorities.handovers.size() + 1);
  handover.set_previous_certificate(authorities.serving.certificate_der());
  handover.set_certificate(next.certificate_der());
  handover.set_reason(reason);
  handover.set_handed_ms(now_ms);
  const std::string text = seal::AuthorityHandoverText(tables.meta->organisation_id(), handover);
  SOTAY_ASSIGN_OR_RETURN(*handover.mutable_previous_signature(), authorities.serving.Sign(text));
  SOTAY_ASSIGN_OR_RETURN(*handover.mutable_signature(), next.Sign(text));
  Handovers all = authorities.handovers;
  all.push_back(handover);
  // What nobody could follow must not be on disk.
  SOTAY_RETURN_IF_ERROR(CheckChain(tables.meta->organisation_id(), all));
  SOTAY_RETURN_IF_ERROR(Put(store, {handover}));
  // Read back, and the rest as a start would do it.
  SOTAY_RETURN_IF_ERROR(OpenAuthorities(data, store).status());
  return handover;
}

absl::StatusOr<AuthorityEnded> FinishAuthority(const std::string& data, Store* store, bool anyway,
                                               int64_t now_ms) {
  SOTAY_ASSIGN_OR_RETURN(const Authorities authorities, OpenAuthorities(data, store));
  if (authorities.NextIsLost()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the key of the new authority is not in ", NextAuthorityPath(data),
                     "; put that back from where keys are kept, or put another in its place with "
                     "sotayd keys roll-authority"));
  }
  if (!authorities.AreTwo()) {
    return absl::FailedPreconditionError(
        "no authority is being replaced; begin with sotayd keys roll-authority");
  }
  SOTAY_ASSIGN_OR_RETURN(const Tables tables, store->LoadTables());
  const AuthorityFollowers followers = FollowersOf(tables, now_ms);
  if (followers.left() != 0 && !anyway) {
    return absl::FailedPreconditionError(absl::StrCat(
        followers.trusting.size() + followers.behind.size(), " active and ", followers.late.size(),
        " revoked or forked devices have no certificate by the new authority and could not connect "
        "any more, nor hand in what they have; let them synchronise, or say --anyway and invite "
        "them again"));
  }
  // Somebody has to be able to invite.
  AuthorityEnded ended;
  std::vector<stored::v1::Ticket> tickets;
  const v1::User* const shut_out = AdministratorShutOut(tables, followers);
  if (shut_out != nullptr && !anyway) {
    return absl::FailedPreconditionError(
        "no administrator's device has a certificate by the new authority, and nobody could invite "
        "anybody any more; run any command of sotayctl there, or say --anyway, which writes an "
        "invitation for one");
  }
  if (shut_out != nullptr) {
    SOTAY_ASSIGN_OR_RETURN(const Config config, LoadConfig(data));
    SOTAY_ASSIGN_OR_RETURN(const Invited invited,
                           Invite(*authorities.next, tables.meta->log_key(), config.address,
                                  *shut_out, kInvitationAtTheEndS, now_ms));
    SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(FirstInvitationPath(data),
                                               absl::StrCat(invited.invitation, "\n"), 0600));
    tickets.push_back(invited.ticket);
    ended.invited = shut_out->user_id();
  }
  ended.handover = authorities.handovers.back();
  ended.handover.set_finished_ms(std::max<int64_t>(now_ms, 1));
  SOTAY_RETURN_IF_ERROR(Put(store, {ended.handover}, tickets));
  SOTAY_RETURN_IF_ERROR(OpenAuthorities(data, store).status());
  return ended;
}

std::vector<std::string> AuthorityFaults(const Tables& tables) {
  std::vector<std::string> faults;
  const absl::Status chain = CheckChain(tables.meta->organisation_id(), tables.authorities);
  if (!chain.ok()) faults.push_back(std::string(chain.message()));
  const uint64_t newest = tables.authorities.size();
  for (const stored::v1::DeviceRow& row : tables.devices) {
    if (row.authority_certified() <= row.authority_trusted() && row.authority_trusted() <= newest) {
      continue;
    }
    faults.push_back(absl::StrCat("device ", absl::BytesToHexString(row.device_id().substr(0, 4)),
                                  ": is certified by authority ", row.authority_certified() + 1,
                                  ", and trusts up to ", row.authority_trusted() + 1, " of ",
                                  newest + 1));
  }
  return faults;
}

}  // namespace sotay::server
