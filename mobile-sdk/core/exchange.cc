#include "mobile-sdk/core/exchange.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/another_life.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/lineage.h"
#include "mobile-sdk/core/own_changes.h"
#include "mobile-sdk/core/record_history.h"
#include "mobile-sdk/core/rekeying.h"
#include "mobile-sdk/core/sealing.h"
#include "mobile-sdk/core/settle.h"
#include "mobile-sdk/core/trust.h"
#include "mobile-sdk/core/writing_clocks.h"
#include "sync/consents.h"
#include "sync/late.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "sync/seal/seal.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr char kAppVersion[] = "sotay-sdk " SOTAY_VERSION;
// A thousand changes halved ten times are one; the units of a user restart once each.
constexpr int kMendingsMax = 32;
// A server that keeps forgetting what it said it holds is broken, not restored.
constexpr int kRewindsMax = 4;
// What the batch's own encoding adds to a change: tag, and length in up to three bytes.  One that
// is withheld has its place, its id and its dossier besides.
constexpr size_t kBytesPerChange = 4;
constexpr size_t kBytesPerWithheld = 64;

absl::Status Forked(absl::string_view why) {
  v1::ErrorDetail detail;
  detail.set_reason(v1::REASON_DEVICE_FORKED);
  return WithDetail(absl::AbortedError(absl::StrCat(
                        why, "; nothing more is sent, and everything is kept: enrol anew")),
                    detail);
}

// Whether an answer has followed no act further than it was asked from, nor the feed.
bool SameAccess(const v1::SyncRequest& request, const v1::SyncResponse& response) {
  std::map<std::string, const v1::Cursor*> before;
  for (const v1::Cursor& cursor : request.cursors()) before[cursor.unit_id()] = &cursor;
  return std::all_of(response.cursors().begin(), response.cursors().end(),
                     [&](const v1::Cursor& now) {
                       const auto at = before.find(now.unit_id());
                       return at != before.end() && at->second->position() == now.position() &&
                              at->second->access() == now.access() &&
                              at->second->access_record() == now.access_record();
                     });
}

}  // namespace

Exchange::Exchange(Desk* desk, Link* link)
    : desk_(*desk), link_(*link), changes_max_(sync::kPushChangesMax) {}

absl::StatusOr<Exchanged> Exchange::Once() {
  std::vector<Event> events;
  absl::StatusOr<Exchanged> exchanged = [&] {
    absl::MutexLock lock(&mutex_);
    return OnceLocked(&events);
  }();
  desk_.tidings->Tell(std::move(events));
  if (exchanged.ok() && exchanged->quiet && desk_.renewal != nullptr) {
    // What fails has months to be done; `status` says when they are over.
    const int64_t now_ms = exchanged->server_now_ms;
    const auto had =
        desk_.trust != nullptr ? desk_.trust->AtContact(now_ms) : desk_.renewal->AtContact(now_ms);
    had.status().IgnoreError();
  }
  return exchanged;
}

void Exchange::AskFirst() {
  absl::MutexLock lock(&mutex_);
  SetTold(false);
}

void Exchange::SetTold(bool told) {
  told_ = told;
  asked_.clear();
}

absl::Status Exchange::Rekey() {
  absl::MutexLock lock(&mutex_);
  SOTAY_RETURN_IF_ERROR(desk_.rekeying->Begin());
  return desk_.rekeying->AtContact(/*again=*/true).status();
}

absl::Status Exchange::RollFirst() {
  if (desk_.rekeying == nullptr) return absl::OkStatus();
  const absl::Status rolled = desk_.rekeying->AtContact().status();
  // Nobody can tell which key is in force: nothing is sealed with either.
  return desk_.rekeying->may_go_on() ? absl::OkStatus() : Heard(&desk_, rolled);
}

absl::StatusOr<Exchanged> Exchange::OnceLocked(std::vector<Event>* events) {
  SOTAY_RETURN_IF_ERROR(RollFirst());
  absl::Status refusal;
  for (int mendings = 0; mendings <= kMendingsMax; ++mendings) {
    if (!forked_.ok()) return forked_;
    SOTAY_ASSIGN_OR_RETURN(const Asked asked, Build());
    absl::StatusOr<v1::SyncResponse> response = link_.Sync(asked.request);
    // Where it asked first it has still to hand in what it wrote after it was set back; the office
    // keeps that as another branch.
    const bool set_back =
        response.ok() && response->accepted_through() > asked.request.last_sequence();
    if (set_back && MayStillPush(asked)) {
      SetTold(true);
      continue;
    }
    if (response.ok()) {
      absl::StatusOr<Exchanged> taken = Take(asked, *std::move(response), events);
      if (!taken.ok()) SetTold(false);
      shown_again_ = false;
      if (asked.request.has_push()) push_failed_ = !taken.ok();
      return taken;
    }
    refusal = response.status();
    if (asked.request.has_push()) push_failed_ = true;
    SOTAY_ASSIGN_OR_RETURN(const bool again, Mend(refusal, asked));
    if (!again) break;
  }
  SetTold(false);
  return refusal;
}

