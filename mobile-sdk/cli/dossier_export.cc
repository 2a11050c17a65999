#include "mobile-sdk/cli/dossier_export.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "mobile-sdk/cli/asked_again.h"
#include "sync/merged_record.h"
#include "sync/seal/log_keys.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr int kBeginningsMax = 5;
// A server signs a head a second, so one that is too old is soon another.
constexpr absl::Duration kBetweenBeginnings = absl::Milliseconds(400);
constexpr int kPage = 500;
// What was gathered, each once and in order.
class Gathering {
 public:
  explicit Gathering(Office* office) : office_(*office) {}

  absl::Status Take(const std::string& unit, const std::string& dossier_id);
  v1::Dossier Close(const Names& names) &&;

 private:
  absl::Status TakeRecord(const std::string& id);

  Office& office_;
  v1::Dossier dossier_;
  std::map<std::string, std::string> records_;
  std::map<uint64_t, v1::ProvenChange> changes_;
  std::map<std::string, uint64_t> refused_;  // and after which position it came
  std::map<std::string, v1::GoneChange> gone_;
  // By device and the sequence after the last: two may begin alike, where an answer was lost.
  std::map<std::pair<std::string, uint64_t>, v1::ProvenPush> pushes_;
  std::map<std::string, v1::ProvenDevice> devices_;
};

absl::Status Gathering::Take(const std::string& unit, const std::string& dossier_id) {
  dossier_.set_dossier_id(dossier_id);
  // The root first, so that its head is the one all others are proven under.
  SOTAY_RETURN_IF_ERROR(TakeRecord(dossier_id));
  v1::ListRecordsRequest request;
  request.set_unit_id(unit);
  request.set_dossier_id(dossier_id);
  request.set_page_size(kPage);
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, office_.ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      v1::Record record;
      if (!record.ParseFromString(feed.record())) {
        return absl::DataLossError("a record of the answer cannot be read");
      }
      if (records_.count(record.record_id()) == 0) {
        SOTAY_RETURN_IF_ERROR(TakeRecord(record.record_id()));
      }
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status Gathering::TakeRecord(const std::string& id) {
  v1::ProveRecordRequest request;
  request.set_record_id(id);
  request.set_page_size(kPage);
  if (dossier_.has_head()) *request.mutable_head() = dossier_.head();
  do {
    SOTAY_ASSIGN_OR_RETURN(v1::ProveRecordResponse page,
                           AskedAgain([&] { return office_.ProveRecord(request); }));
    *request.mutable_head() = page.head();
    *dossier_.mutable_head() = page.head();
    dossier_.set_organisation_id(page.organisation_id());
    dossier_.set_log_key(page.log_key());
    *dossier_.mutable_handovers() = page.handovers();
    records_[id] = page.record();
    for (v1::ProvenChange& change : *page.mutable_changes()) {
      changes_[change.position()] = std::move(change);
    }
    for (int i = 0; i < page.refused_size() && i < page.refused_after_size(); ++i) {
      refused_[page.refused(i)] = page.refused_after(i);
    }
    for (v1::GoneChange& gone : *page.mutable_gone()) gone_[gone.change_id()] = std::move(gone);
    for (v1::ProvenPush& push : *page.mutable_pushes()) {
      const uint64_t count = push.change_ids().size() / sync::ChangeId::kSize;
      pushes_[{push.device_id(), push.first_sequence() + count}] = std::move(push);
    }
    for (v1::ProvenDevice& device : *page.mutable_devices()) {
      // By the first key, which its id is a hash of: it may take another between two pages.
      const std::string first =
          device.earlier().empty() ? device.public_key() : device.earlier(0).roll().old_key();
      devices_[first] = std::move(device);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

v1::Dossier Gathering::Close(const Names& names) && {
  for (auto& [id, bytes] : records_) dossier_.add_records(bytes);
  for (auto& [position, change] : changes_) *dossier_.add_changes() = std::move(change);
  for (const auto& [bytes, after] : refused_) {
    dossier_.add_refused(bytes);
    dossier_.add_refused_after(after);
  }
  for (auto& [id, gone] : gone_) *dossier_.add_gone() = std::move(gone);
  for (auto& [place, push] : pushes_) *dossier_.add_pushes() = std::move(push);
  std::set<std::string> users;
  for (auto& [key, device] : devices_) {
    users.insert(device.user_id());
    *dossier_.add_devices() = std::move(device);
  }
  v1::DirectoryUnit* unit = dossier_.mutable_names()->add_units();
  unit->set_unit_id(dossier_.head().unit_id());
  unit->set_name(names.Unit(unit->unit_id()));
  for (const std::string& user : users) {
    v1::DirectoryPerson* person = dossier_.mutable_names()->add_people();
    person->set_user_id(user);
    person->set_full_name(names.Person(user));
  }
  return std::move(dossier_);
}

}  // namespace

absl::StatusOr<v1::Dossier> GatherDossier(Office* office, const sync::Schema& schema,
                                          const Names& names, const std::string& record_id) {
  v1::GetRecordRequest request;
  request.set_record_id(record_id);
  SOTAY_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, office->GetRecord(request));
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                         sync::MergedRecord::Parse(schema, found.record().record()));
  absl::Status status;
  for (int beginning = 0; beginning < kBeginningsMax; ++beginning) {
    Gathering gathering(office);
    status = gathering.Take(record.unit_id(), record.dossier().str());
    if (status.ok()) return std::move(gathering).Close(names);
    if (!absl::IsAborted(status)) break;
    absl::SleepFor(kBetweenBeginnings);
  }
  return status;
}

absl::StatusOr<v1::DossierGoingOn> GatherGoingOn(Office* office, const v1::Dossier& dossier,
                                                 const absl::optional<v1::LogHead>& earlier) {
  v1::DossierGoingOn shown;
  v1::GetLineageRequest request;
  *request.mutable_head() = dossier.head();
  const auto ask = [&](const v1::LogHead& held) -> absl::Status {
    *request.mutable_held() = held;
    SOTAY_ASSIGN_OR_RETURN(v1::GetLineageResponse way, office->GetLineage(request));
    v1::GoingOn& going_on = *shown.add_going_on();
    *going_on.mutable_held() = held;
    *going_on.mutable_lineage() = std::move(way);
    return absl::OkStatus();
  };
  for (const v1::LogKeyHandover& handover : dossier.handovers()) {
    for (const v1::HandedLog& log : handover.logs()) {
      if (log.unit_id() != dossier.head().unit_id() || log.size() == 0) continue;
      const absl::Status asked = ask(seal::AsHead(handover, log));
      // Of a life that this store does not come from; whether that matters the check says.
      if (!asked.ok() && !absl::IsNotFound(asked)) return asked;
    }
  }
  if (earlier.has_value()) SOTAY_RETURN_IF_ERROR(ask(*earlier));
  return shown;
}

}  // namespace sotay::cli
