// A phone and an office of paper: the whole corridor with maps where the stores are, and no net,
// thread or clock.  Tests of the core drive it step by step; fuzz targets throw changes at it.
//
//   PaperOffice office(CaseworkSchema());
//   PaperPhone nguyet = office.Enrol("nguyet", kProsecutor);
//   nguyet.Write("k", {NewCase("k"), Note("n").Says("…")});
//   office.Exchange(&nguyet);
//
// What it does between the beats is what hub.cc and courier.cc must do, in the shortest way that
// is obviously right.  A broken precondition ends the program.  One thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "sync/absorb.h"
#include "sync/compose.h"
#include "sync/ingest.h"
#include "tests/support/builders.h"
#include "tests/support/sequence_rows.h"

namespace sotay::tests {

inline constexpr char kUnit[] = "vkskv1";
inline constexpr int64_t kMorning = 1'794'000'000'000;  // a day in November 2026

class PaperPhone {
 public:
  PaperPhone(std::shared_ptr<const sync::Schema> schema, absl::string_view name,
             std::set<sync::Role> roles, std::string unit_id = kUnit);

  // Makes a change of the wishes; `TryWrite` says what Compose says, `Write` must succeed.
  absl::StatusOr<sync::Composed> TryWrite(absl::string_view dossier,
                                          const std::vector<sync::RecordWish>& wishes);
  sync::ChangeId Write(absl::string_view dossier, const std::vector<sync::RecordWish>& wishes);

  // Chains a change as a broken or hostile build might: nothing is checked, what is not set is
  // filled in.  WriteBytes not even that.
  sync::ChangeId Forge(v1::Change change);
  sync::ChangeId WriteBytes(std::string bytes);

  // A change with one edit of `wish` on top of `parents`, not written yet: for Forge.
  static v1::Change Draft(absl::string_view dossier, const Wish& wish,
                          const std::vector<sync::ChangeId>& parents);

  // The record as its user sees it.
  absl::optional<sync::MergedRecord> Shown(absl::string_view record) const;
  // Takes the server's answer in.
  absl::StatusOr<sync::Absorbed> Absorb(const v1::SyncResponse& response,
                                        const std::vector<v1::FeedRecord>& records);

  // What it has written from `sequence` on, as it would push it.
  std::vector<sync::PushedChange> Written(uint64_t sequence) const;
  // Forgets its newest change, as a phone set back from a backup does.
  void SetBack();

  const sync::DeviceId& device() const { return device_; }
  const std::string& user_id() const { return user_id_; }
  const std::string& unit_id() const { return unit_id_; }
  const std::set<sync::Role>& roles() const { return roles_; }
  const stored::v1::Progress& progress() const { return progress_; }
  // Outcome of its own change of that sequence; unspecified verdict: none yet.
  v1::ChangeOutcome Outcome(uint64_t sequence) const;

  int64_t clock_ms = kMorning;  // its wall clock; a second passes with each change
  // Asks the office for a record's history, when a text cannot be shown without.
  std::function<std::vector<sync::AdmittedEdit>(const sync::RecordId&)> history;

 private:
  std::vector<const sync::OwnChange*> Own() const;
  absl::optional<sync::MergedRecord> Show(const sync::MergedRecord& base) const;
  void Keep(std::string bytes, absl::optional<v1::Change> change,
            std::vector<stored::v1::EditContext> contexts);

  std::shared_ptr<const sync::Schema> schema_;
  sync::DeviceId device_;
  std::string user_id_;
  std::set<sync::Role> roles_;
  std::string unit_id_;
  stored::v1::Progress progress_;
  std::map<sync::RecordId, sync::MergedRecord> bases_;
  std::vector<sync::OwnChange> own_;
  std::vector<sync::PushedChange> written_;
};

class PaperOffice {
 public:
  // One line of the journal: everything the office ever took.
  struct Line {
    std::string bytes;
    sync::ChangeId id;
    sync::DeviceId device;
    uint64_t sequence = 0;
    v1::Admission admission;  // position 0: set aside
    v1::QuarantinedChange set_aside;
    uint64_t after_position = 0;
  };

  explicit PaperOffice(std::shared_ptr<const sync::Schema> schema);

  // A phone of a new user, and a second phone for a user there is.
  PaperPhone Enrol(absl::string_view name, const std::set<sync::Role>& roles,
                   const std::string& unit_id = kUnit);

  // What a phone pushes from `first_sequence` on (0: from the first one not accepted).
  sync::PushInput PushOf(const PaperPhone& phone, uint64_t first_sequence = 0) const;
  // Everything Ingest must be given for these pushes, histories excepted.
  sync::IngestInput Load(std::vector<sync::PushInput> pushes) const;
  // Load, decide (again with the histories it asks for), commit; then release what now may go.
  sync::PushOutcome Push(const sync::PushInput& push);
  sync::PushOutcome Push(const PaperPhone& phone, uint64_t first_sequence = 0) {
    return Push(PushOf(phone, first_sequence));
  }
  // Takes a refused change in, as `by` decided; not committed unless it is applied.
  v1::ChangeOutcome TakeIn(const v1::QuarantinedChange& refused, const std::string& by);
  // A whole exchange: push, answer, absorb.
  sync::Absorbed Exchange(PaperPhone* phone);

  // Null when there is no such record.
  absl::optional<sync::MergedRecord> Find(absl::string_view record) const;
  // From the log and the quarantine, or from another `journal`.  `like` gives type and place of a
  // record not here yet.
  sync::History HistoryOf(const sync::RecordId& id, const sync::IngestInput& like,
                          const std::vector<Line>* journal = nullptr) const;
  // The same as a phone is told it.
  std::vector<sync::AdmittedEdit> EditsOf(const sync::RecordId& id) const;
  const stored::v1::DeviceRow& Row(const PaperPhone& phone) const;

  const std::vector<Line>& journal() const { return journal_; }
  // What is in quarantine or held now, in order of arrival.
  std::vector<v1::QuarantinedChange> SetAside() const;

  sync::ContentHash hash_content = PlainContentHash;
  int64_t now_ms = kMorning;
  int64_t skew_ms = 0;        // of whoever pushes next
  int rounds = 0;             // how often the last push had to be decided
  bool releases_held = true;  // whether Push looks at held changes again

 private:
  template <typename Decide>
  sync::IngestOutcome Decided(sync::IngestInput* input, const Decide& decide);
  void Commit(const sync::IngestOutcome& outcome);
  void ReleaseHeld(std::set<std::string> arrived);

  std::shared_ptr<const sync::Schema> schema_;
  std::map<std::string, uint64_t> positions_;
  sync::UnitNumbers numbers_;
  std::map<sync::RecordId, sync::StandingSignature> signatures_;
  std::map<sync::DeviceId, stored::v1::DeviceRow> devices_;
  std::map<std::string, std::map<std::string, std::set<sync::Role>>> roles_;  // user → unit → …
  SequenceRows sequences_;
  std::map<sync::DeviceId, std::vector<v1::ChangeOutcome>> revised_;
  struct Stored {
    std::string bytes;
    uint64_t position = 0;
  };
  std::map<sync::RecordId, Stored> records_;
  std::vector<Line> journal_;
};

}  // namespace sotay::tests
