#include "server/secrecy.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/administration.h"
#include "server/blobs.h"
#include "server/dossiers.h"
#include "server/event_log.h"
#include "server/purge.h"
#include "server/reason.h"
#include "server/refusal.h"
#include "sync/absorb.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// What is longer every phone would refuse, with the whole of its answer.
using sync::kAliasBytesMax;
using sync::kHolderBytesMax;

absl::Status CheckSealing(const v1::SealDossierRequest& request) {
  if (request.alias().empty()) return Malformed("alias: what is it to be called?");
  if (request.alias().size() > kAliasBytesMax) {
    return TooLarge("alias: bytes", request.alias().size(), kAliasBytesMax, "shorten it");
  }
  if (request.holder().empty()) return Malformed("holder: where is the paper file?");
  if (request.holder().size() > kHolderBytesMax) {
    return TooLarge("holder: bytes", request.holder().size(), kHolderBytesMax, "shorten it");
  }
  return CheckReason(request.reason());
}

// Whether the person answers for it; asked as well where there is none, of another.
bool AnswersFor(const Directory& directory, const Person& person,
                const Directory::SecretToJudge& secret) {
  return secret.to_judge != nullptr && MaySealIn(directory, person, secret.to_judge->unit_id());
}

// The sealed dossier, for an administrator.
absl::StatusOr<stored::v1::SecretRow> SecretForAdministrator(const Directory& directory,
                                                             const Person& person,
                                                             const std::string& dossier) {
  SOTAY_RETURN_IF_ERROR(CheckAdministrator(person));
  if (dossier.size() != sync::RecordId::kSize) return Malformed("dossier_id is not 16 bytes");
  const Directory::Secret row = directory.SecretOf(dossier);
  if (row == nullptr) return NotFound("the sealed dossier");
  return *row;
}

void Add(v1::SecretActKind kind, const Pen& pen, const Person& person, const std::string& reason,
         stored::v1::SecretRow* row) {
  v1::SecretAct* const act = row->add_acts();
  act->set_kind(kind);
  act->set_by(person.user.user_id());
  act->set_done_ms(pen.now_ms());
  act->set_reason(reason);
}

const v1::SecretAct* Newest(const stored::v1::SecretRow& row, v1::SecretActKind kind) {
  const auto at = std::find_if(row.acts().rbegin(), row.acts().rend(),
                               [kind](const auto& act) { return act.kind() == kind; });
  return at == row.acts().rend() ? nullptr : &*at;
}

bool HasAsked(const stored::v1::SecretRow& row, const Person& person) {
  return std::any_of(row.acts().begin(), row.acts().end(), [&](const auto& act) {
    return act.kind() == v1::SECRET_ACT_KIND_DESTRUCTION_ASKED && act.by() == person.user.user_id();
  });
}

// By somebody who may still ask.
bool IsAskedByAnother(const Directory& directory, const stored::v1::SecretRow& row,
                      const Person& person) {
  return std::any_of(row.acts().begin(), row.acts().end(), [&](const auto& act) {
    if (act.kind() != v1::SECRET_ACT_KIND_DESTRUCTION_ASKED || act.by() == person.user.user_id()) {
      return false;
    }
    const auto asked = directory.FindPerson(act.by());
    return asked != nullptr && MaySealIn(directory, *asked, row.unit_id());
  });
}

absl::Status Save(Pen* pen, const stored::v1::SecretRow& row) {
  Tables tables;
  tables.secrets.push_back(row);
  return pen->Commit(tables);
}

// What comes of going on: that somebody still reads is no failure of what was done.
absl::Status GoOn(Pen* pen) {
  absl::Status status = GoOnWithPurges(pen);
  return absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

}  // namespace

absl::StatusOr<Directory::Secret> SecretFor(const Directory& directory, const Person& person,
                                            const std::string& dossier) {
  if (dossier.size() != sync::RecordId::kSize) return Malformed("dossier_id is not 16 bytes");
  Directory::SecretToJudge secret = directory.SecretToJudgeOf(dossier);
  const bool answers = AnswersFor(directory, person, secret);
  if (secret.asked == nullptr || !answers) return NotFound("the sealed dossier");
  return std::move(secret.asked);
}

