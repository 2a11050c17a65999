#include "mobile-sdk/core/notices.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "sync/apart.h"
#include "sync/stamp.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

using stored::v1::NoticedStep;
using stored::v1::StepNotice;

NoticedStep StepOf(const sync::Author& author, const std::string& value) {
  NoticedStep step;
  step.set_value(value);
  step.set_user_id(author.user_id);
  step.set_change_id(author.change.str());
  step.set_at_ms(sync::StampMs(author.stamp));
  return step;
}

StepNotice NoticeOf(const sync::MergedRecord& record, uint32_t field, StepNotice::Kind kind,
                    NoticedStep own, NoticedStep other) {
  StepNotice notice;
  notice.set_kind(kind);
  notice.set_record_id(record.id().str());
  notice.set_type(record.type_name());
  notice.set_field(field);
  *notice.mutable_own() = std::move(own);
  *notice.mutable_other() = std::move(other);
  return notice;
}

bool SameMeeting(const StepNotice& a, const StepNotice& b) {
  return a.kind() == b.kind() && a.record_id() == b.record_id() && a.field() == b.field() &&
         a.own().change_id() == b.own().change_id() &&
         a.other().change_id() == b.other().change_id();
}

// What is in force where two have met, once they meet no longer.
NoticedStep InForce(const sync::MergedRecord& record, uint32_t field) {
  const sync::FieldSlot* const slot = record.Slot(field);
  if (slot == nullptr || slot->readings.empty()) return NoticedStep();
  const sync::StandingReading& step = slot->readings.front();
  return StepOf(record.author(step.author), step.value);
}

}  // namespace

std::vector<StepNotice> NoticesOf(const sync::MergedRecord& record, const std::string& user) {
  std::vector<StepNotice> notices;
  for (const sync::Overtaken& one : sync::OvertakenIn(record)) {
    const sync::Author& lost = record.author(one.author);
    const sync::Author& won = record.author(one.in_force->author);
    if ((lost.user_id == user) == (won.user_id == user)) continue;
    NoticedStep lost_step = StepOf(lost, *one.value);
    NoticedStep won_step = StepOf(won, one.in_force->value);
    notices.push_back(lost.user_id == user
                          ? NoticeOf(record, one.field->number, StepNotice::KIND_OVERTAKEN,
                                     std::move(lost_step), std::move(won_step))
                          : NoticeOf(record, one.field->number, StepNotice::KIND_PREVAILED,
                                     std::move(won_step), std::move(lost_step)));
  }
  for (const sync::Request& request : sync::RequestsIn(record)) {
    const sync::Author& author = record.author(request.step->author);
    if (author.user_id != user || request.step->unaware.empty()) continue;
    // One is enough to send them to the record, which names all; and it is the first by name, so
    // that the same is not told anew for each sentence.
    NoticedStep work = StepOf(record.author(request.step->unaware.front()), "");
    work.clear_change_id();
    notices.push_back(NoticeOf(record, request.number, StepNotice::KIND_REQUESTED,
                               StepOf(author, request.step->value), std::move(work)));
  }
  return notices;
}

absl::StatusOr<NoticeBook> NoticeBook::Read(const Store& store) {
  NoticeBook book;
  SOTAY_ASSIGN_OR_RETURN(book.known_, store.Notices());
  return book;
}

void NoticeBook::Take(const sync::MergedRecord& record, const std::string& user, StoreBatch* batch,
                      std::vector<Event>* events) const {
  const std::vector<StepNotice> now = NoticesOf(record, user);
  const auto put = [&](const StepNotice& notice) {
    batch->PutNotice(notice);
    Event event;
    event.kind = Event::Kind::kStepMet;
    event.record = record.id();
    events->push_back(std::move(event));
  };
  for (const StepNotice& known : known_) {
    if (known.record_id() != record.id().view()) continue;
    const bool still = std::any_of(now.begin(), now.end(), [&](const StepNotice& notice) {
      return SameMeeting(notice, known);
    });
    if (still) continue;
    // Whoever asked is told what became of it; of the rest, whoever has not looked yet.
    const bool asked = known.kind() == StepNotice::KIND_REQUESTED && !known.has_ended();
    if (known.seen() && !asked) {
      batch->DropNotice(known);
    } else if (!known.has_ended()) {
      StepNotice ended = known;
      *ended.mutable_ended() = InForce(record, known.field());
      ended.set_seen(false);
      put(ended);
    }
  }
  for (const StepNotice& notice : now) {
    const bool told = std::any_of(known_.begin(), known_.end(), [&](const StepNotice& known) {
      return SameMeeting(notice, known) && !known.has_ended();
    });
    if (!told) put(notice);
  }
}

void NoticeBook::Forget(const sync::RecordId& record, StoreBatch* batch) const {
  for (const StepNotice& known : known_) {
    if (known.record_id() == record.view()) batch->DropNotice(known);
  }
}

absl::StatusOr<std::vector<StepNotice>> Notebook::Notices() const {
  absl::ReaderMutexLock lock(&impl_->desk.mutex);
  SOTAY_RETURN_IF_ERROR(CheckOpen(impl_->desk));
  SOTAY_ASSIGN_OR_RETURN(std::vector<StepNotice> notices, impl_->desk.store->Notices());
  notices.erase(std::remove_if(notices.begin(), notices.end(),
                               [](const StepNotice& notice) { return notice.seen(); }),
                notices.end());
  std::stable_sort(notices.begin(), notices.end(), [](const StepNotice& a, const StepNotice& b) {
    return a.own().at_ms() < b.own().at_ms();
  });
  return notices;
}

absl::Status Notebook::Looked(const std::vector<StepNotice>& shown) {
  absl::MutexLock lock(&impl_->desk.mutex);
  SOTAY_ASSIGN_OR_RETURN(const std::vector<StepNotice> notices, impl_->desk.store->Notices());
  StoreBatch batch;
  bool any = false;
  for (StepNotice notice : notices) {
    const bool was_shown = std::any_of(shown.begin(), shown.end(), [&](const StepNotice& one) {
      return SameMeeting(one, notice) && one.has_ended() == notice.has_ended();
    });
    if (!was_shown || notice.seen()) continue;
    notice.set_seen(true);
    batch.PutNotice(notice);
    any = true;
  }
  return any ? impl_->desk.store->Commit(batch) : absl::OkStatus();
}

}  // namespace sotay::sdk
