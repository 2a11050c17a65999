// Who there is: units, users, posts, devices and invitations, in memory, and what the guard
// (sync/guard.h) needs of them: where units stand, who holds which post today, and who sees which
// dossier.  Loaded from the
// store at the start; changed by the hub's thread alone, after it has committed; read by everybody.
//
// Identity is a public key: a call's certificate is looked up by the SHA-256 of its
// SubjectPublicKeyInfo, each time, so that a revocation holds from the next call on.
//
// Today is the day it was turned to last (TurnTo); nothing here reads a clock.
//
// The guard, of units; of a single record, reading.h:
//   may sync a unit   whose posts in exactly that unit read everything there, whatever becomes of
//   it may read a unit   whose posts in it, above it, or in what came after it read something there
//   administrators    as such, read no content
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/optional.h"
#include "server/access_rules.h"
#include "server/person.h"
#include "server/store.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/dossier_acts.h"
#include "sync/guard.h"
#include "sync/ids.h"
#include "sync/organisation.h"
#include "sync/schema.h"
#include "sync/seal/device_keys.h"

namespace sotay::server {

// Whoever makes a call: an active device and its user.
struct Caller {
  sync::DeviceId device;
  std::shared_ptr<const stored::v1::DeviceRow> row;
  std::shared_ptr<const Person> person;
};

class Directory {
 public:
  // As it is at `now_ms`, by those rules.  kDataLoss when the tables contradict each other.
  static absl::StatusOr<std::unique_ptr<Directory>> From(Tables tables, AccessRules rules,
                                                         int64_t now_ms);
  // Posts and terms of units are from now on those of the day it is at `now_ms`, server clock.  To
  // be called before anybody is identified or anything is decided; cheap within a day.
  void TurnTo(int64_t now_ms);

  // Identity ---------------------------------------------------------------------------
  // The caller a key belongs to.  DEVICE_UNKNOWN, DEVICE_REVOKED; a forked device is let in:
  // what it has is still to be received, and Sync tells it what it is.
  absl::StatusOr<Caller> CallerOf(absl::string_view spki_hash) const;
  // The same for a device that was a caller before.
  absl::StatusOr<Caller> CallerOf(const sync::DeviceId& device) const;
  absl::optional<stored::v1::Ticket> TicketOf(absl::string_view spki_hash) const;
  std::shared_ptr<const stored::v1::DeviceRow> Device(const sync::DeviceId& device) const;
  // The keys a device seals with, and sealed with before; null for an unknown device.
  std::shared_ptr<const seal::DeviceKeys> KeysOf(const sync::DeviceId& device) const;
  // Its row with its earlier keys, as they are at one moment; null row: unknown.
  struct DeviceSeen {
    std::shared_ptr<const stored::v1::DeviceRow> row;
    std::vector<v1::EarlierKey> earlier;
  };
  DeviceSeen SeenOf(const sync::DeviceId& device) const;
  std::vector<v1::EarlierKey> EarlierKeys(const sync::DeviceId& device) const;
  // The device whose key in force it is, in whatever state.
  absl::optional<sync::DeviceId> HolderOf(absl::string_view spki_hash) const;
  // Whether it is, or was, a key of a device or of an invitation.
  bool KnowsKey(absl::string_view spki_hash) const;
  std::shared_ptr<const Person> FindPerson(absl::string_view user_id) const;

  // The guard --------------------------------------------------------------------------
  const AccessRules& rules() const { return rules_; }
  // The person's posts, as they stand to the unit; none when there is no such unit.
  sync::Seats SeatsOf(const Person& person, absl::string_view unit) const;
  // Those of them that are in the unit or, once it has ended, in what came after it.
  sync::Seats SeatsHere(const Person& person, absl::string_view unit) const;
  // Whether something of the unit is the person's to read.
  bool MayRead(const Person& person, absl::string_view unit) const;
  // Whether the person may read what is of a kind that is no record: devices, audit.  `own`: what
  // is about the person.
  bool MayRead(const Person& person, absl::string_view unit, sync::Kind kind,
               bool own = false) const;
  // Units the person may read something of, parents before children; of those, only `unit` and, if
  // `subtree`, what is below it, when it is not empty.
  std::vector<std::string> Readable(const Person& person, absl::string_view unit = "",
                                    bool subtree = true) const;
  // Units whose feed the person's devices carry, by id.
  std::vector<std::string> Synced(const Person& person) const;