absl::StatusOr<v1::SealDossierResponse> SealDossier(Pen* pen, const Person& person,
                                                    const v1::SealDossierRequest& request) {
  const Directory& directory = pen->directory();
  pen->Settle();
  SOTAY_RETURN_IF_ERROR(CheckSealing(request));
  v1::SealDossierResponse response;
  const auto answer = [&](const std::string& dossier) -> absl::StatusOr<v1::SealDossierResponse> {
    SOTAY_ASSIGN_OR_RETURN(const Directory::Secret row, SecretFor(directory, person, dossier));
    *response.mutable_sealed() =
        SealedViewOf(directory, pen->store().blobs(), *row, /*whole=*/true);
    return response;
  };
  const Directory::SecretToJudge secret = directory.SecretToJudgeWith(request.record_id());
  const bool answers = AnswersFor(directory, person, secret);
  if (const Directory::Secret& known = secret.asked; known != nullptr) {
    // To others it is answered as what is not there, and after the same work.
    if (!answers) {
      DossierOf(directory, &pen->store(), person, request.record_id(), sync::Verb::kSeal)
          .IgnoreError();
      return NotFound("the record");
    }
    SOTAY_RETURN_IF_ERROR(answer(known->dossier_id()).status());
    const v1::DossierAct& act = response.sealed().act();
    if (act.sealed().alias() == request.alias() && act.sealed().holder() == request.holder()) {
      return response;
    }
    return CannotBe(v1::REASON_EXISTS,
                    absl::StrCat("it was sealed as ", act.sealed().alias(), " by ", act.set_by()));
  }
  SOTAY_ASSIGN_OR_RETURN(
      const RuledDossier dossier,
      DossierOf(directory, &pen->store(), person, request.record_id(), sync::Verb::kSeal));
  if (!dossier.verdict.allowed()) {
    return RoleMayNot(absl::StrCat(
        "that it proved to be secret is for others to say; ",
        sync::Why(*directory.rules().matrix, dossier.verdict, sync::Verb::kSeal, dossier.kind)));
  }
  const auto acts = directory.DossiersOf(dossier.unit);
  v1::DossierAct act;
  act.set_number(acts == nullptr ? 1 : acts->newest() + 1);
  act.set_unit_id(dossier.unit);
  act.set_dossier_id(dossier.id);
  act.set_reason(request.reason());
  act.set_set_by(person.user.user_id());
  act.set_set_ms(pen->now_ms());
  act.mutable_sealed()->set_alias(request.alias());
  act.mutable_sealed()->set_holder(request.holder());
  Tables tables;
  tables.dossier_acts.push_back(act);
  // From here on it is sealed, whatever happens; what is not done yet is gone on with.  A segment
  // of the backup that is just being written is given up: it has what was sealed.
  {
    const Rewriting rewriting(&pen->store());
    SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  }
  SOTAY_RETURN_IF_ERROR(GoOn(pen));
  return answer(dossier.id);
}

absl::StatusOr<v1::DestroyResponse> AskDestruction(Pen* pen, const Person& person,
                                                   const v1::DestroyRequest& request) {
  pen->Settle();
  SOTAY_ASSIGN_OR_RETURN(const Directory::Secret secret,
                         SecretFor(pen->directory(), person, request.dossier_id()));
  SOTAY_RETURN_IF_ERROR(CheckReason(request.reason()));
  stored::v1::SecretRow row = *secret;
  // Each of several heads for themselves: one may leave before it is confirmed.
  if (!row.destroyed() && !HasAsked(row, person)) {
    Add(v1::SECRET_ACT_KIND_DESTRUCTION_ASKED, *pen, person, request.reason(), &row);
    SOTAY_RETURN_IF_ERROR(Save(pen, row));
  }
  v1::DestroyResponse response;
  *response.mutable_sealed() =
      SealedViewOf(pen->directory(), pen->store().blobs(), row, /*whole=*/true);
  return response;
}

absl::StatusOr<v1::ConfirmResponse> ConfirmDestruction(Pen* pen, const Person& person,
                                                       const v1::ConfirmRequest& request) {
  pen->Settle();
  SOTAY_ASSIGN_OR_RETURN(stored::v1::SecretRow row,
                         SecretForAdministrator(pen->directory(), person, request.dossier_id()));
  SOTAY_RETURN_IF_ERROR(CheckReason(request.reason()));
  v1::ConfirmResponse response;
  if (row.destroyed()) {
    *response.mutable_sealed() =
        SealedViewOf(pen->directory(), pen->store().blobs(), row, /*whole=*/false);
    return response;
  }
  if (Newest(row, v1::SECRET_ACT_KIND_DESTRUCTION_ASKED) == nullptr) {
    return CannotBe(v1::REASON_ILLEGAL_TRANSITION,
                    "nobody asked that it be destroyed; a head of its unit does");
  }
  // Two people, not one with two posts; and who asked still answers for it.
  if (!IsAskedByAnother(pen->directory(), row, person)) {
    if (HasAsked(row, person)) {
      return RoleMayNot("you asked for it yourself; another administrator confirms");
    }
    return CannotBe(v1::REASON_ILLEGAL_TRANSITION,
                    "whoever asked that it be destroyed does not head its unit any more; a head of "
                    "its unit asks anew");
  }
  if (!row.swept()) {
    return Busy("its content is still being taken out of the store's files; try again shortly");
  }
  Add(v1::SECRET_ACT_KIND_DESTROYED, *pen, person, request.reason(), &row);
  SOTAY_ASSIGN_OR_RETURN(Purge purge, PlanDestruction(&pen->store(), row));
  SOTAY_RETURN_IF_ERROR(pen->Commit(&purge.sheet, purge.tables));
  SOTAY_RETURN_IF_ERROR(GoOn(pen));
  SOTAY_ASSIGN_OR_RETURN(row,
                         SecretForAdministrator(pen->directory(), person, request.dossier_id()));
  *response.mutable_sealed() =
      SealedViewOf(pen->directory(), pen->store().blobs(), row, /*whole=*/false);
  return response;
}

