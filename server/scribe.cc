#include "server/scribe.h"

#include <utility>

#include "absl/time/time.h"
#include "server/refusal.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// After so long without a sheet, births are filed.
constexpr absl::Duration kQuiet = absl::Milliseconds(20);

}  // namespace

Scribe::Scribe(Store* store, Directory* directory, Watchers* watchers,
               std::function<void(const absl::Status&)> failed)
    : store_(*store), directory_(*directory), watchers_(*watchers), failed_(std::move(failed)) {}

Scribe::~Scribe() { Stop(); }

void Scribe::Start() {
  const bool unfiled = store_.HasUnfiled();
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = false;
    unfiled_ = unfiled;
  }
  thread_ = std::thread([this] { Run(); });
}

void Scribe::Stop() {
  if (!thread_.joinable()) return;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
  thread_ = std::thread();
  // So that the next start finds nothing to file.
  if (store_.read_only()) return;
  if (const absl::Status filed = store_.FileAll(); !filed.ok()) failed_(filed);
}

// False: there will be none.
bool Scribe::WaitForSheet() {
  const auto called = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return busy_ || stopping_; };
  const auto awake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return busy_ || stopping_ || unfiled_;
  };
  absl::MutexLock lock(&mutex_);
  for (;;) {
    mutex_.Await(absl::Condition(&awake));
    if (mutex_.AwaitWithTimeout(absl::Condition(&called), kQuiet)) return busy_;
    // Nothing has come for a while.
    while (!called()) {
      unfiled_ = false;
      mutex_.Unlock();
      const absl::Status filed = store_.FileSome();
      if (!filed.ok()) failed_(filed);
      const bool more = filed.ok() && store_.HasUnfiled();
      mutex_.Lock();
      if (!more) break;
      unfiled_ = true;
    }
  }
}

void Scribe::Run() {
  for (;;) {
    if (!WaitForSheet()) return;
    // Goes when the pen is free again: what was decided is much to take apart.
    const Written written = std::move(written_);
    written(Keep(&sheet_, tables_));
    const bool unfiled = store_.HasUnfiled();
    absl::MutexLock lock(&mutex_);
    busy_ = false;
    unfiled_ = unfiled;
  }
}

absl::Status Scribe::Keep(Sheet* sheet, const Tables& tables) {
  // A dossier that is opened for some alone is so before anybody can find it in the store.
  absl::Status kept = directory_.NoteOpenings(tables.dossier_acts);
  if (kept.ok()) kept = store_.Write(sheet);
  if (!kept.ok()) {
    failed_(kept);
    return StorageFailed();
  }
  SOTAY_RETURN_IF_ERROR(directory_.Take(tables));
  for (const auto& [unit, head] : tables.heads) watchers_.Wake(unit);
  for (const v1::DossierAct& act : tables.dossier_acts) watchers_.Wake(act.unit_id());
  return absl::OkStatus();
}

void Scribe::Write(Sheet* sheet, Tables tables, Written written) {
  if (!thread_.joinable()) {
    written(Keep(sheet, tables));
    return;
  }
  Settle();
  std::swap(*sheet, sheet_);
  tables_ = std::move(tables);
  written_ = std::move(written);
  absl::MutexLock lock(&mutex_);
  busy_ = true;
}

absl::Status Scribe::WriteNow(Sheet* sheet, const Tables& tables) {
  Settle();
  absl::Status kept = Keep(sheet, tables);
  const bool unfiled = store_.HasUnfiled();
  absl::MutexLock lock(&mutex_);
  unfiled_ = unfiled;
  return kept;
}

void Scribe::Settle() {
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !busy_; };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&idle));
}

bool Scribe::busy() const {
  absl::MutexLock lock(&mutex_);
  return busy_;
}

}  // namespace sotay::server