absl::StatusOr<Exchange::Asked> Exchange::Build() {
  absl::ReaderMutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk_.store->Progress());
  SOTAY_ASSIGN_OR_RETURN(const std::vector<v1::Cursor> cursors, desk_.store->Cursors());
  SOTAY_ASSIGN_OR_RETURN(const std::vector<sync::RecordId> sealed, ToReport(*desk_.store));
  Asked asked;
  asked.accepted_through = progress.accepted_through();
  v1::SyncRequest& request = asked.request;
  request.set_protocol(kProtocol);
  for (const sync::RecordId& dossier : sealed) request.add_secret_dossiers(dossier.str());
  for (const v1::Cursor& cursor : cursors) {
    v1::Cursor* const named = request.add_cursors();
    *named = cursor;
    const auto asked_for = asked_.find(cursor.unit_id());
    if (asked_for == asked_.end() || asked_for->second.epoch() != cursor.epoch()) continue;
    named->set_access(asked_for->second.access());
    named->set_access_record(asked_for->second.access_record());
  }
  // Heads are signed at most once a second: the one to hold is that of after what is sent next, if
  // that is taken.
  const bool sends_next =
      !told_ && !push_failed_ && progress.accepted_through() < progress.last_sequence();
  if (!desk_.meta.log_key().empty() && !sends_next) {
    request.set_witnesses(true);
    SOTAY_ASSIGN_OR_RETURN(const auto heads, desk_.store->Heads());
    for (const auto& [unit, head] : heads) *request.add_heads() = head;
  }
  request.set_last_sequence(progress.last_sequence());
  request.set_directory_revision(progress.directory_revision());
  request.set_revision_seen(progress.revision_seen());
  request.set_app_version(kAppVersion);
  SOTAY_ASSIGN_OR_RETURN(const v1::Consents consents, desk_.store->Consents());
  sync::AskForConsents(consents, &request);
  if (told_ && progress.accepted_through() < progress.last_sequence()) {
    SOTAY_RETURN_IF_ERROR(AddPush(progress, &request));
  } else {
    request.set_device_now_ms(desk_.now_ms());
  }
  return asked;
}

absl::Status Exchange::AddPush(const stored::v1::Progress& progress, v1::SyncRequest* request) {
  seal::PushSeal seal;
  seal.organisation_id = desk_.meta.organisation_id();
  seal.device = desk_.device;
  seal.first_sequence = progress.accepted_through() + 1;
  if (seal.first_sequence > 1) {
    SOTAY_ASSIGN_OR_RETURN(const auto before, desk_.store->OwnChange(seal.first_sequence - 1));
    seal.previous = before.change_id();
  }
  v1::ChangeBatch changes;
  std::vector<sync::ChangeId> ids;
  std::set<uint64_t> late;
  size_t bytes = 0;
  const uint64_t changes_max = changes_max_;
  SOTAY_ASSIGN_OR_RETURN(const WritingClocks clocks,
                         WritingClocks::Load(desk_, seal.first_sequence, progress.last_sequence()));
  const sync::WritingClock clock = clocks.Of(seal.first_sequence);
  absl::Status damage;
  SOTAY_RETURN_IF_ERROR(desk_.store->EachOwnChange(
      seal.first_sequence, [&](uint64_t sequence, const stored::v1::OwnChange& own) {
        const auto id = sync::ChangeId::From(own.change_id());
        if (!id.has_value() || sequence != seal.first_sequence + ids.size()) {
          damage = absl::DataLossError(
              absl::StrCat("own change ", seal.first_sequence + ids.size(), " is missing"));
          return false;
        }
        bytes += own.change().size() + kBytesPerChange + (IsWithheld(own) ? kBytesPerWithheld : 0);
        if (ids.size() >= changes_max) return false;
        if (!ids.empty() && bytes > sync::kPushBytesMax) return false;
        if (!sync::SameClock(clocks.Of(sequence), clock)) return false;
        if (IsWithheld(own)) {
          v1::WithheldChange* const withheld = changes.add_withheld();
          withheld->set_index(static_cast<uint32_t>(ids.size()));
          withheld->set_change_id(own.change_id());
          withheld->set_dossier_id(own.withheld_in());
        }
        if (sync::WasToldLate(own)) late.insert(sequence);
        changes.add_changes(own.change());
        ids.push_back(*id);
        return true;
      }));
  SOTAY_RETURN_IF_ERROR(damage);
  if (ids.empty()) return absl::DataLossError("the outbox is empty, but should not be");
  seal.last_sequence = seal.first_sequence + ids.size() - 1;
  seal.ids = ids;
  v1::Push* push = request->mutable_push();
  push->set_first_sequence(seal.first_sequence);
  push->set_count(static_cast<uint32_t>(ids.size()));
  push->set_previous(seal.previous);
  *push->mutable_changes() = seal::Pack(changes.SerializeAsString());
  SOTAY_ASSIGN_OR_RETURN(*push->mutable_signature(), desk_.vault->Sign(seal));
  sync::SayClock(clock, clocks.now(), request);
  sync::SayLate(late, request);
  return absl::OkStatus();
}