  // Who sees which of the unit's dossiers; null when nothing was ever said of that.
  std::shared_ptr<const sync::DossierActs> DossiersOf(absl::string_view unit) const;
  // Whether a dossier of the unit is for others than the person; also one that is being opened for
  // some alone, or hidden (NoteOpenings), of which nothing else is told yet.
  bool KeepsBack(absl::string_view unit, absl::string_view dossier, absl::string_view user) const;
  // Whether nothing was said in the unit since `acts` were all there was to say (null: nothing),
  // and no dossier is being opened for some alone.
  bool StandsAsItIs(absl::string_view unit, const sync::DossierActs* acts) const;
  // Units of which it is not null.
  std::vector<std::string> UnitsWithDossierActs() const;
  // Dossiers that proved to be secret, of all units, and the records there were in them: under no
  // id of theirs anything is taken again.  Null: none.
  std::shared_ptr<const std::set<sync::RecordId>> Sealed() const;
  // How far the content of one has left; null when it is none.  What is given stays as it is.
  using Secret = std::shared_ptr<const stored::v1::SecretRow>;
  Secret SecretOf(absl::string_view dossier) const;
  std::vector<Secret> Secrets() const;
  // One with another that stands in for it where it is none, so that time does not tell which is
  // the case: `asked`, for whoever may know of it; `to_judge`, null when there are none at all, by
  // which it is decided who that is.
  struct SecretToJudge {
    Secret asked;
    Secret to_judge;
  };
  SecretToJudge SecretToJudgeOf(absl::string_view dossier) const;
  // The one that it is the root of, or that it was a record of.
  SecretToJudge SecretToJudgeWith(absl::string_view record) const;
  // Those that the device wrote in, each with its unit.
  std::vector<std::pair<sync::RecordId, std::string>> SealedWrittenBy(
      const sync::DeviceId& device) const;
  // The day it was turned to.
  sync::Day today() const;

  // What there is ----------------------------------------------------------------------
  stored::v1::StoreMeta meta() const;
  // The unit's newest position and number of records; nothing when there is no such unit.
  absl::optional<stored::v1::UnitHead> Head(absl::string_view unit) const;
  absl::optional<v1::Unit> FindUnit(absl::string_view unit) const;
  std::vector<v1::Unit> Units() const;
  std::vector<v1::User> Users() const;
  // Units the person may read something of, or see the numbers of.
  std::vector<v1::UnitView> ReadableUnits(const Person& person) const;
  // Counts what changes the names and roles that devices show: acts of administrators, and posts
  // that begin or end by the calendar.  Of an office without posts, the directory's revision.
  uint64_t names_revision() const;
  // Rows of posts, by user and number: those that stand, or with `history` all.  Of one user, in
  // one unit, unless these are empty.
  std::vector<v1::Post> Posts(absl::string_view user, absl::string_view unit, bool history) const;
  // Terms of units that stand, by unit.
  std::vector<v1::UnitTerm> Terms() const;
  // Whether what comes after the unit would lead back to it.
  bool LeadsBack(const std::string& unit, const std::vector<std::string>& successors) const;
  // The units and people a person's devices show by name.
  v1::Directory NamesFor(const Person& person) const;
  // Devices of those who have a post in `units`, and of those who had one there and have not sent
  // everything yet, by user; of everybody when `units` is null.
  std::vector<v1::DeviceView> Devices(const std::vector<std::string>* units) const;
  absl::optional<v1::DeviceView> ViewOf(const sync::DeviceId& device) const;
  size_t administrators() const;
  // What waits for somebody's consent, or for a leader (consents.h): of each unit the newest `max`,
  // oldest first.
  std::vector<Submission> Submissions(size_t max) const;

  // Contact ----------------------------------------------------------------------------
  // Notes that a device has called.  Kept in memory until somebody takes it to the store.
  void Touch(const sync::DeviceId& device, stored::v1::Contact contact);
  // As Touch, of a call that says nothing else about the device.
  void TouchAt(const sync::DeviceId& device, int64_t now_ms);
  stored::v1::Contact ContactOf(const sync::DeviceId& device) const;
  // What was noted and not taken since; of one device, or all.
  absl::optional<stored::v1::Contact> TakeContact(const sync::DeviceId& device);
  std::vector<std::pair<sync::DeviceId, stored::v1::Contact>> TakeContacts();

