#include "server/hub.h"

#include <utility>

#include "absl/time/time.h"
#include "server/dossiers.h"
#include "server/refusal.h"
#include "server/secrecy.h"

namespace sotay::server {
namespace {

// What a job without changes counts in the queue.
constexpr size_t kJobBytes = 1'024;

}  // namespace

Hub::Hub(Store* store, Directory* directory, const sync::Schema* schema, Watchers* watchers,
         HubOptions options)
    : directory_(*directory),
      options_(std::move(options)),
      scribe_(store, directory, watchers, [this](const absl::Status& why) { Fail(why); }),
      pen_(&scribe_, store, directory, schema) {
  for (const v1::DeviceView& view : directory_.Devices(nullptr)) {
    waiting_.Put(*directory_.Device(*sync::DeviceId::From(view.device_id())));
  }
  const absl::Status learnt = pen_.LearnRecords();
  if (!learnt.ok() && options_.failed) options_.failed(learnt);
  // A crash may have come between a commit and the release of what waited for it.
  to_release_ = waiting_.All();
  contacts_written_ms_ = options_.now_ms();
}

Hub::~Hub() { Drain(); }

void Hub::Start() {
  scribe_.Start();
  thread_ = std::thread([this] { Run(); });
}

void Hub::Run() {
  for (;;) {
    if (RunOnce()) continue;
    absl::MutexLock lock(&mutex_);
    const auto awake = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return stopping_ || !queue_.empty();
    };
    mutex_.AwaitWithTimeout(absl::Condition(&awake), absl::Milliseconds(options_.contacts_ms));
    if (stopping_ && queue_.empty()) return;
  }
}

void Hub::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  while (RunOnce()) {
  }
  Flush();
  scribe_.Stop();
}

absl::Status Hub::Refusal(size_t bytes) const {
  if (failed_) return StorageFailed();
  if (stopping_) return Stopping();
  if (queue_bytes_ + bytes > options_.queue_bytes_max && !queue_.empty()) {
    return Busy("the server is busy; try again shortly");
  }
  return absl::OkStatus();
}

void Hub::Submit(Push push, PushDone done) {
  absl::Status refusal;
  {
    absl::MutexLock lock(&mutex_);
    const size_t bytes = kJobBytes + push.bytes;
    refusal = Refusal(bytes);
    if (refusal.ok()) {
      queue_bytes_ += bytes;
      queue_.push_back({{std::move(push), std::move(done)}, nullptr});
      return;
    }
  }
  done(std::move(refusal));
}

absl::Status Hub::Submit(Mutation mutation) {
  absl::MutexLock lock(&mutex_);
  absl::Status refusal = Refusal(kJobBytes);
  if (!refusal.ok()) return refusal;
  queue_bytes_ += kJobBytes;
  queue_.push_back({PushJob(), std::move(mutation)});
  return absl::OkStatus();
}

std::vector<Hub::Job> Hub::TakeJobs() {
  absl::MutexLock lock(&mutex_);
  std::vector<Job> jobs;
  size_t changes = 0;
  size_t bytes = 0;
  std::set<sync::DeviceId> devices;
  while (!queue_.empty()) {
    Job& next = queue_.front();
    const Push& push = next.push.push;
    const bool alone = next.mutation != nullptr;
    if (alone && !jobs.empty()) break;
    if (!jobs.empty() && (changes + push.changes.size() > options_.group_changes_max ||
                          bytes + push.bytes > options_.group_bytes_max)) {
      break;
    }
    // A second push of one device is decided on what the first has left.
    if (!alone && !devices.insert(push.device).second) break;
    changes += push.changes.size();
    bytes += push.bytes;
    queue_bytes_ -= kJobBytes + push.bytes;
    jobs.push_back(std::move(next));
    queue_.pop_front();
    if (alone) break;
  }
  return jobs;
}

bool Hub::RunOnce() {
  pen_.set_now_ms(options_.now_ms());
  directory_.TurnTo(pen_.now_ms());
  TurnDay();
  GoOnWithSecrets();
  if (pen_.now_ms() >= contacts_written_ms_ + options_.contacts_ms) Flush();
  if (!to_release_.empty() && !failed()) {
    RunReleases();
    // Pushes do not wait for all of them.
  }
  std::vector<Job> jobs = TakeJobs();
  if (jobs.empty()) return !to_release_.empty() && !failed();
  if (jobs.front().mutation != nullptr) {
    pen_.Settle();
    jobs.front().mutation(&pen_);
    to_release_.merge(waiting_.For(pen_.TakeSatisfied()));
  } else {
    RunGroup(std::move(jobs));
  }
  return true;
}

void Hub::TurnDay() {
  if (day_ == directory_.today() || failed()) return;
  const absl::Status said = TakeOutPassedNames(&pen_);
  if (said.ok()) day_ = directory_.today();
}

// Somebody read what was to go, when it was to go.
void Hub::GoOnWithSecrets() {
  if ((directory_.Sealed() == nullptr && to_sweep_.empty()) || failed() ||
      pen_.now_ms() < secrets_tried_ms_ + options_.secrets_ms) {
    return;
  }
  secrets_tried_ms_ = pen_.now_ms();
  SweepReleased();
  if (directory_.Sealed() == nullptr) return;
  const absl::Status gone = GoOnWithPurges(&pen_);
  if (absl::IsDataLoss(gone) && options_.failed) options_.failed(gone);
}

void Hub::SweepReleased() {
  std::vector<std::vector<std::string>> left;
  for (std::vector<std::string>& rows : to_sweep_) {
    if (!pen_.store().Sweep(rows).ok()) left.push_back(std::move(rows));
  }
  to_sweep_ = std::move(left);
}

void Hub::RunGroup(std::vector<Job> jobs) {
  std::vector<PushJob> pushes;
  pushes.reserve(jobs.size());
  for (Job& job : jobs) {
    PushDone told = [this, done = std::move(job.push.done)](absl::StatusOr<PushAnswer> answer) {
      if (absl::IsDataLoss(answer.status()) && options_.failed) options_.failed(answer.status());
      done(std::move(answer));
    };
    pushes.push_back({std::move(job.push.push), std::move(told)});
  }
  Note(TakeGroup(&pen_, std::move(pushes)));
}

void Hub::RunReleases() {
  const absl::StatusOr<HeldNews> news =
      TakeReleases(&pen_, options_.group_changes_max, &to_release_);
  if (news.ok()) {
    Note(*news);
  } else if (absl::IsDataLoss(news.status()) && options_.failed) {
    options_.failed(news.status());
  }
}

void Hub::Note(const HeldNews& news) {
  if (!news.to_sweep.empty()) {
    to_sweep_.push_back(news.to_sweep);
    SweepReleased();
  }
  for (const stored::v1::DeviceRow& row : news.devices) waiting_.Put(row);
  to_release_.merge(waiting_.For(news.satisfied));
}

void Hub::Flush() {
  contacts_written_ms_ = options_.now_ms();
  if (failed()) return;
  Tables tables;
  tables.contacts = directory_.TakeContacts();
  if (tables.contacts.empty()) return;
  // Only last contacts: when they cannot be written, nothing anybody was told is lost.
  pen_.Commit(tables).IgnoreError();
}

void Hub::Fail(const absl::Status& why) {
  {
    absl::MutexLock lock(&mutex_);
    if (failed_) return;
    failed_ = true;
  }
  if (options_.failed) options_.failed(why);
}

bool Hub::failed() const {
  absl::MutexLock lock(&mutex_);
  return failed_;
}

}  // namespace sotay::server
