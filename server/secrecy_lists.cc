// Lists about dossiers that proved to be secret: which there are, and who had something of one.
#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "server/dossiers.h"
#include "server/refusal.h"
#include "server/secrecy.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

bool IsPending(const stored::v1::SecretRow& row) {
  return !row.destroyed() && std::any_of(row.acts().begin(), row.acts().end(), [](const auto& act) {
    return act.kind() == v1::SECRET_ACT_KIND_DESTRUCTION_ASKED;
  });
}

bool AnyWithin(const std::vector<uint64_t>& ascending, uint64_t from, uint64_t to) {
  const auto at = std::lower_bound(ascending.begin(), ascending.end(), from);
  return at != ascending.end() && *at <= to;
}

// Reads that showed something of a dossier, or may have.
class Traces {
 public:
  explicit Traces(const stored::v1::SecretRow& row)
      : dossier_(row.dossier_id()),
        records_(row.record_ids().begin(), row.record_ids().end()),
        positions_(row.positions().begin(), row.positions().end()),
        arrivals_(row.arrivals().begin(), row.arrivals().end()) {
    std::sort(arrivals_.begin(), arrivals_.end());
  }

  bool IsIn(const v1::AccessEntry& read) const {
    if (read.dossier_id() == dossier_ || records_.count(read.record_id()) != 0) return true;
    // Of many, it is known where they stood.
    if (!read.record_id().empty() || read.to() == 0) return false;
    const bool aside = read.kind() == v1::ACCESS_KIND_QUARANTINE;
    return AnyWithin(aside ? arrivals_ : positions_, read.from(), read.to());
  }

 private:
  const std::string dossier_;
  const std::set<std::string> records_;
  const std::vector<uint64_t> positions_;  // ascending
  std::vector<uint64_t> arrivals_;
};

}  // namespace

absl::StatusOr<v1::ListSealedResponse> ListSealed(const Directory& directory, const Blobs* blobs,
                                                  const Person& person,
                                                  const v1::ListSealedRequest& request) {
  v1::ListSealedResponse response;
  if (!request.unit_id().empty() && !person.administrator &&
      !directory.MayRead(person, request.unit_id())) {
    return NotFound("the unit");
  }
  std::map<std::pair<std::string, uint64_t>, v1::SealedDossierView> found;
  for (const Directory::Secret& row : directory.Secrets()) {
    if (!request.unit_id().empty() && row->unit_id() != request.unit_id()) continue;
    if (request.pending() && !IsPending(*row)) continue;
    const bool answers = MaySealIn(directory, person, row->unit_id());
    if (!answers && !person.administrator) continue;
    found[{row->unit_id(), row->act()}] = SealedViewOf(directory, blobs, *row, answers);
  }
  for (auto& [place, view] : found) *response.add_sealed() = std::move(view);
  return response;
}

absl::StatusOr<v1::ListHoldersResponse> ListHolders(const Directory& directory, Store* store,
                                                    const Person& person,
                                                    const v1::ListHoldersRequest& request) {
  SOTAY_ASSIGN_OR_RETURN(const Directory::Secret row,
                         SecretFor(directory, person, request.dossier_id()));
  const auto dossier = *sync::RecordId::From(request.dossier_id());
  const Traces traces(*row);
  std::set<std::string> writers(row->writers().begin(), row->writers().end());
  std::set<std::string> devices = writers;
  std::map<std::string, v1::HoldingReader> readers;
  SOTAY_RETURN_IF_ERROR(store->VisitReadsBackwards(
      row->unit_id(), std::numeric_limits<uint64_t>::max(), [&](const v1::AccessEntry& read) {
        if (!traces.IsIn(read)) return true;
        if (read.kind() == v1::ACCESS_KIND_FEED) {
          devices.insert(read.device_id());
          return true;
        }
        v1::HoldingReader& reader = readers[read.user_id()];
        const bool exported = read.kind() == v1::ACCESS_KIND_PROOF;
        if (exported) reader.set_exports(reader.exports() + read.times());
        if (!exported) reader.set_reads(reader.reads() + read.times());
        reader.set_last_ms(std::max(reader.last_ms(), read.at_ms()));
        return true;
      }));
  std::map<std::pair<std::string, std::string>, v1::HoldingDevice> holding;
  for (const std::string& id : devices) {
    const auto device = sync::DeviceId::From(id);
    if (!device.has_value()) continue;
    v1::HoldingDevice held;
    held.set_device_id(id);
    held.set_wrote(writers.count(id) != 0);
    if (const auto known = directory.Device(*device)) {
      held.set_user_id(known->user_id());
      held.set_name(known->name());
      held.set_revoked(known->state() == v1::DEVICE_STATE_REVOKED);
    }
    held.set_last_contact_ms(directory.ContactOf(*device).last_contact_ms());
    SOTAY_ASSIGN_OR_RETURN(const auto report, store->Get(SecretReportKey(dossier, *device)));
    absl::string_view rest = report.has_value() ? absl::string_view(*report) : absl::string_view();
    held.set_reported_ms(static_cast<int64_t>(TakeNumber(&rest).value_or(0)));
    holding[{held.user_id(), id}] = std::move(held);
  }
  v1::ListHoldersResponse response;
  for (auto& [place, held] : holding) *response.add_devices() = std::move(held);
  for (auto& [user, reader] : readers) {
    reader.set_user_id(user);
    *response.add_readers() = std::move(reader);
  }
  return response;
}

}  // namespace sotay::server
