#include "server/consents.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "server/deciders.h"
#include "server/supervision.h"
#include "sync/consents.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kLookedAtMax = 100;
// Of all, as each asks the store: nobody is to make the exchanges of their colleagues slow.
constexpr int kEditsLookedAtMax = 200;
constexpr size_t kBytesLookedAtMax = size_t{4} << 20;

// A submission with its words; nothing when it waits no longer, or cannot be read.
struct Submitted {
  AsideRow row;
  v1::Change change;
};

absl::StatusOr<absl::optional<Submitted>> Load(Store* store, const Submission& submission) {
  SOTAY_ASSIGN_OR_RETURN(
      auto row, store->LoadAside(submission.device, submission.sequence, submission.change.view()));
  Submitted submitted;
  if (!row.has_value() || IsBare(row->change) ||
      !submitted.change.ParseFromString(row->change.change())) {
    return absl::optional<Submitted>();
  }
  submitted.row = *std::move(row);
  // It may have been decided since.
  const auto still = SubmissionOf(submitted.row.change);
  return still.has_value() && still->waits ? absl::make_optional(std::move(submitted))
                                           : absl::nullopt;
}

enum class Whose { kNobodys, kTheirs, kTheirOwn };

// Whether it waits for the person, who may see it, or is of their device and waits.
absl::StatusOr<Whose> WhoseIs(const Submitted& submitted, const Directory& directory,
                              RecordsNow* records, const Person& person, bool own) {
  const Deciders deciders(&directory, records, &submitted.row.change, &submitted.change);
  SOTAY_ASSIGN_OR_RETURN(const bool waits, deciders.WaitsForConsent(person.user.user_id()));
  if (!waits || own) return waits ? Whose::kTheirOwn : Whose::kNobodys;
  const absl::Status may_decide = deciders.CheckMayDecide(person);
  if (!may_decide.ok() && !absl::IsPermissionDenied(may_decide)) return may_decide;
  return may_decide.ok() ? Whose::kTheirs : Whose::kNobodys;
}

void Tell(const Submitted& submitted, v1::AwaitsConsent* told) {
  const v1::QuarantinedChange& aside = submitted.row.change;
  told->set_device_id(aside.device_id());
  told->set_sequence(aside.sequence());
  told->set_change_id(aside.change_id());
  told->set_user_id(aside.user_id());
  told->set_received_ms(aside.received_ms());
  told->set_unit_id(aside.unit_id());
  told->set_dossier_id(submitted.change.dossier_id());
  for (const v1::RecordEdit& edit : submitted.change.edits()) {
    if (told->records_size() == sync::kConsentRecordsMax) break;
    v1::AwaitingRecord* const record = told->add_records();
    record->set_record_id(edit.record_id());
    record->set_type(edit.type());
  }
}

}  // namespace

absl::StatusOr<v1::Consents> ConsentsFor(const Directory& directory, Store* store,
                                         const Caller& caller) {
  v1::Consents consents;
  bool more = false;
  // One more of each unit than is looked at tells that there is more.
  std::vector<Submission> submissions = directory.Submissions(kLookedAtMax + 1);
  std::sort(submissions.begin(), submissions.end(), [](const Submission& a, const Submission& b) {
    return std::tie(b.received_ms, b.device, b.sequence) <
           std::tie(a.received_ms, a.device, a.sequence);
  });
  const Person& person = *caller.person;
  const std::string& user = person.user.user_id();
  const Supervision supervision(&directory, store, &store->schema());
  RecordsNow records(store);
  std::map<absl::string_view, size_t> of_unit;
  int edits = kEditsLookedAtMax;
  for (const Submission& submission : submissions) {
    const bool own = submission.device == caller.device;
    if (!own && (submission.user == user || directory.SeatsHere(person, submission.unit).empty())) {
      continue;
    }
    // Of what is damaged nobody is told; where reading failed it is not there for this once, and
    // that is not said of it.
    const auto submitted = Load(store, submission);
    if (!submitted.ok() && !absl::IsDataLoss(submitted.status())) return submitted.status();
    if (!submitted.ok() || !submitted->has_value()) continue;
    // What is kept from them is not told of, and takes nothing of what is looked at for them.
    if (!own) {
      const auto may_see = supervision.MaySee(person, (*submitted)->row.change);
      if (!may_see.ok() && !absl::IsDataLoss(may_see.status())) return may_see.status();
      if (!may_see.value_or(false)) continue;
    }
    if (++of_unit[submission.unit] > kLookedAtMax) {
      more = true;
      continue;
    }
    edits -= (*submitted)->change.edits_size();
    if (edits < 0 || records.bytes() > kBytesLookedAtMax ||
        consents.for_user_size() == sync::kConsentsMax ||
        consents.own_size() == sync::kConsentsMax) {
      more = true;
      break;
    }
    const auto whose = WhoseIs(**submitted, directory, &records, person, own);
    if (!whose.ok() && !absl::IsDataLoss(whose.status())) return whose.status();
    if (!whose.ok()) continue;
    if (*whose == Whose::kTheirOwn) consents.add_own(submission.sequence);
    if (*whose == Whose::kTheirs) Tell(**submitted, consents.add_for_user());
  }
  consents.set_more(more);
  std::reverse(consents.mutable_for_user()->begin(), consents.mutable_for_user()->end());
  std::reverse(consents.mutable_own()->begin(), consents.mutable_own()->end());
  if (consents.for_user().empty() && consents.own().empty() && !more) return consents;
  const std::array<uint8_t, 32> mark = seal::Sha256(consents.SerializeAsString());
  consents.set_mark(mark.data(), mark.size());
  return consents;
}

}  // namespace sotay::server
