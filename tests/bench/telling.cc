#include "tests/bench/telling.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"
#include "tests/bench/asker.h"
#include "tests/bench/figures.h"

namespace sotay::bench {
namespace {

constexpr size_t kPairs = 1'500;
constexpr double kTellMax = 1.10;
constexpr size_t kNotes = 500;
constexpr size_t kRefused = 100;
constexpr size_t kFiles = 50;
constexpr char kNextDoor[] = "do-tai-ben-canh";
constexpr char kAbove[] = "do-tai-tren";
// Of which no dossier of the bench is.
constexpr char kOtherField[] = "khieu_to";

using Clock = std::chrono::steady_clock;

std::string RandomId(size_t bytes) {
  std::string id(bytes, '\0');
  seal::RandomBytes(id.data(), id.size());
  return id;
}

// One question about what is there, the other about what is not; each a call with its number.
using Question = std::function<grpc::Status(size_t)>;

// Microseconds until something is said not to be there.
absl::StatusOr<double> NotFoundUs(const Question& ask, size_t i) {
  const Clock::time_point begun = Clock::now();
  const grpc::Status status = ask(i);
  const double us = std::chrono::duration<double>(Clock::now() - begun).count() * 1e6;
  if (status.error_code() == grpc::StatusCode::NOT_FOUND) return us;
  return absl::InternalError(absl::StrCat("what is not theirs was answered ",
                                          static_cast<int>(status.error_code()), ": ",
                                          status.error_message()));
}

absl::Status Compare(const std::string& key, const std::string& words, const Question& theirs,
                     const Question& nobodys, Table* table) {
  std::vector<double> there, not_there;
  // Asked strictly in turn, each kind would always meet the same ones of the server's threads,
  // which also take turns.
  std::mt19937 coin(kPairs);
  for (size_t i = 0; i < kPairs; ++i) {
    const bool theirs_first = coin() % 2 == 0;
    SOTAY_ASSIGN_OR_RETURN(const double first, NotFoundUs(theirs_first ? theirs : nobodys, i));
    SOTAY_ASSIGN_OR_RETURN(const double second, NotFoundUs(theirs_first ? nobodys : theirs, i));
    there.push_back(theirs_first ? first : second);
    not_there.push_back(theirs_first ? second : first);
  }
  const double ratio = Median(there) / Median(not_there);
  table->Add({"custody." + key, words + ", not theirs and not there: the slower ÷ the faster",
              std::max(ratio, 1 / ratio), "", 3, Bound::kAtMost, kTellMax});
  table->Add({"custody." + key + ".not_theirs_us", "  not theirs, median", Median(there), "µs", 0});
  table->Add(
      {"custody." + key + ".not_there_us", "  not there, median", Median(not_there), "µs", 0});
  return absl::OkStatus();
}

// The same call with ids of records and with as many that nobody has, each asked for as often: what
// is asked for again is answered sooner, whether or not it is there.
absl::Status CompareIds(const std::string& key, const std::string& words,
                        const std::vector<std::string>& ids,
                        const std::function<grpc::Status(const std::string&)>& call, Table* table) {
  std::vector<std::string> nobodys(ids.size());
  for (std::string& id : nobodys) id = RandomId(sync::RecordId::kSize);
  return Compare(
      key, words, [&](size_t i) { return call(ids[i * 37 % ids.size()]); },
      [&](size_t i) { return call(nobodys[i * 37 % nobodys.size()]); }, table);
}

absl::StatusOr<std::vector<std::string>> NotesOf(Fleet* fleet) {
  SOTAY_ASSIGN_OR_RETURN(const ReadBack read, fleet->Check());
  std::vector<std::string> ids;
  for (const auto& [id, bytes] : read.content_bytes) ids.push_back(id.str());
  if (ids.empty()) return absl::InternalError("custody: nothing was read back");
  return ids;
}

// The calls that take the id of a record, by the last part of their figures' names.
struct Call {
  const char* key;
  const char* words;
  grpc::Status (Asker::*ask)(const std::string&) const;
};
constexpr Call kCalls[] = {
    {"record", "a record", &Asker::GetRecord},
    {"history", "its history", &Asker::ListRecordHistory},
    {"proof", "its proof", &Asker::ProveRecord},
    {"access", "who read it", &Asker::ListAccess},
    {"dossier", "its dossier, to restrict it", &Asker::RestrictDossier},
    {"open", "its dossier, to open it", &Asker::OpenDossier},
    {"seal", "its dossier, to seal it", &Asker::SealDossier},
    {"file", "its file, how far it is", &Asker::AskBlob},
    {"send", "its file, to send some of it", &Asker::SendChunk},
    {"finish", "its file, to finish it", &Asker::FinishBlob},
    {"read", "its file, to read it", &Asker::ReadChunk},
};

absl::Status CompareCalls(const std::string& key, const std::string& who, const Asker& asker,
                          const std::vector<std::string>& ids, Table* table) {
  for (const Call& call : kCalls) {
    SOTAY_RETURN_IF_ERROR(CompareIds(
        absl::StrCat(key, call.key), absl::StrCat(who, call.words), ids,
        [&](const std::string& id) { return (asker.*call.ask)(id); }, table));
  }
  return absl::OkStatus();
}

absl::Status MeasureStranger(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(Premises* const premises, stage->FilledPremises(kFewRecords));
  SOTAY_ASSIGN_OR_RETURN(const auto ids, NotesOf(premises->fleet.get()));
  SOTAY_RETURN_IF_ERROR(premises->office->PutUnit(kNextDoor, "Bên cạnh"));
  SOTAY_ASSIGN_OR_RETURN(
      const Asker stranger,
      Asker::Enrol(premises->office.get(), "nguoi-la", kNextDoor, options::v1::ROLE_SUPERVISOR));
  Say("custody: a stranger asks for what is there and not theirs, and for what is not there");
  Table* const table = &stage->table();
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell", "a stranger, a record", ids,
      [&](const std::string& id) { return stranger.GetRecord(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareCalls("tell.stranger.", "a stranger, ", stranger, ids, table));
  const std::string& unit = premises->fleet->unit_id();
  return Compare(
      "tell.stranger.unit", "a stranger, a unit's records",
      [&](size_t) { return stranger.ListRecordsOf(unit); },
      [&](size_t i) { return stranger.ListRecordsOf(absl::StrCat("do-tai-", 10'000'000 + i)); },
      table);
}

// Dossiers for nobody but the head: an inspection and its notes, one with attachments, one that is
// hidden until it begins; and what is refused of them.
struct KeptBack {
  std::unique_ptr<Premises> premises;
  absl::optional<Asker> head;
  std::vector<std::string> notes;
  std::vector<std::string> attachments;
  std::vector<std::string> hidden;
  std::vector<std::string> dossiers;
  std::vector<v1::RefusedChange> refused;
};

absl::StatusOr<KeptBack> KeepBack(Stage* stage) {
  KeptBack kept;
  SOTAY_ASSIGN_OR_RETURN(kept.premises, stage->NewPremises(2, kAbove));
  Office* const office = kept.premises->office.get();
  Fleet* const fleet = kept.premises->fleet.get();
  const std::string unit = fleet->unit_id();
  SOTAY_ASSIGN_OR_RETURN(kept.head,
                         Asker::Enrol(office, "truong", unit, options::v1::ROLE_SUPERVISOR));
  const Asker* const head = &*kept.head;
  const auto send = [&](size_t notes) -> absl::Status {
    SOTAY_ASSIGN_OR_RETURN(const auto deliveries, fleet->Write({notes, notes, kNoteBytes}));
    return Deliver(deliveries, fleet->size()).first_error;
  };
  for (size_t i = 0; i < fleet->size(); ++i) {
    for (size_t file = 0; file < kFiles; ++file) {
      SOTAY_ASSIGN_OR_RETURN(const sync::RecordId id, fleet->phone(i).Attach(Asker::FileHash()));
      kept.attachments.push_back(id.str());
    }
  }
  SOTAY_RETURN_IF_ERROR(send(kNotes));
  SOTAY_ASSIGN_OR_RETURN(kept.notes, NotesOf(fleet));
  for (size_t i = 0; i < fleet->size(); ++i) {
    const std::string root = fleet->phone(i).dossier().str();
    SOTAY_ASSIGN_OR_RETURN(kept.dossiers.emplace_back(), head->Restrict(root, {}));
  }
  // Surprises, which the phones' other user sees no more than anybody.
  for (size_t i = 0; i < fleet->size(); ++i) {
    SOTAY_RETURN_IF_ERROR(fleet->phone(i).Begin(/*surprise=*/true));
  }
  const std::set<std::string> before(kept.notes.begin(), kept.notes.end());
  SOTAY_RETURN_IF_ERROR(send(kRefused));
  SOTAY_ASSIGN_OR_RETURN(kept.hidden, NotesOf(fleet));
  kept.hidden.erase(std::remove_if(kept.hidden.begin(), kept.hidden.end(),
                                   [&](const std::string& id) { return before.count(id) != 0; }),
                    kept.hidden.end());
  // What the phones of somebody who has left still bring.
  SOTAY_RETURN_IF_ERROR(office->PutUnit(kNextDoor, "Bên cạnh"));
  for (size_t i = 0; i < fleet->size(); ++i) {
    SOTAY_RETURN_IF_ERROR(office->PutUser(fleet->phone(i).user_id(), "Đã chuyển", kNextDoor,
                                          options::v1::ROLE_PROSECUTOR));
  }
  if (send(kRefused).ok()) {
    return absl::InternalError("custody: what should be refused was taken");
  }
  SOTAY_ASSIGN_OR_RETURN(kept.refused, head->ListQuarantine());
  if (kept.refused.empty() || kept.hidden.empty()) {
    return absl::InternalError("custody: nothing was refused, or nothing is hidden");
  }
  return kept;
}

absl::Status CompareRefused(const Asker& colleague, const std::vector<v1::RefusedChange>& refused,
                            Table* table) {
  const auto compare = [&](const char* key, const char* words,
                           grpc::Status (Asker::*ask)(const v1::RefusedChange&) const) {
    return Compare(
        key, words, [&](size_t i) { return (colleague.*ask)(refused[i % refused.size()]); },
        [&](size_t i) {
          v1::RefusedChange change = refused[i % refused.size()];
          change.set_change_id(RandomId(sync::ChangeId::kSize));
          return (colleague.*ask)(change);
        },
        table);
  };
  SOTAY_RETURN_IF_ERROR(
      compare("tell.refused", "a colleague, a refused change, to dismiss it", &Asker::Dismiss));
  return compare("tell.taken", "a colleague, a refused change, to take it in", &Asker::TakeIn);
}

absl::Status MeasureColleague(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const KeptBack kept, KeepBack(stage));
  Office* const office = kept.premises->office.get();
  const std::string& unit = kept.premises->fleet->unit_id();
  SOTAY_ASSIGN_OR_RETURN(const Asker colleague,
                         Asker::Enrol(office, "dong-nghiep", unit, options::v1::ROLE_PROSECUTOR));
  Say("custody: a colleague asks the same of dossiers that are not open to them");
  Table* const table = &stage->table();
  SOTAY_RETURN_IF_ERROR(CompareCalls("tell.", "a colleague, ", colleague, kept.notes, table));
  for (const Call& call : kCalls) {
    // Whose device made it is told more.
    if (call.ask != &Asker::AskBlob && call.ask != &Asker::SendChunk &&
        call.ask != &Asker::FinishBlob) {
      continue;
    }
    SOTAY_RETURN_IF_ERROR(CompareIds(
        absl::StrCat("tell.attached.", call.key),
        absl::StrCat("a colleague, an attachment, ", call.words), kept.attachments,
        [&](const std::string& id) { return (colleague.*call.ask)(id); }, table));
  }
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.hidden", "a colleague, a record of a surprise", kept.hidden,
      [&](const std::string& id) { return colleague.GetRecord(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareRefused(colleague, kept.refused, table));

  // Whose right depends on the dossier's field of work, which its root says: a deputy in the unit
  // and a division above it, of another field.
  Say("custody: a deputy and a division of another field of work ask the same");
  SOTAY_ASSIGN_OR_RETURN(const Asker deputy,
                         Asker::Enrol(office, "cap-pho", unit, v1::CAPACITY_DEP, kOtherField));
  SOTAY_ASSIGN_OR_RETURN(const Asker division,
                         Asker::Enrol(office, "phong", kAbove, v1::CAPACITY_DIV, kOtherField));
  SOTAY_RETURN_IF_ERROR(CompareCalls("tell.deputy.", "a deputy, ", deputy, kept.notes, table));
  SOTAY_RETURN_IF_ERROR(CompareCalls("tell.above.", "a division, ", division, kept.notes, table));
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.above.hidden", "a division, a record of a surprise", kept.hidden,
      [&](const std::string& id) { return division.GetRecord(id); }, table));

  // And what proved to be secret.
  SOTAY_RETURN_IF_ERROR(ToAbsl(kept.head->SealDossier(kept.dossiers.front())));
  const std::vector<std::string> sealed = {kept.dossiers.front()};
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.sealed", "a colleague, a sealed dossier's root", sealed,
      [&](const std::string& id) { return colleague.GetRecord(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.sealed.seal", "a colleague, a sealed dossier, to seal it", sealed,
      [&](const std::string& id) { return colleague.SealDossier(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.sealed.holders", "a colleague, a sealed dossier's holders", sealed,
      [&](const std::string& id) { return colleague.ListHolders(id); }, table));
  return CompareIds(
      "tell.sealed.destroy", "a colleague, a sealed dossier, to destroy it", sealed,
      [&](const std::string& id) { return colleague.Destroy(id); }, table);
}

}  // namespace

absl::Status MeasureTelling(Stage* stage) {
  SOTAY_RETURN_IF_ERROR(MeasureStranger(stage));
  return MeasureColleague(stage);
}

}  // namespace sotay::bench
