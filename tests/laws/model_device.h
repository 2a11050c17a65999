// A phone made of sync::Compose, sync::Absorb and sync::Show and maps in memory: what the
// notebook, the courier and the store do in the product, without disk, net or threads.  Not
// thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "sotay/stored/v1/phone.pb.h"
#include "sync/absorb.h"
#include "sync/compose.h"
#include "tests/laws/chance.h"
#include "tests/laws/model_server.h"
#include "tests/laws/paper.h"

namespace sotay::laws {

// What a faulty phone does wrong; the product does none of it.
enum class DeviceFault {
  kNone,
  kLaysWithoutContext,  // forgets what its pending changes were made on
  kLaysBackward,        // lays its outbox on from the newest to the oldest
  kKeepsOldBases,       // does not take a record it has already
  kForgetsItsOutbox,    // shows the server's record alone
};

class ModelDevice {
 public:
  struct Person {
    std::string user;
    std::set<sync::Role> roles;
    Build build = kNewest;
    // The device's clock: `stuck_ms` when it stands still, else this far ahead of the truth.
    int64_t ahead_ms = 0;
    absl::optional<int64_t> stuck_ms;
  };

  using HistoryCall = std::function<std::vector<sync::AdmittedEdit>(const sync::RecordId&)>;

  ModelDevice(sync::DeviceId id, Person person, DeviceFault fault, HistoryCall history)
      : id_(id), person_(std::move(person)), fault_(fault), history_(std::move(history)) {}

  const sync::DeviceId& id() const { return id_; }
  const Person& person() const { return person_; }
  int64_t Clock(int64_t now_ms) const {
    return person_.stuck_ms.has_value() ? *person_.stuck_ms : now_ms + person_.ahead_ms;
  }

  // Makes an edit permanent.  `forge`, when given, may change the change before it is named, as
  // no honest build does.  Fails as sync::Compose does; then nothing happened.
  absl::Status Write(const std::vector<sync::RecordWish>& wishes, const sync::RecordId& dossier,
                     int64_t now_ms, Chance* chance,
                     const std::function<void(v1::Change*)>& forge = nullptr);

  // The first change whose fate it has not heard; past the last one when it has heard all.
  // Being told "accepted through" is not enough: a lost answer may have held a refusal.
  uint64_t Unanswered() const;
  // A request with the changes from `from` on, `count_max` of them at most.
  Request Ask(uint64_t from, size_t count_max, int64_t now_ms) const;
  absl::Status Take(const Answer& answer, int64_t now_ms);

  // The record as its user sees it; nothing when there is none.
  absl::optional<sync::MergedRecord> Shown(const sync::RecordId& id) const;
  // Every record it knows of, with its dossier.
  std::map<sync::RecordId, sync::RecordId> Known() const;
  // The bytes the server last sent of a record; empty: none.
  std::string Base(const sync::RecordId& id) const;

  const std::map<uint64_t, stored::v1::OwnChange>& own() const { return own_; }
  const stored::v1::Progress& progress() const { return progress_; }
  uint64_t cursor() const { return cursor_; }

 private:
  absl::optional<sync::MergedRecord> Show(const sync::MergedRecord& base,
                                          const std::vector<sync::OwnChange>& own) const;

  sync::DeviceId id_;
  Person person_;
  DeviceFault fault_;
  HistoryCall history_;
  stored::v1::Progress progress_;
  uint64_t cursor_ = 0;
  std::map<sync::RecordId, std::string> bases_;
  std::map<uint64_t, stored::v1::OwnChange> own_;
};

}  // namespace sotay::laws
