#include "server/quarantine.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/deciders.h"
#include "server/group.h"
#include "server/loading.h"
#include "server/reason.h"
#include "server/refusal.h"
#include "server/supervision.h"
#include "sync/awaited.h"
#include "sync/freeze.h"
#include "sync/guard.h"
#include "sync/moved_clock.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// One decision on its way: what is asked, by whom, about what.
class Deciding {
 public:
  Deciding(Pen* pen, const Person& person) : pen_(*pen), person_(person) {}

  // Finds the change and holds the person against it.
  absl::Status Begin(const v1::RefusedChange& change, const std::string& reason);
  absl::StatusOr<v1::TakeInResponse> TakeIn(const std::string& reason);
  absl::StatusOr<v1::DismissResponse> Dismiss(const std::string& reason);

 private:
  absl::StatusOr<v1::TakeInResponse> AsItStands() const;
  absl::StatusOr<sync::IngestOutcome> Decide(const sync::TakeInInput& taken);
  sync::TakeInInput Input(const std::string& reason) const;
  absl::Status Commit(const sync::IngestOutcome& outcome, stored::v1::DeviceRow device,
                      v1::ChangeOutcome told, bool tell);

  Pen& pen_;
  const Person& person_;
  sync::DeviceId device_;
  AsideRow row_;
  sync::PushedChange pushed_;
  std::shared_ptr<const stored::v1::DeviceRow> device_row_;
  Round round_;
};

absl::Status Deciding::Begin(const v1::RefusedChange& change, const std::string& reason) {
  const auto device = sync::DeviceId::From(change.device_id());
  const auto id = sync::ChangeId::From(change.change_id());
  if (!device.has_value()) return Malformed("device_id is not 16 bytes");
  if (!id.has_value()) return Malformed("change_id is not 32 bytes");
  SOTAY_RETURN_IF_ERROR(CheckReason(reason));
  SOTAY_ASSIGN_OR_RETURN(auto row, pen_.store().LoadAside(*device, change.sequence(), id->view()));
  const Supervision supervision(&pen_.directory(), &pen_.store(), &pen_.schema());
  // Whoever is shown no refused change of a unit is told of none.
  if (!row.has_value()) return NotFound("the refused change");
  SOTAY_ASSIGN_OR_RETURN(const bool may_see, supervision.MaySee(person_, row->change));
  if (!may_see) return NotFound("the refused change");
  device_ = *device;
  row_ = *std::move(row);
  pushed_ = {row_.change.change(), *id, sync::ReadChange(row_.change.change())};
  device_row_ = pen_.directory().Device(device_);
  if (device_row_ == nullptr) return absl::DataLossError("a refused change is of no device");
  if (IsTakenIn(row_.change)) {
    // Whoever did it may ask again, whatever has become of the record since.
    SOTAY_ASSIGN_OR_RETURN(const v1::TakeInResponse stands, AsItStands());
    if (stands.taken_in().user_id() == person_.user.user_id()) return absl::OkStatus();
  }
  RecordsNow records(&pen_.store());
  return Deciders(&pen_.directory(), &records, &row_.change, pushed_.change.get())
      .CheckMayDecide(person_);
}

absl::StatusOr<v1::TakeInResponse> Deciding::AsItStands() const {
  const uint64_t sequence = row_.change.sequence();
  SOTAY_ASSIGN_OR_RETURN(auto known, pen_.store().LoadKnown(device_, sequence, sequence));
  const stored::v1::SequenceRow& row = known[sequence];
  SOTAY_ASSIGN_OR_RETURN(v1::Admission admission,
                         pen_.store().LoadAdmission(row.unit_id(), row.position()));
  v1::TakeInResponse response;
  response.set_unit_id(row.unit_id());
  response.set_position(row.position());
  *response.mutable_taken_in() = std::move(*admission.mutable_taken_in());
  return response;
}

sync::TakeInInput Deciding::Input(const std::string& reason) const {
  const v1::QuarantinedChange& change = row_.change;
  sync::TakeInInput taken;
  taken.author.device = *device_row_;
  taken.author.skew_ms =
      sync::SkewNoted(change).value_or(pen_.directory().ContactOf(device_).skew_ms());
  taken.author.first_sequence = taken.sequence = change.sequence();
  taken.author.changes.push_back(pushed_);
  taken.received_ms = change.received_ms();
  taken.taken_in.set_user_id(person_.user.user_id());
  taken.taken_in.set_decided_ms(pen_.now_ms());
  taken.taken_in.set_reason(reason);
  taken.taken_in.set_refused_for(change.reason());
  // The right to write it is what is decided: it may say what its author, they, or prosecutors may.
  std::set<sync::Role> roles = {options::v1::ROLE_PROSECUTOR};
  // Where state steps meet it counts as what its author is, a prosecutor at least.
  taken.authority = sync::AuthorityOf(roles);
  if (const auto author = pen_.directory().FindPerson(change.user_id())) {
    const auto at = author->roles.find(change.unit_id());
    if (at != author->roles.end()) roles.insert(at->second.begin(), at->second.end());
    taken.authority =
        std::max(taken.authority, sync::AuthorityIn(*author->rights, change.unit_id()));
    taken.written_by = author->rights;
  }
  for (const sync::Seat& seat : pen_.directory().SeatsHere(person_, change.unit_id())) {
    const sync::Role role = sync::RoleOf(seat.capacity);
    if (role != options::v1::ROLE_UNSPECIFIED) roles.insert(role);
  }
  taken.decider = person_.rights;
  taken.author.roles[change.unit_id()] = std::move(roles);
  return taken;
}

