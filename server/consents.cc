#include "server/consents.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <vector>

#include "server/deciders.h"
#include "server/supervision.h"
#include "sync/consents.h"
#include "sync/seal/digest.h"

namespace sotay::server {
namespace {

constexpr size_t kLookedAtMax = 100;
// Of all, as each asks the store: nobody is to make the exchanges of their colleagues slow.
constexpr int kEditsLookedAtMax = 200;

// A submission with its words; nothing when it waits no longer, or cannot be read.
struct Submitted {
  AsideRow row;
  v1::Change change;
};

absl::optional<Submitted> Load(Store* store, const Submission& submission) {
  auto row = store->LoadAside(submission.device, submission.sequence, submission.change.view());
  Submitted submitted;
  if (!row.ok() || !row->has_value() || IsBare((*row)->change) ||
      !submitted.change.ParseFromString((*row)->change.change())) {
    return absl::nullopt;
  }
  submitted.row = **std::move(row);
  // It may have been decided since.
  const auto still = SubmissionOf(submitted.row.change);
  return still.has_value() && still->waits ? absl::make_optional(std::move(submitted))
                                           : absl::nullopt;
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

v1::Consents ConsentsFor(const Directory& directory, Store* store, const Caller& caller) {
  std::vector<Submission> submissions = directory.Submissions(kLookedAtMax);
  std::sort(submissions.begin(), submissions.end(), [](const Submission& a, const Submission& b) {
    return std::tie(b.received_ms, b.device, b.sequence) <
           std::tie(a.received_ms, a.device, a.sequence);
  });
  const Person& person = *caller.person;
  const std::string& user = person.user.user_id();
  const Supervision supervision(&directory, store, &store->schema());
  v1::Consents consents;
  int edits = kEditsLookedAtMax;
  for (const Submission& submission : submissions) {
    const bool own = submission.device == caller.device;
    if (!own && (submission.user == user || directory.SeatsHere(person, submission.unit).empty())) {
      continue;
    }
    const auto submitted = Load(store, submission);
    if (!submitted.has_value()) continue;
    edits -= submitted->change.edits_size();
    if (edits < 0) break;
    const v1::QuarantinedChange& aside = submitted->row.change;
    const Deciders deciders(&directory, store, &aside, &submitted->change);
    const auto waits = deciders.WaitsForConsent(user);
    if (!waits.ok() || !*waits) continue;
    if (own) {
      if (consents.own_size() < sync::kConsentsMax) consents.add_own(aside.sequence());
    } else if (consents.for_user_size() < sync::kConsentsMax &&
               supervision.MaySee(person, aside).value_or(false) &&
               deciders.CheckMayDecide(person).ok()) {
      Tell(*submitted, consents.add_for_user());
    }
  }
  std::reverse(consents.mutable_for_user()->begin(), consents.mutable_for_user()->end());
  std::reverse(consents.mutable_own()->begin(), consents.mutable_own()->end());
  if (consents.for_user().empty() && consents.own().empty()) return consents;
  const std::array<uint8_t, 32> mark = seal::Sha256(consents.SerializeAsString());
  consents.set_mark(mark.data(), mark.size());
  return consents;
}

}  // namespace sotay::server