absl::StatusOr<bool> Exchange::Mend(const absl::Status& refusal, const Asked& asked) {
  const v1::SyncRequest& request = asked.request;
  const v1::ErrorDetail detail = DetailOf(refusal);
  switch (detail.reason()) {
    case v1::REASON_SEQUENCE_GAP: {
      const uint64_t expected = detail.expected_sequence();
      if (expected == 0 || expected >= request.push().first_sequence()) return false;
      SOTAY_RETURN_IF_ERROR(RewindTo(&desk_, expected - 1));
      return true;
    }
    case v1::REASON_CURSOR_INVALID:
      if (request.cursors().empty()) return false;
      SOTAY_RETURN_IF_ERROR(BeginAgain(&desk_, detail.unit_id(), detail.epoch()));
      SetTold(false);
      return true;
    // It is told nothing any more, and may still hand in what it wrote: that is not lost, though
    // the push is refused.
    case v1::REASON_DEVICE_FORKED:
    case v1::REASON_CHAIN_BROKEN:
      if (MayStillPush(asked)) {
        SetTold(true);
      } else {
        forked_ = Forked(refusal.message());
      }
      return true;  // comes back with the sentence that says what to do
    case v1::REASON_DEVICE_REVOKED:
      Heard(&desk_, refusal).IgnoreError();
      if (!MayStillPush(asked)) return false;
      SetTold(true);
      return true;
    case v1::REASON_DEVICE_UNKNOWN:
      if (desk_.rekeying == nullptr || std::exchange(shown_again_, true)) return false;
      return MakeKeyKnown();
    case v1::REASON_TOO_LARGE:
      return Halve(request);
    case v1::REASON_UNSPECIFIED:
      // Somebody on the way has a smaller limit.
      return absl::IsResourceExhausted(refusal) && Halve(request);
    default:
      return false;
  }
}

absl::StatusOr<bool> Exchange::MakeKeyKnown() {
  // It may have taken the key that is to follow, and its answer was lost or garbled.
  const absl::StatusOr<bool> rolled = desk_.rekeying->AtContact(/*again=*/true);
  if (rolled.ok() && *rolled) {
    shown_again_ = false;  // the new key is another question
    return true;
  }
  // That it is unknown stands only when it was said of all the device can show: nothing is given up
  // because a network went.
  shown_again_ = rolled.ok() || Rekeying::IsRefusal(rolled.status());
  if (!shown_again_) return rolled.status();
  const absl::Status shown = desk_.rekeying->ShowAgain();
  shown_again_ = shown.ok() || absl::IsFailedPrecondition(shown) || Rekeying::IsRefusal(shown);
  if (!shown_again_) return shown;
  return shown.ok();
}

bool Exchange::MayStillPush(const Asked& asked) const {
  return !told_ && asked.accepted_through < asked.request.last_sequence();
}

bool Exchange::Halve(const v1::SyncRequest& request) {
  if (request.push().count() < 2) return false;
  changes_max_ = request.push().count() / 2;
  return true;
}