absl::StatusOr<sync::IngestOutcome> Deciding::Decide(const sync::TakeInInput& taken) {
  sync::IngestInput input;
  const std::vector<const v1::Change*> changes = {pushed_.change.get()};
  SOTAY_RETURN_IF_ERROR(
      LoadNamed(&pen_, changes, FootprintOf(pen_.schema(), changes), &input, &round_));
  sync::IngestOutcome outcome = sync::TakeIn(input, taken);
  while (!outcome.histories_needed.empty()) {
    SOTAY_RETURN_IF_ERROR(LoadHistories(&pen_, outcome.histories_needed, changes, &input));
    outcome = sync::TakeIn(input, taken);
  }
  return outcome;
}

absl::Status Deciding::Commit(const sync::IngestOutcome& outcome, stored::v1::DeviceRow device,
                              v1::ChangeOutcome told, bool tell) {
  round_.outcome = &outcome;
  round_.decided.push_back(row_);
  if (tell) {
    device.set_revisions(device.revisions() + 1);
    told.set_sequence(row_.change.sequence());
    told.set_revision(device.revisions());
    round_.revised.emplace_back(device_, std::move(told));
  }
  round_.tables.devices.push_back(std::move(device));
  SOTAY_RETURN_IF_ERROR(FillLogs(pen_, outcome, &round_));
  SOTAY_RETURN_IF_ERROR(pen_.Commit(round_));
  pen_.Satisfy(sync::ArrivedWith(outcome));
  return absl::OkStatus();
}

absl::StatusOr<v1::TakeInResponse> Deciding::TakeIn(const std::string& reason) {
  if (IsTakenIn(row_.change)) return AsItStands();
  if (row_.change.verdict() == v1::VERDICT_HELD) {
    return CannotBe(row_.change.reason(), "it is held, and goes on by itself when that has come");
  }
  if (pushed_.change == nullptr || row_.change.unit_id().empty() || IsBare(row_.change) ||
      !MayBeTakenIn(row_.change.reason())) {
    return CannotBe(
        row_.change.reason(),
        absl::StrCat("what it was refused for no decision can mend: ", row_.change.message()));
  }
  const sync::TakeInInput taken = Input(reason);
  SOTAY_ASSIGN_OR_RETURN(const sync::IngestOutcome outcome, Decide(taken));
  v1::ChangeOutcome told = outcome.pushes.front().outcomes.front();
  if (told.verdict() != v1::VERDICT_APPLIED) {
    return CannotBe(told.reason(), absl::StrCat("it cannot be taken in: ", told.message()));
  }
  told.set_message(absl::StrCat("taken in by ", person_.user.user_id(), ": ", reason));
  row_.change.set_verdict(v1::VERDICT_APPLIED);
  v1::TakeInResponse response;
  response.set_unit_id(row_.change.unit_id());
  response.set_position(told.position());
  *response.mutable_taken_in() = taken.taken_in;
  SOTAY_RETURN_IF_ERROR(Commit(outcome, outcome.pushes.front().device, std::move(told), true));
  return response;
}

absl::StatusOr<v1::DismissResponse> Deciding::Dismiss(const std::string& reason) {
  v1::QuarantinedChange& change = row_.change;
  if (IsTakenIn(change)) return CannotBe(v1::REASON_EXISTS, "it was taken in, which stands");
  if (change.verdict() == v1::VERDICT_HELD) {
    return CannotBe(change.reason(), "it is held, and goes on by itself when that has come");
  }
  v1::DismissResponse response;
  if (change.has_dismissed()) {
    const v1::Dismissal& before = change.dismissed();
    if (before.user_id() != person_.user.user_id() || before.reason() != reason) {
      return CannotBe(v1::REASON_EXISTS, absl::StrCat("it was dismissed by ", before.user_id()));
    }
    *response.mutable_dismissed() = before;
    return response;
  }
  v1::Dismissal& dismissed = *change.mutable_dismissed();
  dismissed.set_user_id(person_.user.user_id());
  dismissed.set_decided_ms(pen_.now_ms());
  dismissed.set_reason(reason);
  *response.mutable_dismissed() = dismissed;
  v1::ChangeOutcome told;
  told.set_verdict(change.verdict());
  told.set_reason(change.reason());
  told.set_message(FateInWords(change));
  // A forked branch shares its numbers with changes that stand; who holds a revoked device is told
  // no more than before.
  const bool tell =
      change.reason() != v1::REASON_FORKED_BRANCH && change.reason() != v1::REASON_DEVICE_REVOKED;
  SOTAY_RETURN_IF_ERROR(Commit(sync::IngestOutcome(), *device_row_, std::move(told), tell));
  return response;
}

}  // namespace

absl::StatusOr<v1::TakeInResponse> TakeIn(Pen* pen, const Person& person,
                                          const v1::TakeInRequest& request) {
  pen->Settle();
  Deciding deciding(pen, person);
  SOTAY_RETURN_IF_ERROR(deciding.Begin(request.change(), request.reason()));
  return deciding.TakeIn(request.reason());
}

absl::StatusOr<v1::DismissResponse> Dismiss(Pen* pen, const Person& person,
                                            const v1::DismissRequest& request) {
  pen->Settle();
  Deciding deciding(pen, person);
  SOTAY_RETURN_IF_ERROR(deciding.Begin(request.change(), request.reason()));
  return deciding.Dismiss(request.reason());
}

}  // namespace sotay::server
