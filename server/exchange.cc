#include "server/exchange.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/arena.h"
#include "server/consents.h"
#include "server/refusal.h"
#include "server/seal_rows.h"
#include "server/sight.h"
#include "sync/consents.h"
#include "sync/late.h"
#include "sync/limits.h"
#include "sync/moved_clock.h"
#include "sync/offline_lease.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/seal.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kAppVersionBytesMax = 64;
// As many as cursors: of each unit one.
constexpr int kHeadsMax = 256;
constexpr int kReportsMax = 100;
constexpr size_t kArenaBlockMax = size_t{64} << 10;
// Revised outcomes of one answer.
constexpr int kRevisedMax = 1'000;

absl::Status CheckPushShape(const v1::Push& push) {
  if (push.first_sequence() == 0 ||
      push.first_sequence() > std::numeric_limits<uint64_t>::max() - sync::kPushChangesMax) {
    return Malformed("push: first_sequence is not a sequence; they count from 1");
  }
  if (push.count() == 0) return Malformed("push without changes; leave it out");
  if (push.count() > sync::kPushChangesMax) {
    return TooLarge("push: changes", push.count(), sync::kPushChangesMax, "send it in parts");
  }
  const size_t previous = push.first_sequence() == 1 ? 0 : sync::ChangeId::kSize;
  if (push.previous().size() != previous) {
    return Malformed(
        absl::StrCat("push: previous of ", push.previous().size(), " bytes, expected ", previous));
  }
  if (push.signature().size() != seal::kSignatureBytes) {
    return Malformed(absl::StrCat("push: signature of ", push.signature().size(),
                                  " bytes, expected ", seal::kSignatureBytes));
  }
  if (push.changes().size() > sync::kPushBytesMax) {
    return TooLarge("push: bytes unpacked", push.changes().size(), sync::kPushBytesMax,
                    "send it in parts");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Exchange::CheckShape(const v1::SyncRequest& request) const {
  if (request.protocol() != kProtocol) {
    return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_PROTOCOL,
                  absl::StrCat("protocol ", request.protocol(), ", this server speaks ", kProtocol,
                               "; update the app"));
  }
  if (request.app_version().size() > kAppVersionBytesMax) {
    return TooLarge("app_version: bytes", request.app_version().size(), kAppVersionBytesMax,
                    "shorten it");
  }
  if (request.heads_size() > kHeadsMax) {
    return TooLarge("heads", static_cast<uint64_t>(request.heads_size()), kHeadsMax,
                    "forget units that were removed");
  }
  if (request.secret_dossiers_size() > kReportsMax) {
    return TooLarge("secret_dossiers", static_cast<uint64_t>(request.secret_dossiers_size()),
                    kReportsMax, "send it in parts");
  }
  for (const std::string& dossier : request.secret_dossiers()) {
    if (dossier.size() == sync::RecordId::kSize) continue;
    return Malformed(
        absl::StrCat("secret_dossiers: an id of ", dossier.size(), " bytes, expected 16"));
  }
  return request.has_push() ? CheckPushShape(request.push()) : absl::OkStatus();
}

absl::StatusOr<Push> Exchange::Open(const Caller& caller, v1::Push* push,
                                    std::string* unpacked) const {
  absl::StatusOr<std::string> raw = seal::Unpack(push->changes(), sync::kPushBytesMax);
  if (!raw.ok()) return Malformed(absl::StrCat("push: ", raw.status().message()));
  v1::ChangeBatch batch;
  if (!batch.ParseFromString(*raw)) return Malformed("push: not a valid ChangeBatch");
  if (static_cast<uint32_t>(batch.changes_size()) != push->count()) {
    return Malformed(
        absl::StrCat("push: ", batch.changes_size(), " changes, count says ", push->count()));
  }
  if (const std::string fault = FaultOfWithheld(batch); !fault.empty()) {
    return Malformed(absl::StrCat("push: ", fault));
  }
  Push opened;
  opened.device = caller.device;
  opened.first_sequence = push->first_sequence();
  opened.previous = std::move(*push->mutable_previous());
  opened.signature = std::move(*push->mutable_signature());
  opened.bytes = raw->size();
  opened.changes.reserve(static_cast<size_t>(batch.changes_size()));
  // In one piece of memory, which goes when the last of them goes.
  google::protobuf::ArenaOptions memory;
  memory.start_block_size = std::min(2 * raw->size(), kArenaBlockMax);
  memory.max_block_size = kArenaBlockMax;
  const auto arena = std::make_shared<google::protobuf::Arena>(memory);
  auto withheld = batch.withheld().begin();
  for (std::string& bytes : *batch.mutable_changes()) {
    const size_t place = opened.changes.size();
    sync::PushedChange& pushed = opened.changes.emplace_back();
    if (withheld != batch.withheld().end() && withheld->index() == place) {
      pushed.id = *sync::ChangeId::From(withheld->change_id());
      pushed.withheld = sync::RecordId::From(withheld->dossier_id());
      ++withheld;
      continue;
    }
    pushed.bytes = std::move(bytes);
    pushed.id = seal::HashChange(pushed.bytes);
    auto* const change = google::protobuf::Arena::CreateMessage<v1::Change>(arena.get());
    if (change->ParseFromString(pushed.bytes)) pushed.change = {arena, change};
  }
  opened.packed = std::move(*push->mutable_changes());
  *unpacked = *std::move(raw);
  return opened;
}

absl::Status Exchange::CheckSeal(Push* push) const {
  std::vector<sync::ChangeId> ids;
  ids.reserve(push->changes.size());
  for (const sync::PushedChange& pushed : push->changes) ids.push_back(pushed.id);
  seal::PushSeal sealed;
  sealed.organisation_id = directory_.meta().organisation_id();
  sealed.device = push->device;
  sealed.first_sequence = push->first_sequence;
  sealed.last_sequence = push->first_sequence + push->changes.size() - 1;
  sealed.previous = push->previous;
  sealed.ids = ids;
  const auto keys = directory_.KeysOf(push->device);
  if (keys == nullptr) return DeviceUnknown();
  const std::string text = seal::SealText(sealed);
  // What was sealed with a key that was given up may come again, as far as that is here.
  const seal::VerifyingKey* key = &keys->current();
  bool holds = key->Verify(text, push->signature);
  if (!holds && &keys->Of(sealed.last_sequence) != key) {
    key = &keys->Of(sealed.last_sequence);
    holds = key->Verify(text, push->signature);
  }
  if (holds) {
    push->sealed_with = key->spki();
    return absl::OkStatus();
  }
  return Refuse(absl::StatusCode::kInvalidArgument, v1::REASON_BAD_SIGNATURE,
                absl::StrCat("the seal over changes ", sealed.first_sequence, " to ",
                             sealed.last_sequence, " is not of this device; seal them anew"));
}

absl::StatusOr<PreparedSync> Exchange::Prepare(const Caller& caller, v1::SyncRequest request,
                                               int64_t now_ms) const {
  const v1::DeviceState state = caller.row->state();
  if (state == v1::DEVICE_STATE_FORKED && !request.has_push()) return DeviceForked();
  if (state == v1::DEVICE_STATE_REVOKED && !request.has_push()) return DeviceRevoked();
  SOTAY_RETURN_IF_ERROR(CheckShape(request));
  const sync::SaidSkew skew = sync::SkewSaid(request, now_ms);
  if (state == v1::DEVICE_STATE_REVOKED) {  // which is fed nothing, wherever its cursors stand
    const v1::Push& push = request.push();
    SOTAY_RETURN_IF_ERROR(CheckRevoked(*caller.row, push.first_sequence(), push.count()));
  } else {
    stored::v1::Contact contact;
    contact.set_last_contact_ms(now_ms);
    contact.set_last_sequence(request.last_sequence());
    contact.set_skew_ms(skew.now_ms);
    contact.set_app_version(request.app_version());
    directory_.Touch(caller.device, std::move(contact));
    SOTAY_RETURN_IF_ERROR(PlanFeed(directory_, *caller.person, request.cursors()).status());
  }

  PreparedSync prepared;
  prepared.device = caller.device;
  if (request.has_push()) {
    SOTAY_ASSIGN_OR_RETURN(prepared.push,
                           Open(caller, request.mutable_push(), &prepared.pushed_bytes));
    SOTAY_RETURN_IF_ERROR(CheckSeal(&*prepared.push));
    if (state == v1::DEVICE_STATE_REVOKED) {
      // Of what it says of itself, what its seal proves: not its clock, by which what was held
      // before the revocation is still to be judged.
      stored::v1::Contact contact = directory_.ContactOf(caller.device);
      const uint64_t last = prepared.push->first_sequence + prepared.push->changes.size() - 1;
      contact.set_last_contact_ms(now_ms);
      contact.set_last_sequence(std::max(contact.last_sequence(), last));
      directory_.Touch(caller.device, std::move(contact));
    }
    prepared.push->skew_ms = skew.writing_ms;
    prepared.push->late = sync::LateSaid(request);
    for (const v1::Cursor& cursor : request.cursors()) {
      if (cursor.epoch() != directory_.meta().epoch()) continue;
      const auto acts = directory_.DossiersOf(cursor.unit_id());
      // Of what is said after it came it has heard nothing, whatever its number.
      if (acts == nullptr) continue;
      prepared.push->heard[cursor.unit_id()] =
          std::min(AccessPlace::From(cursor.access()).number, acts->newest());
    }
    request.clear_push();
  }
  prepared.reports.assign(request.secret_dossiers().begin(), request.secret_dossiers().end());
  prepared.request = std::move(request);
  return prepared;
}

void Exchange::AddHeads(const v1::SyncRequest& request, const FeedPlan& plan, int64_t now_ms,
                        v1::SyncResponse* response) const {
  std::map<absl::string_view, const v1::LogHead*> held;
  for (const v1::LogHead& head : request.heads()) held[head.unit_id()] = &head;
  for (const v1::Cursor& cursor : plan.cursors) {
    const auto known = held.find(cursor.unit_id());
    absl::StatusOr<v1::ProvenHead> proven =
        notary_.Prove(cursor.unit_id(), known == held.end() ? nullptr : known->second, now_ms);
    if (proven.ok()) *response->add_heads() = *std::move(proven);
  }
}

absl::Status Exchange::TellWriters(const PreparedSync& prepared, const FeedPlan& plan,
                                   v1::SyncResponse* response) const {
  std::map<std::string, std::string> tell;  // dossier → its unit
  for (const auto& [dossier, unit] : directory_.SealedWrittenBy(prepared.device)) {
    if (std::any_of(plan.cursors.begin(), plan.cursors.end(),
                    [&of = unit](const auto& cursor) { return cursor.unit_id() == of; })) {
      continue;
    }
    SOTAY_ASSIGN_OR_RETURN(const auto reported,
                           store_.Get(SecretReportKey(dossier, prepared.device)));
    if (!reported.has_value()) tell[dossier.str()] = unit;
  }
  v1::ChangeBatch pushed;
  for (const v1::ChangeOutcome& outcome : response->outcomes()) {
    if (outcome.reason() != v1::REASON_CLASSIFIED) continue;
    const uint64_t place = outcome.sequence() - response->outcomes(0).sequence();
    v1::Change change;
    if ((pushed.changes().empty() && !pushed.ParseFromString(prepared.pushed_bytes)) ||
        place >= static_cast<uint64_t>(pushed.changes_size()) ||
        !change.ParseFromString(pushed.changes(static_cast<int>(place)))) {
      continue;
    }
    const auto sealed = directory_.SecretOf(change.dossier_id());
    if (sealed != nullptr) tell[sealed->dossier_id()] = sealed->unit_id();
  }
  for (const v1::SecretDossier& told : response->secret_dossiers()) tell.erase(told.dossier_id());
  for (const auto& [dossier, unit] : tell) {
    v1::SecretDossier* const secret = response->add_secret_dossiers();
    secret->set_dossier_id(dossier);
    secret->set_unit_id(unit);
  }
  return absl::OkStatus();
}

uint64_t Exchange::DirectoryRevision() const {
  // Below the form of the names, and past all acts there will be.
  constexpr int kDaysShift = 56;
  return directory_.names_revision() + (uint64_t{offline_days_} << kDaysShift);
}

absl::StatusOr<v1::SyncResponse> Exchange::Answer(const PreparedSync& prepared, PushAnswer* pushed,
                                                  int64_t now_ms, ShownParts* shown) const {
  const v1::SyncRequest& request = prepared.request;
  SOTAY_ASSIGN_OR_RETURN(const Caller caller, directory_.CallerOf(prepared.device));
  v1::SyncResponse response;
  response.set_server_now_ms(now_ms);
  response.set_accepted_through(caller.row->accepted_through());
  if (pushed != nullptr) {
    response.set_accepted_through(pushed->accepted_through);
    for (v1::ChangeOutcome& outcome : pushed->outcomes) {
      *response.add_outcomes() = std::move(outcome);
    }
  }
  if (watermark_ != nullptr) {
    // A backup may be taken between the push and its answer.
    response.set_backed_up_through(
        std::min(watermark_->Through(caller.device), response.accepted_through()));
  }
  if (request.revision_seen() < caller.row->revisions()) {
    SOTAY_RETURN_IF_ERROR(
        store_.VisitRevised(caller.device, request.revision_seen(), [&](v1::ChangeOutcome outcome) {
          if (response.revised_size() == kRevisedMax) return false;
          *response.add_revised() = std::move(outcome);
          return true;
        }));
  }
  const uint64_t revision = DirectoryRevision();
  response.set_directory_revision(revision);
  if (revision != request.directory_revision()) {
    *response.mutable_directory() = directory_.NamesFor(*caller.person);
    if (offline_days_ != 0) sync::SayOfflineDays(offline_days_, response.mutable_directory());
  }

  SOTAY_ASSIGN_OR_RETURN(FeedPlan plan, PlanFeed(directory_, *caller.person, request.cursors()));
  plan.enrolled_ms = caller.row->enrolled_ms();
  const size_t asked = request.records_bytes_max();
  const size_t bytes_max =
      asked == 0 ? sync::kRecordsBytesMax : std::min(asked, sync::kRecordsBytesMax);
  SOTAY_ASSIGN_OR_RETURN(
      FeedPage page, ReadFeed({&directory_, &store_, &records_}, *caller.person, plan, bytes_max));
  if (!page.batch.empty()) {
    // To have read a long push before a short answer costs more than it saves.
    absl::string_view before;
    if (page.batch.size() > prepared.pushed_bytes.size() / 4) before = prepared.pushed_bytes;
    *response.mutable_records() = seal::PackAfter(before, page.batch);
  }
  if (shown != nullptr) *shown = std::move(page.shown);
  if (request.witnesses() && notary_.IsKnownTo(*caller.row))
    AddHeads(request, plan, now_ms, &response);
  for (v1::Cursor& cursor : page.cursors) *response.add_cursors() = std::move(cursor);
  for (std::string& unit : plan.removed_units) response.add_removed_units(std::move(unit));
  for (std::string& dossier : page.removed_dossiers) {
    response.add_removed_dossiers(std::move(dossier));
  }
  for (v1::SecretDossier& secret : page.secret_dossiers) {
    *response.add_secret_dossiers() = std::move(secret);
  }
  SOTAY_RETURN_IF_ERROR(TellWriters(prepared, plan, &response));
  response.set_more(page.more || response.revised_size() == kRevisedMax);
  if (const auto mark = sync::ConsentsShown(request); mark.has_value() && !response.more()) {
    // Where it cannot be told now, what the phone shows stays.
    const auto consents = ConsentsFor(directory_, &store_, caller);
    if (consents.ok() && consents->mark() != *mark) sync::TellConsents(*consents, &response);
  }
  return response;
}

v1::SyncResponse Exchange::AnswerRevoked(const PreparedSync& prepared, PushAnswer* pushed,
                                         int64_t now_ms) {
  v1::SyncResponse response;
  response.set_server_now_ms(now_ms);
  response.set_accepted_through(pushed->accepted_through);
  for (v1::ChangeOutcome& outcome : pushed->outcomes) {
    *response.add_outcomes() = std::move(outcome);
  }
  // It stays where it is.
  *response.mutable_cursors() = prepared.request.cursors();
  response.set_directory_revision(prepared.request.directory_revision());
  response.set_more(true);
  return response;
}

}  // namespace sotay::server
