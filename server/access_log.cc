#include "server/access_log.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "server/event_log.h"
#include "server/refusal.h"
#include "sotay/v1/access_grounds.pb.h"
#include "sync/validate.h"

namespace sotay::server {
namespace {

v1::AccessEntry Granted(const v1::AccessEntry& asked, const Caller& caller, const Shown& shown) {
  v1::AccessEntry read = asked;
  // Whom a feed is sent is in the unit; that was looked at when it was read.
  const bool member = asked.kind() == v1::ACCESS_KIND_FEED || caller.person->IsIn(shown.unit);
  read.set_rule(member ? v1::ACCESS_RULE_MEMBER : v1::ACCESS_RULE_SUPERVISOR_ABOVE);
  read.set_unit_id(shown.unit);
  read.set_record_id(shown.record);
  read.set_from(shown.from);
  read.set_to(shown.to);
  read.set_shown(shown.count);
  if (!shown.dossier.empty()) read.set_dossier_id(shown.dossier);
  v1::AccessGrounds grounds;
  grounds.set_lines(shown.lines);
  read.MergeFromString(grounds.SerializeAsString());
  return read;
}

v1::AccessEntry Refused(const v1::AccessEntry& asked) {
  v1::AccessEntry read;
  read.set_kind(asked.kind());
  read.set_rule(v1::ACCESS_RULE_REFUSED);
  // Nothing else can be the id of a unit.
  if (sync::IsSlug(asked.unit_id(), /*dots=*/false)) read.set_unit_id(asked.unit_id());
  read.set_record_id(asked.record_id());
  return read;
}

}  // namespace

absl::Status AccessLog::Note(const Caller& caller, const v1::AccessEntry& asked,
                             const ShownParts& shown, const absl::Status& answered) {
  std::vector<v1::AccessEntry> reads;
  if (answered.ok()) {
    for (const Shown& part : shown) reads.push_back(Granted(asked, caller, part));
  } else if (absl::IsNotFound(answered)) {
    reads.push_back(Refused(asked));
  }
  for (v1::AccessEntry& read : reads) {
    read.set_at_ms(now_ms_());
    read.set_user_id(caller.person->user.user_id());
    read.set_device_id(caller.device.str());
    bool lost;
    bool taken = true;
    {
      absl::MutexLock lock(&mutex_);
      lost = failed_;
      if (!lost) taken = gathering_.Add(read);
    }
    if (!taken) return Busy("the reads of this second are too many to note; try again shortly");
    if (!lost) continue;
    SayBounded(Severity::kWarning, "read_unrecorded",
               {{"kind", v1::AccessKind_Name(read.kind())},
                {"user", read.user_id()},
                {"device", absl::BytesToHexString(read.device_id())},
                {"unit", read.unit_id()},
                {"record", absl::BytesToHexString(read.record_id())}});
  }
  return absl::OkStatus();
}

std::vector<v1::AccessEntry> AccessLog::Take() {
  absl::MutexLock lock(&mutex_);
  return gathering_.Take();
}

void AccessLog::GiveUp(size_t lost) {
  {
    absl::MutexLock lock(&mutex_);
    lost += gathering_.Take().size();
    if (std::exchange(failed_, true)) return;
  }
  Say(Severity::kError, "reads_unrecorded",
      {{"lost", lost},
       {"message", "the store cannot be written: who reads is recorded no longer"}});
}

void AccessLog::Flush(std::function<void(absl::Status)> written) {
  bool wanted;
  {
    absl::MutexLock lock(&mutex_);
    wanted = !gathering_.empty() || writing_ > 0;
    if (wanted) ++writing_;
  }
  if (!wanted) return written(absl::OkStatus());
  const auto done = [this, written](const absl::Status& status) {
    {
      absl::MutexLock lock(&mutex_);
      --writing_;
    }
    written(status);
  };
  const absl::Status taken = hub_.Submit([this, done](Pen* pen) {
    std::vector<v1::AccessEntry> reads = Take();
    const size_t rows = reads.size();
    if (rows > 0 && !pen->Commit(std::move(reads)).ok()) GiveUp(rows);
    done(absl::OkStatus());
  });
  if (taken.ok()) return;
  if (hub_.failed()) {
    GiveUp(0);
    return done(absl::OkStatus());
  }
  done(taken);  // busy or stopping: what was gathered is written later
}

void AccessLog::Tick() {
  {
    absl::MutexLock lock(&mutex_);
    if (gathering_.empty() || writing_ > 0) return;
  }
  Flush([](const absl::Status&) {});
}

void AccessLog::Close() {
  std::vector<v1::AccessEntry> reads = Take();
  if (reads.empty()) return;
  const size_t rows = reads.size();
  Sheet sheet;
  store_.Fill(&sheet, std::move(reads));
  if (!store_.Write(&sheet).ok()) GiveUp(rows);
}

}  // namespace sotay::server