absl::StatusOr<std::string> Exchange::LogKey() const {
  absl::ReaderMutexLock lock(&desk_.mutex);
  SOTAY_ASSIGN_OR_RETURN(const auto handovers, desk_.store->Handovers());
  return handovers.empty() ? desk_.meta.log_key() : handovers.back().key();
}

absl::StatusOr<Exchanged> Exchange::Take(const Asked& asked, v1::SyncResponse said,
                                         std::vector<Event>* events) {
  const v1::SyncRequest& request = asked.request;
  sync::AbsorbInput answer;
  answer.response = std::move(said);
  const v1::SyncResponse& response = answer.response;
  if (response.accepted_through() > request.last_sequence()) {
    forked_ = Forked(absl::StrCat("the server holds change ", response.accepted_through(),
                                  " of this device, and this notebook has written only ",
                                  request.last_sequence(), ": it was copied or set back"));
    return forked_;
  }
  v1::RecordBatch records;
  if (response.has_records()) {
    std::string pushed;
    if (request.has_push()) {
      SOTAY_ASSIGN_OR_RETURN(pushed, seal::Unpack(request.push().changes(), sync::kPushBytesMax));
    }
    SOTAY_ASSIGN_OR_RETURN(const std::string raw,
                           seal::Unpack(response.records(), sync::kRecordsBytesMax, pushed));
    if (!records.ParseFromString(raw)) {
      return absl::InvalidArgumentError("the answer's records cannot be read");
    }
  }
  answer.records.assign(std::make_move_iterator(records.mutable_records()->begin()),
                        std::make_move_iterator(records.mutable_records()->end()));
  Exchanged exchanged;
  exchanged.received = answer.records.size();
  exchanged.server_now_ms = sync::BoundMs(response.server_now_ms());
  // Somebody else edited a text that changes of ours are waiting on: to show what the server will
  // make of both, its history is needed.  For a record that is open on a screen it is wanted, in
  // case there are such changes soon.  What is written here meanwhile may need another.
  Histories histories;
  const bool waiting = !asked_.empty();
  SOTAY_ASSIGN_OR_RETURN(const std::string log_key, LogKey());
  const Ancestry ancestry{
      FetchLineages(link_, request, response),
      FetchHandovers(link_, log_key, desk_.meta.organisation_id(), request, response)};
  SOTAY_ASSIGN_OR_RETURN(Settled settled,
                         Settle(&desk_, request, waiting, &answer, histories, ancestry));
  while (!settled.histories_needed.empty() || !settled.histories_wanted.empty()) {
    for (const sync::RecordId& id : settled.histories_needed) {
      SOTAY_ASSIGN_OR_RETURN(histories.fetched[id], FetchHistory(link_, id));
      settled.histories_wanted.erase(id);
    }
    for (const sync::RecordId& id : settled.histories_wanted) {
      auto fetched = FetchHistory(link_, id);
      if (fetched.ok()) {
        histories.fetched[id] = *std::move(fetched);
      } else {
        histories.not_to_be_had.insert(id);
      }
    }
    SOTAY_ASSIGN_OR_RETURN(settled, Settle(&desk_, request, waiting, &answer, histories, ancestry));
  }
  *events = std::move(settled.events);
  exchanged.accepted_through = settled.accepted_through;
  exchanged.quiet =
      !settled.more && settled.accepted_through >= settled.last_sequence && !settled.to_report;
  const bool moved = settled.moved && !(settled.waits && SameAccess(request, response));
  if (!settled.more) {
    SetTold(true);
  } else if (!told_ && settled.waits) {
    for (const v1::Cursor& cursor : response.cursors()) asked_[cursor.unit_id()] = cursor;
  }

  // An answer that leaves everything as it was would make us ask the same for ever.
  const uint64_t before = asked.accepted_through;
  rewinds_ = settled.accepted_through < before ? rewinds_ + 1 : 0;
  if (rewinds_ > kRewindsMax) {
    return absl::InternalError("the server keeps losing what it has accepted");
  }
  if (request.has_push() && settled.accepted_through == before) {
    return absl::InternalError(absl::StrCat("the server answered, but took nothing from change ",
                                            request.push().first_sequence(), " on"));
  }
  if (settled.more && !moved && !request.has_push()) {
    return absl::InternalError("the server says there is more, but gives nothing");
  }
  if (request.has_push()) {
    changes_max_ = std::min<uint64_t>(changes_max_ * 2, sync::kPushChangesMax);
  }
  return exchanged;
}

}  // namespace sotay::sdk
