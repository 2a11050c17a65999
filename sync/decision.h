// What becomes of one change: the judging half of Ingest (ingest.h).  Decides, changes nothing.
// Pure; one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "sync/ingest.h"

namespace sotay::sync {

// An edit that passed every check, with what is needed to apply it.
struct ReadyEdit {
  const v1::RecordEdit* edit = nullptr;
  VersionVector seen;
  std::vector<std::string> texts;
};

// What was decided of one change.
struct Decision {
  absl::optional<Refusal> refusal;
  ChangeId waits_for;  // with a refusal: not zero means held
  std::vector<ReadyEdit> ready;
  Stamp after = 0;  // the newest effective stamp its author had seen
  // What a signature says, when the change is one that takes effect.
  absl::optional<Signature> signature;
  // The act its author had not heard of, by which the dossier is no longer theirs; 0: it is.
  uint64_t unaware_of = 0;
  // Its author may say who sees the dossier, so that an assignment in it decides whose that is.
  bool assigns = false;
};

// One change with its author, on its way through.
struct Arrival {
  const PushInput* push = nullptr;
  const PushedChange* pushed = nullptr;
  uint64_t sequence = 0;
  bool released = false;
  const TakeInInput* taken = nullptr;  // by whose decision it comes, after it was refused

  // The device it will stand under in histories, and as whom; without a stamp.
  DeviceId Device() const;
  Author Place() const;
  // The device it was written on, and its count there.
  VersionVector::Entry Written() const;
  // When it came, and the newest act in a unit that its device had followed then; 0: none.
  int64_t CameMs(int64_t now_ms) const {
    return push->received_ms != 0 ? push->received_ms : now_ms;
  }
  uint64_t Heard(const std::string& unit) const;
  // Its device says that it was a late amendment before.
  bool SaidLate() const { return push->late.count(sequence) != 0; }
  // What it is judged by once it goes on, of one that is held.
  void NoteGrounds(const std::string& unit, stored::v1::HeldRow* held) const;

 private:
  uint32_t Authority(const std::string& unit) const;
};

// The state changes are judged against, and admitted to: a working copy of what was loaded.
struct Bench {
  explicit Bench(const IngestInput& loaded)
      : input(loaded),
        histories(loaded.histories),
        positions(loaded.positions),
        numbers(loaded.numbers),
        signatures(loaded.signatures),
        bare(loaded.bare),
        attached(loaded.attached) {}

  // Null when there is no such record.
  WrittenRecord* Find(const RecordId& id);
  // The signature of a record that stands; null: there is none.
  const StandingSignature* SignatureOf(const RecordId& id) const;
  // The root of the change's dossier where its type has secrets; null: there is none.
  const MergedRecord* RootThatIsAsked(const v1::Change& change);
  // Who sees which dossier of a unit, with what was said here; null: nothing was ever said.
  const DossierActs* ActsOf(const std::string& unit) const;
  void Say(v1::DossierAct act);
  // The act by which a dossier was taken from somebody; null: it is not kept back.
  const v1::DossierAct* KeepingBack(const v1::Change& change, const Rights& rights) const;
  // Whether a dossier is somebody's, who opened it or is assigned to it, and was before the act
  // with that number; one that is not here yet is theirs who opens it.
  bool IsTheirs(const v1::Change& change, const Rights& rights);
  bool WasTheirs(const v1::Change& change, const Rights& rights, uint64_t before);

  const IngestInput& input;
  std::map<RecordId, History> histories;
  std::map<std::string, uint64_t> positions;  // by unit
  UnitNumbers numbers;
  std::map<RecordId, StandingSignature> signatures;
  // Changes that nothing waits for (IngestInput::bare), with their devices: nobody else ever had
  // them.
  std::set<std::pair<DeviceId, ChangeId>> bare;
  std::map<RecordId, size_t> attached;  // attachments of a record
  WrittenRecords working;
  std::map<std::string, DossierActs> said;  // by unit, where anything was said here
  std::vector<v1::DossierAct> acts;         // that
  std::set<RecordId> histories_needed;      // what Ingest must be called again with
  // What an edit is made on that makes a record.
  const MergedRecord nothing = {nullptr, RecordId(), "", "", RecordId()};
};

// What the secrecy gate says of a change, whoever sent it and however (secrecy.h).
absl::optional<Refusal> GateRefusal(const v1::Change& change, Bench* bench);
// Attachments of one record: all the photographs of a scene, and few enough that a signature, which
// looks at each, holds up nobody.
constexpr size_t kAttachmentsMax = 500;

// TOO_LARGE for the edit that makes an attachment whose file is never taken, or that is one too
// many of its record.  Counts it.
absl::optional<Refusal> CheckAttaching(const v1::RecordEdit& edit, Bench* bench);
// ATTACHMENT_MISSING when a file that hangs under the record is not whole here: nobody signs what
// nobody can look at.
absl::optional<Refusal> CheckFiles(const MergedRecord& object, Bench* bench);
// Whether a change is withheld, or of a dossier that proved to be secret: whatever else is to be
// said of it, nothing of it may be kept but its id.
bool IsSecret(const PushedChange& pushed, const std::set<RecordId>* sealed);
// What may be kept of such a change where no push says that it is withheld: whose it is, and of
// which dossier.  A serialised v1::Change.
std::string NamedOnly(const PushedChange& pushed, const std::string& device, uint64_t sequence);

// Judges a change by everything admitted to the bench so far.  Notes in `histories_needed` what it
// could not judge without.
Decision Decide(const Arrival& arrival, const stored::v1::DeviceRow& device, Bench* bench);

}  // namespace sotay::sync