  // Changes, by the hub's thread after the commit --------------------------------------
  absl::Status Take(const Tables& committed);

  // Before the commit: that no act is numbered as one that is there, or leaves out a number
  // (kDataLoss); and, so that it is so before anybody can find them in the store, which dossiers
  // they open for some alone, or hide.  Where a device stands with acts counts those committed.
  absl::Status NoteOpenings(const std::vector<v1::DossierAct>& acts);

 private:
  struct DeviceEntry {
    std::shared_ptr<const stored::v1::DeviceRow> row;
    std::shared_ptr<const seal::DeviceKeys> keys;
    stored::v1::Contact contact;
    bool contact_dirty = false;
  };

  Directory() = default;
  absl::Status PutDevice(const stored::v1::DeviceRow& row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Caller> Admit(const sync::DeviceId& id, const DeviceEntry& entry) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Works out anew where units stand, and everybody.
  void ReckonAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Reckon(v1::User user) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The user's rows that no other replaces.
  std::vector<v1::Post> StandingPosts(absl::string_view user) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void CountTurns() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TakePosts(const Tables& committed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TakeDossierActs(const Tables& committed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  SecretToJudge SecretAt(std::string_view dossier) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void AddSealed(const std::vector<sync::RecordId>& ids) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  sync::Seats SeatsOfLocked(const Person& person, absl::string_view unit) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool MayReadLocked(const Person& person, absl::string_view unit) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  std::vector<std::string> ReadableLocked(const Person& person, absl::string_view unit,
                                          bool subtree) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  v1::DeviceView View(const DeviceEntry& entry) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  // Whether the user has a post there, or had one on that day or after it.
  bool WasIn(const std::string& user, const std::string& unit, sync::Day since) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  AccessRules rules_;  // set once

  mutable absl::Mutex mutex_;
  sync::Day day_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t turned_ms_ ABSL_GUARDED_BY(mutex_) = 0;  // the clock when it was turned to that
  sync::Organisation organisation_ ABSL_GUARDED_BY(mutex_);
  Standings standings_ ABSL_GUARDED_BY(mutex_);  // today
  uint64_t turns_ ABSL_GUARDED_BY(mutex_) = 0;   // posts that began or ended by the calendar
  std::map<std::string, std::vector<v1::Post>, std::less<>> posts_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::UnitTerm, std::less<>> terms_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const sync::DossierActs>, std::less<>> dossiers_
      ABSL_GUARDED_BY(mutex_);
  // By dossier, until the commit.
  std::map<std::string, v1::DossierAct, std::less<>> opening_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const std::set<sync::RecordId>> sealed_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Secret, std::less<>> secrets_ ABSL_GUARDED_BY(mutex_);
  // Record → its dossier, of those.
  std::map<std::string, std::string, std::less<>> secret_with_ ABSL_GUARDED_BY(mutex_);
  std::map<sync::DeviceId, std::map<sync::RecordId, std::string>> writers_ ABSL_GUARDED_BY(mutex_);
  stored::v1::StoreMeta meta_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Unit, std::less<>> units_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, stored::v1::UnitHead, std::less<>> heads_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<const Person>, std::less<>> people_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<sync::DeviceId, DeviceEntry> devices_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, sync::DeviceId> by_key_ ABSL_GUARDED_BY(mutex_);  // in force
  std::set<std::string, std::less<>> given_up_ ABSL_GUARDED_BY(mutex_);  // hashes of keys
  std::map<sync::DeviceId, std::vector<v1::EarlierKey>> earlier_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, stored::v1::Ticket> tickets_ ABSL_GUARDED_BY(mutex_);
  // By unit, when they came, and id.
  std::map<std::string, std::map<std::pair<int64_t, sync::ChangeId>, Submission>> submissions_
      ABSL_GUARDED_BY(mutex_);
};

// SHA-256 of a SubjectPublicKeyInfo in DER, as callers are looked up by.
std::string HashOfKey(absl::string_view spki_der);

}  // namespace sotay::server
