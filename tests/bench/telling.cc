#include "tests/bench/telling.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sotay/v1/dossier_service.grpc.pb.h"
#include "sotay/v1/quarantine_service.grpc.pb.h"
#include "sotay/v1/supervision_service.grpc.pb.h"
#include "sotay/v1/sync_service.grpc.pb.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"

namespace sotay::bench {
namespace {

constexpr size_t kCalls = 4'000;
constexpr double kTellMax = 1.10;
constexpr size_t kNotes = 500;
constexpr size_t kRefused = 100;
constexpr char kNextDoor[] = "do-tai-ben-canh";

using Clock = std::chrono::steady_clock;

std::string RandomId(size_t bytes) {
  std::string id(bytes, '\0');
  seal::RandomBytes(id.data(), id.size());
  return id;
}

// Somebody with a device, and what they ask.  Each answer is the gRPC status.
class Asker {
 public:
  static absl::StatusOr<Asker> Enrol(Office* office, const std::string& user,
                                     const std::string& unit, options::v1::Role role) {
    SOTAY_RETURN_IF_ERROR(office->PutUser(user, user, unit, role));
    SOTAY_ASSIGN_OR_RETURN(const std::string invitation, office->Invite(user));
    SOTAY_ASSIGN_OR_RETURN(Identity identity, bench::Enrol(invitation, "máy"));
    return Asker(Connect(identity.credentials));
  }

  grpc::Status GetRecord(const std::string& id) {
    v1::GetRecordRequest request;
    request.set_record_id(id);
    request.set_history_size(10);
    v1::GetRecordResponse response;
    grpc::ClientContext context;
    return supervision_->GetRecord(&context, request, &response);
  }
  grpc::Status ListRecordHistory(const std::string& id) {
    v1::ListRecordHistoryRequest request;
    request.set_record_id(id);
    v1::ListRecordHistoryResponse response;
    grpc::ClientContext context;
    return sync_->ListRecordHistory(&context, request, &response);
  }
  grpc::Status ProveRecord(const std::string& id) {
    v1::ProveRecordRequest request;
    request.set_record_id(id);
    v1::ProveRecordResponse response;
    grpc::ClientContext context;
    return supervision_->ProveRecord(&context, request, &response);
  }
  grpc::Status RestrictDossier(const std::string& id, v1::RestrictDossierResponse* response) {
    v1::RestrictDossierRequest request;
    request.set_record_id(id);
    request.set_reason("Đo tải");
    grpc::ClientContext context;
    return dossiers_->RestrictDossier(&context, request, response);
  }
  grpc::Status Dismiss(const v1::RefusedChange& change) {
    v1::DismissRequest request;
    *request.mutable_change() = change;
    request.set_reason("Đo tải");
    v1::DismissResponse response;
    grpc::ClientContext context;
    return quarantine_->Dismiss(&context, request, &response);
  }
  absl::StatusOr<std::vector<v1::RefusedChange>> ListQuarantine() {
    v1::ListQuarantineRequest request;
    v1::ListQuarantineResponse response;
    grpc::ClientContext context;
    SOTAY_RETURN_IF_ERROR(ToAbsl(supervision_->ListQuarantine(&context, request, &response)));
    std::vector<v1::RefusedChange> refused;
    for (const v1::QuarantinedChange& row : response.changes()) {
      v1::RefusedChange& change = refused.emplace_back();
      change.set_device_id(row.device_id());
      change.set_sequence(row.sequence());
      change.set_change_id(row.change_id());
    }
    return refused;
  }

 private:
  explicit Asker(const std::shared_ptr<grpc::Channel>& channel)
      : supervision_(v1::SupervisionService::NewStub(channel)),
        sync_(v1::SyncService::NewStub(channel)),
        dossiers_(v1::DossierService::NewStub(channel)),
        quarantine_(v1::QuarantineService::NewStub(channel)) {}

