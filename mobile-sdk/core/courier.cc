#include "mobile-sdk/core/courier.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace sotay::sdk {
namespace {

// The machine's clock that does not go back.
int64_t SteadyMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool IsForGood(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsAborted(status);
}

}  // namespace

Courier::Courier(Desk* desk, Exchange* exchange, FileExchange* files, Link* link)
    : desk_(*desk),
      exchange_(*exchange),
      files_(*files),
      link_(*link),
      files_backoff_(desk->random_bytes),
      backoff_(desk->random_bytes),
      listening_backoff_(desk->random_bytes) {}

Courier::~Courier() { Stop(); }

int64_t Courier::Step(int64_t now_ms) {
  bool lost_listening = false;
  bool nudged = false;
  bool heard = false;
  News news = News::kNone;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (halted_ || stopping_) return kNever;
    lost_listening = std::exchange(unheard_, false);
    if (lost_listening && backoff_.failures() == 0) {
      // The server went away, for everybody at once; or it never lets us listen.
      due_ms_ = std::min(due_ms_, now_ms + listening_backoff_.Next());
    }
    news = NewsHeard();
    if (backoff_.failures() == 0 && news != News::kNone) due_ms_ = now_ms;
    news_.clear();
    nudged = std::exchange(nudged_, false);
    heard = IsHeard();
  }
  // After a nudge it is on a network that has gone.
  if (lost_listening || nudged) StopListening();
  if (nudged) files_backoff_.Reset();
  {
    std::unique_lock<std::mutex> lock(mutex_);
    if (now_ms < due_ms_) {
      // Never in the place of an exchange.
      if (now_ms >= files_due_ms_ && backoff_.failures() == 0) {
        lock.unlock();
        SendPiece(now_ms);
        lock.lock();
      }
      return backoff_.failures() == 0 ? std::min(due_ms_, files_due_ms_) : due_ms_;
    }
    again_ = false;
  }
  if (!heard) StopListening();
  // While the server is heard it would have said so, had anything proved to be secret; it may just
  // have.
  if (news == News::kAccess || nudged || (listening_ == nullptr && !in_run_)) {
    exchange_.AskFirst();
  }
  const absl::StatusOr<Exchanged> exchanged = exchange_.Once();
  in_run_ = exchanged.ok() && !exchanged->quiet;
  if (!exchanged.ok()) {
    Fail(now_ms, exchanged.status());
  } else {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      backoff_.Reset();
      due_ms_ = exchanged->quiet && !again_ ? now_ms + kIdleMs : now_ms;
    }
    if (exchanged->quiet) {
      desk_.tidings->Tell({Event()});
      KeepListening();
      // What was attached may be admitted by now, and what waits by itself may be due.
      const bool waits = files_.Waits();
      if (!waits || files_due_ms_ == kNever || files_backoff_.failures() == 0) {
        files_due_ms_ = waits ? now_ms : kNever;
      }
    }
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (halted_) return kNever;
  return std::max(backoff_.failures() == 0 ? std::min(due_ms_, files_due_ms_) : due_ms_, now_ms);
}

void Courier::SendPiece(int64_t now_ms) {
  const absl::StatusOr<FileStep> step = files_.Once();
  if (!step.ok()) {
    files_due_ms_ = now_ms + files_backoff_.Next(DetailOf(step.status()).retry_after_ms());
    return;
  }
  files_backoff_.Reset();
  files_due_ms_ = step->idle ? kNever : now_ms;
}

void Courier::Fail(int64_t now_ms, const absl::Status& status) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    halted_ = IsForGood(status);
    due_ms_ = now_ms + backoff_.Next(DetailOf(status).retry_after_ms());
  }
  Event event;
  event.kind = Event::Kind::kSyncFailed;
  event.status = status;
  desk_.tidings->Tell({std::move(event)});
  if (IsForGood(status)) StopListening();
}

void Courier::KeepListening() {
  v1::WatchRequest request;
  std::set<std::string> units;
  {
    absl::ReaderMutexLock lock(&desk_.mutex);
    const absl::StatusOr<std::vector<v1::Cursor>> cursors = desk_.store->Cursors();
    if (!cursors.ok()) return;  // the next exchange fails of the same, and says so
    for (const v1::Cursor& cursor : *cursors) {
      *request.add_cursors() = cursor;
      units.insert(cursor.unit_id());
    }
  }
  if (listening_ != nullptr && units == listened_units_) return;
  StopListening();
  listened_units_ = units;
  if (units.empty()) return;
  listening_ = link_.Watch(
      request, [this](const v1::WatchResponse& news) { Heard(news); },
      [this](const absl::Status&) { Unheard(); });
}

void Courier::Heard(const v1::WatchResponse& news) {
  const std::lock_guard<std::mutex> lock(mutex_);
  listening_backoff_.Reset();
  heard_ms_ = desk_.now_ms();
  if (news.news().empty()) return;
  for (const v1::Cursor& cursor : news.news()) {
    news_[cursor.unit_id()] = cursor;
  }
  Poke();
}

bool Courier::IsHeard() const {
  if (!heard_ms_.has_value()) return false;
  const int64_t since_ms = desk_.now_ms() - *heard_ms_;
  return since_ms >= 0 && since_ms < kHeardMs;
}

void Courier::StopListening() {
  // Waits for whoever is hearing; after that nothing is heard any more.
  listening_.reset();
  const std::lock_guard<std::mutex> lock(mutex_);
  heard_ms_.reset();
}

void Courier::Unheard() {
  const std::lock_guard<std::mutex> lock(mutex_);
  unheard_ = true;
  Poke();
}

// Our own pushes are news to the server too; those we know.
Courier::News Courier::NewsHeard() const {
  if (news_.empty()) return News::kNone;
  absl::ReaderMutexLock lock(&desk_.mutex);
  const absl::StatusOr<std::vector<v1::Cursor>> cursors = desk_.store->Cursors();
  if (!cursors.ok()) return News::kAccess;
  News news = News::kNone;
  for (const v1::Cursor& cursor : *cursors) {
    const auto heard = news_.find(cursor.unit_id());
    if (heard == news_.end()) continue;
    const v1::Cursor& now = heard->second;
    // Somebody has said who sees a dossier, or that it is secret.
    if (now.access() != 0 && now.access() != cursor.access()) return News::kAccess;
    if (now.position() > cursor.position() ||
        (!now.epoch().empty() && now.epoch() != cursor.epoch())) {
      news = News::kRecords;
    }
  }
  return news;
}

void Courier::Poke() {
  poke_ = true;
  poked_.notify_all();
}

void Courier::SomethingToSend() {
  const std::lock_guard<std::mutex> lock(mutex_);
  again_ = true;
  if (backoff_.failures() == 0) due_ms_ = std::numeric_limits<int64_t>::min();
  Poke();
}

void Courier::Nudge() {
  link_.Wake();
  const std::lock_guard<std::mutex> lock(mutex_);
  again_ = true;
  nudged_ = true;
  backoff_.Reset();
  listening_backoff_.Reset();
  due_ms_ = std::numeric_limits<int64_t>::min();
  Poke();
}

void Courier::Run() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      poke_ = false;
      lock.unlock();
      const int64_t wait_ms = std::clamp<int64_t>(Step(SteadyMs()) - SteadyMs(), 0, kIdleMs);
      lock.lock();
      poked_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                      [this] { return poke_ || stopping_; });
    }
  });
}

void Courier::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    poked_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  StopListening();
}

}  // namespace sotay::sdk
