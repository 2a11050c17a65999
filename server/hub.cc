#include "server/hub.h"

#include <utility>

#include "absl/time/time.h"
#include "server/refusal.h"

namespace sotay::server {
namespace {

// What a job without changes counts in the queue.
constexpr size_t kJobBytes = 1'024;

}  // namespace

Hub::Hub(Store* store, Directory* directory, const sync::Schema* schema, Watchers* watchers,
         HubOptions options)
    : directory_(*directory),
      watchers_(*watchers),
      options_(std::move(options)),
      pen_(store, directory, schema) {
  for (const v1::DeviceView& view : directory_.Devices(nullptr)) {
    waiting_.Put(*directory_.Device(*sync::DeviceId::From(view.device_id())));
  }
  // A crash may have come between a commit and the release of what waited for it.
  to_release_ = waiting_.All();
  contacts_written_ms_ = options_.now_ms();
}

Hub::~Hub() { Drain(); }

void Hub::Start() {
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
      queue_.push_back({std::move(push), std::move(done), nullptr});
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
  queue_.push_back({Push(), nullptr, std::move(mutation)});
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
    const bool alone = next.mutation != nullptr;
    if (alone && !jobs.empty()) break;
    if (!jobs.empty() && (changes + next.push.changes.size() > options_.group_changes_max ||
                          bytes + next.push.bytes > options_.group_bytes_max)) {
      break;
    }
    // A second push of one device is decided on what the first has left.
    if (!alone && !devices.insert(next.push.device).second) break;
    changes += next.push.changes.size();
    bytes += next.push.bytes;
    queue_bytes_ -= kJobBytes + next.push.bytes;
    jobs.push_back(std::move(next));
    queue_.pop_front();
    if (alone) break;
  }
  return jobs;
}

bool Hub::RunOnce() {
  pen_.set_now_ms(options_.now_ms());
  if (pen_.now_ms() >= contacts_written_ms_ + options_.contacts_ms) Flush();
  if (!to_release_.empty() && !failed()) {
    RunReleases();
    NoteFailure();
    // Pushes do not wait for all of them.
  }
  std::vector<Job> jobs = TakeJobs();
  if (jobs.empty()) return !to_release_.empty() && !failed();
  if (jobs.front().mutation != nullptr) {
    jobs.front().mutation(&pen_);
    NoteFailure();
  } else {
    RunGroup(std::move(jobs));
  }
  return true;
}

void Hub::RunGroup(std::vector<Job> jobs) {
  std::vector<Push> pushes;
  pushes.reserve(jobs.size());
  for (Job& job : jobs) pushes.push_back(std::move(job.push));
  GroupResult result = TakeGroup(&pen_, std::move(pushes));
  NoteFailure();
  Tell(result);
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (absl::IsDataLoss(result.answers[i].status()) && options_.failed) {
      options_.failed(result.answers[i].status());
    }
    jobs[i].done(std::move(result.answers[i]));
  }
}

void Hub::RunReleases() {
  const absl::StatusOr<GroupResult> result =
      TakeReleases(&pen_, options_.group_changes_max, &to_release_);
  if (result.ok()) {
    Tell(*result);
  } else if (absl::IsDataLoss(result.status()) && options_.failed) {
    options_.failed(result.status());
  }
}

void Hub::Tell(const GroupResult& result) {
  for (const sync::DeviceId& device : result.held_changed) {
    if (const auto row = directory_.Device(device)) waiting_.Put(*row);
  }
  to_release_.merge(waiting_.For(result.satisfied));
  for (const std::string& unit : result.units) watchers_.Wake(unit);
}

void Hub::Flush() {
  contacts_written_ms_ = options_.now_ms();
  if (failed()) return;
  Tables tables;
  tables.contacts = directory_.TakeContacts();
  if (tables.contacts.empty()) return;
  // Only last contacts: when they cannot be written, nothing anybody was told is lost.
  pen_.Commit(tables).IgnoreError();
  NoteFailure();
}

void Hub::NoteFailure() {
  if (pen_.failure().ok()) return;
  {
    absl::MutexLock lock(&mutex_);
    if (failed_) return;
    failed_ = true;
  }
  if (options_.failed) options_.failed(pen_.failure());
}

bool Hub::failed() const {
  absl::MutexLock lock(&mutex_);
  return failed_;
}

}  // namespace sotay::server