absl::StatusOr<v1::NoteBackupsGoneResponse> NoteBackupsGone(
    Pen* pen, const Person& person, const v1::NoteBackupsGoneRequest& request) {
  pen->Settle();
  SOTAY_ASSIGN_OR_RETURN(stored::v1::SecretRow row,
                         SecretForAdministrator(pen->directory(), person, request.dossier_id()));
  SOTAY_RETURN_IF_ERROR(CheckReason(request.reason()));
  const v1::SecretAct* const said = Newest(row, v1::SECRET_ACT_KIND_BACKUPS_GONE);
  if (said == nullptr || said->by() != person.user.user_id() ||
      said->reason() != request.reason()) {
    Add(v1::SECRET_ACT_KIND_BACKUPS_GONE, *pen, person, request.reason(), &row);
    SOTAY_RETURN_IF_ERROR(Save(pen, row));
  }
  v1::NoteBackupsGoneResponse response;
  *response.mutable_sealed() =
      SealedViewOf(pen->directory(), pen->store().blobs(), row, /*whole=*/false);
  return response;
}

absl::Status NoteReports(Pen* pen, const sync::DeviceId& device,
                         const std::vector<std::string>& dossiers) {
  pen->Settle();
  // Whoever holds a revoked one may say anything; it was told nothing.
  const auto row = pen->directory().Device(device);
  if (row == nullptr || row->state() == v1::DEVICE_STATE_REVOKED) return absl::OkStatus();
  Sheet sheet;
  bool any = false;
  for (const std::string& id : dossiers) {
    const auto dossier = sync::RecordId::From(id);
    if (!dossier.has_value()) continue;
    if (pen->directory().SecretOf(id) == nullptr) {
      // A device that knows more than this server was told: it was restored from before the act.
      Say(Severity::kWarning, "secrecy_report_unknown",
          {{"device", device.Short()}, {"dossier", dossier->Short()}});
      continue;
    }
    const std::string key = SecretReportKey(*dossier, device);
    SOTAY_ASSIGN_OR_RETURN(const auto before, pen->store().Get(key));
    if (before.has_value()) continue;
    std::string value;
    PutNumber(&value, static_cast<uint64_t>(pen->now_ms()));
    pen->store().Fill(&sheet, key, value);
    any = true;
  }
  return any ? pen->Commit(&sheet, Tables()) : absl::OkStatus();
}

absl::Status GoOnWithPurges(Pen* pen) {
  pen->Settle();
  const Directory& directory = pen->directory();
  for (const std::string& unit : directory.UnitsWithDossierActs()) {
    const auto acts = directory.DossiersOf(unit);
    for (const v1::DossierAct* act : acts->Standing()) {
      if (!act->has_sealed() || directory.SecretOf(act->dossier_id()) != nullptr) continue;
      SOTAY_ASSIGN_OR_RETURN(const Tables tables, pen->store().LoadTables());
      SOTAY_ASSIGN_OR_RETURN(Purge purge, PlanPurge(&pen->store(), tables, *act));
      const Rewriting rewriting(&pen->store());
      SOTAY_RETURN_IF_ERROR(pen->Commit(&purge.sheet, purge.tables));
    }
  }
  // Of several each by itself: one may wait for somebody who does not read the others.
  absl::Status waits;
  for (const Directory::Secret& secret : directory.Secrets()) {
    if (const absl::Status away = PutFilesAway(&pen->store(), *secret); !away.ok()) waits = away;
    if (secret->swept()) continue;
    const absl::Status swept = SweepSecret(&pen->store(), *secret);
    if (absl::IsUnavailable(swept) && !pen->store().read_only()) {
      waits = swept;
      continue;
    }
    SOTAY_RETURN_IF_ERROR(swept);
    stored::v1::SecretRow row = *secret;
    row.set_swept(true);
    SOTAY_RETURN_IF_ERROR(Save(pen, row));
  }
  return waits;
}

v1::SealedDossierView SealedViewOf(const Directory& directory, const Blobs* blobs,
                                   const stored::v1::SecretRow& row, bool whole) {
  v1::SealedDossierView view;
  const auto acts = directory.DossiersOf(row.unit_id());
  const v1::DossierAct* const act = acts == nullptr ? nullptr : acts->Standing(row.dossier_id());
  if (act != nullptr) *view.mutable_act() = *act;
  *view.mutable_acts() = row.acts();
  if (!whole) {
    view.mutable_act()->clear_reason();
    view.mutable_act()->mutable_sealed()->Clear();
    for (v1::SecretAct& said : *view.mutable_acts()) {
      if (said.kind() == v1::SECRET_ACT_KIND_SEALED) said.clear_reason();
    }
  }
  view.set_changes(row.changes());
  view.set_records(row.records());
  const auto dossier = sync::RecordId::From(row.dossier_id());
  const bool open = blobs != nullptr && dossier.has_value() && blobs->LiesOpen(*dossier);
  view.set_swept(row.swept() && !open);
  view.set_destroyed(row.destroyed());
  return view;
}

}  // namespace sotay::server