  std::unique_ptr<v1::SupervisionService::Stub> supervision_;
  std::unique_ptr<v1::SyncService::Stub> sync_;
  std::unique_ptr<v1::DossierService::Stub> dossiers_;
  std::unique_ptr<v1::QuarantineService::Stub> quarantine_;
};

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
  for (size_t i = 0; i < kCalls; ++i) {
    SOTAY_ASSIGN_OR_RETURN(there.emplace_back(), NotFoundUs(theirs, i));
    SOTAY_ASSIGN_OR_RETURN(not_there.emplace_back(), NotFoundUs(nobodys, i));
  }
  const double ratio = Median(there) / Median(not_there);
  table->Add({"custody." + key, words + ", not theirs and not there: the slower ÷ the faster",
              std::max(ratio, 1 / ratio), "", 3, Bound::kAtMost, kTellMax});
  table->Add({"custody." + key + ".not_theirs_us", "  not theirs, median", Median(there), "µs", 0});
  table->Add(
      {"custody." + key + ".not_there_us", "  not there, median", Median(not_there), "µs", 0});
  return absl::OkStatus();
}

// The same call with ids of records and with ids nobody has.
absl::Status CompareIds(const std::string& key, const std::string& words,
                        const std::vector<std::string>& ids,
                        const std::function<grpc::Status(const std::string&)>& call, Table* table) {
  return Compare(
      key, words, [&](size_t i) { return call(ids[i * 37 % ids.size()]); },
      [&](size_t) { return call(RandomId(sync::RecordId::kSize)); }, table);
}

absl::StatusOr<std::vector<std::string>> NotesOf(Fleet* fleet) {
  SOTAY_ASSIGN_OR_RETURN(const ReadBack read, fleet->Check());
  std::vector<std::string> ids;
  for (const auto& [id, bytes] : read.content_bytes) ids.push_back(id.str());
  if (ids.empty()) return absl::InternalError("custody: nothing was read back");
  return ids;
}

absl::Status MeasureStranger(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(Premises* const premises, stage->FilledPremises(kFewRecords));
  SOTAY_ASSIGN_OR_RETURN(const auto ids, NotesOf(premises->fleet.get()));
  SOTAY_RETURN_IF_ERROR(premises->office->PutUnit(kNextDoor, "Bên cạnh"));
  SOTAY_ASSIGN_OR_RETURN(Asker stranger, Asker::Enrol(premises->office.get(), "nguoi-la", kNextDoor,
                                                      options::v1::ROLE_SUPERVISOR));
  Say(absl::StrCat("custody: a stranger asks ", kCalls, " times for what is there and not theirs, ",
                   "and as often for what is not there"));
  return CompareIds(
      "tell", "a stranger, a record", ids,
      [&](const std::string& id) { return stranger.GetRecord(id); }, &stage->table());
}

// Two dossiers for nobody but the head, one with refused changes.
absl::Status MeasureColleague(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Premises> premises, stage->NewPremises(2));
  Office* const office = premises->office.get();
  Fleet* const fleet = premises->fleet.get();
  SOTAY_ASSIGN_OR_RETURN(auto deliveries, fleet->Write({kNotes, kNotes, kNoteBytes}));
  SOTAY_RETURN_IF_ERROR(Deliver(deliveries, fleet->size()).first_error);
  SOTAY_ASSIGN_OR_RETURN(const auto ids, NotesOf(fleet));
  SOTAY_ASSIGN_OR_RETURN(
      Asker head, Asker::Enrol(office, "truong", fleet->unit_id(), options::v1::ROLE_SUPERVISOR));
  SOTAY_ASSIGN_OR_RETURN(Asker colleague, Asker::Enrol(office, "dong-nghiep", fleet->unit_id(),
                                                       options::v1::ROLE_PROSECUTOR));
  // What the phones of somebody who has left still bring.
  SOTAY_RETURN_IF_ERROR(office->PutUnit(kNextDoor, "Bên cạnh"));
  for (size_t i = 1; i <= fleet->size(); ++i) {
    SOTAY_RETURN_IF_ERROR(office->PutUser(absl::StrCat(fleet->unit_id(), ".", i), "Đã chuyển",
                                          kNextDoor, options::v1::ROLE_PROSECUTOR));
  }
  SOTAY_ASSIGN_OR_RETURN(deliveries, fleet->Write({kRefused, kRefused, kNoteBytes}));
  if (Deliver(deliveries, fleet->size()).first_error.ok()) {
    return absl::InternalError("custody: what should be refused was taken");
  }
  SOTAY_ASSIGN_OR_RETURN(const auto refused, head.ListQuarantine());
  if (refused.empty()) return absl::InternalError("custody: nothing was refused");
  std::set<std::string> dossiers;
  for (size_t i = 0; i < ids.size() && dossiers.size() < fleet->size(); ++i) {
    v1::RestrictDossierResponse response;
    SOTAY_RETURN_IF_ERROR(ToAbsl(head.RestrictDossier(ids[i], &response)));
    dossiers.insert(response.act().dossier_id());
  }

  Say("custody: a colleague asks the same of dossiers that are not open to them");
  Table* const table = &stage->table();
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.record", "a colleague, a record", ids,
      [&](const std::string& id) { return colleague.GetRecord(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.history", "a colleague, its history", ids,
      [&](const std::string& id) { return colleague.ListRecordHistory(id); }, table));
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.proof", "a colleague, its proof", ids,
      [&](const std::string& id) { return colleague.ProveRecord(id); }, table));
  v1::RestrictDossierResponse none;
  SOTAY_RETURN_IF_ERROR(CompareIds(
      "tell.dossier", "a colleague, its dossier", ids,
      [&](const std::string& id) { return colleague.RestrictDossier(id, &none); }, table));
  return Compare(
      "tell.refused", "a colleague, a refused change",
      [&](size_t i) { return colleague.Dismiss(refused[i % refused.size()]); },
      [&](size_t i) {
        v1::RefusedChange change = refused[i % refused.size()];
        change.set_change_id(RandomId(sync::ChangeId::kSize));
        return colleague.Dismiss(change);
      },
      table);
}

}  // namespace

absl::Status MeasureTelling(Stage* stage) {
  SOTAY_RETURN_IF_ERROR(MeasureStranger(stage));
  return MeasureColleague(stage);
}

}  // namespace sotay::bench
