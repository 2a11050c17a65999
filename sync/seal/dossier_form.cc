#include "sync/seal/dossier_form.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sync/seal/digest.h"
#include "sync/seal/epoch_link.h"
#include "sync/seal/key.h"
#include "sync/seal/log_keys.h"

namespace sotay::seal {
namespace {

// Device → the last sequences of its pushes, each with whether a change here came in it.
using Pushes = std::map<std::string, std::map<uint64_t, bool>>;

// By the first key, which the device's id is a hash of.
const std::string& FirstKeyOf(const v1::ProvenDevice& device) {
  return device.earlier().empty() ? device.public_key() : device.earlier(0).roll().old_key();
}

template <typename Place>
bool InOrder(const std::vector<Place>& places) {
  return std::adjacent_find(places.begin(), places.end(),
                            [](const auto& a, const auto& b) { return !(a < b); }) == places.end();
}

class Form {
 public:
  Form(const DossierReport& report, const std::vector<v1::GoingOn>& shown)
      : report_(report), dossier_(report.dossier), shown_(shown) {}

  std::vector<std::string> Faults() && {
    LookAtOrder();
    LookAtPushes();
    LookAtGoingOn();
    return std::move(faults_);
  }

 private:
  void LookAtOrder();
  void LookAtPushes();
  void LookAtGoingOn();
  // Which handover it shows the log to go on from; of an earlier export, behind all handovers.
  absl::optional<size_t> PlaceOf(const v1::GoingOn& going_on, const LogKeys& keys) const;

  const DossierReport& report_;
  const v1::Dossier& dossier_;
  const std::vector<v1::GoingOn>& shown_;
  std::vector<std::string> faults_;
};

void Form::LookAtOrder() {
  std::vector<sync::RecordId> records;
  for (const sync::MergedRecord& record : report_.records) records.push_back(record.id());
  std::vector<absl::string_view> refused(dossier_.refused().begin(), dossier_.refused().end());
  std::vector<absl::string_view> gone, devices;
  for (const v1::GoneChange& change : dossier_.gone()) gone.push_back(change.change_id());
  for (const v1::ProvenDevice& device : dossier_.devices()) devices.push_back(FirstKeyOf(device));
  std::vector<std::pair<absl::string_view, uint64_t>> pushes;
  for (const v1::ProvenPush& push : dossier_.pushes()) {
    pushes.emplace_back(push.device_id(),
                        push.first_sequence() + push.change_ids().size() / sync::ChangeId::kSize);
  }
  const auto must = [this](bool in_order, absl::string_view what) {
    if (!in_order) faults_.push_back(absl::StrCat(what, " are out of order, or there twice"));
  };
  must(InOrder(records), "records");
  must(InOrder(refused), "refused changes");
  must(InOrder(gone), "changes whose content is gone");
  must(InOrder(devices), "devices");
  must(InOrder(pushes), "pushes");
}

void Form::LookAtPushes() {
  Pushes pushes;
  for (const v1::ProvenPush& push : dossier_.pushes()) {
    const uint64_t count = push.change_ids().size() / sync::ChangeId::kSize;
    pushes[push.device_id()][push.first_sequence() + count - 1] = false;
  }
  // One that was sent again with more behind it is under two seals; the first is enough.
  const auto came_in = [&](const v1::Change& change) {
    const auto of_device = pushes.find(change.device_id());
    if (of_device == pushes.end()) return;
    const auto push = of_device->second.lower_bound(change.sequence());
    if (push != of_device->second.end()) push->second = true;
  };
  for (const CheckedChange& checked : report_.changes) came_in(checked.change);
  v1::Change change;
  for (const std::string& bytes : dossier_.refused()) {
    if (change.ParseFromString(bytes)) came_in(change);
  }
  for (const v1::GoneChange& gone : dossier_.gone()) {
    if (change.ParseFromString(gone.named())) came_in(change);
  }
  for (const auto& [device, of_device] : pushes) {
    for (const auto& [last, needed] : of_device) {
      if (needed) continue;
      faults_.push_back(
          absl::StrCat("no change here came in the push up to change ", last, " of a device"));
    }
  }
  for (const v1::ProvenDevice& device : dossier_.devices()) {
    const sync::DeviceId id = DeviceIdOf(FirstKeyOf(device));
    if (pushes.count(id.str()) == 0) {
      faults_.push_back(absl::StrCat("device ", id.Hex(), " sealed nothing here"));
    }
  }
}

absl::optional<size_t> Form::PlaceOf(const v1::GoingOn& going_on, const LogKeys& keys) const {
  const std::string held = going_on.held().SerializeAsString();
  for (size_t i = 0; i < keys.handovers().size(); ++i) {
    for (const v1::HandedLog& log : keys.handovers()[i].logs()) {
      if (AsHead(keys.handovers()[i], log).SerializeAsString() == held) return i;
    }
  }
  if (!SignedByOneOf(keys, dossier_.organisation_id(), going_on.held())) return absl::nullopt;
  return keys.handovers().size();
}

void Form::LookAtGoingOn() {
  const auto first = VerifyingKey::From(
      dossier_.handovers().empty() ? dossier_.log_key() : dossier_.handovers(0).previous_key());
  const auto keys = first.ok()
                        ? LogKeys::From(*first, dossier_.organisation_id(),
                                        {dossier_.handovers().begin(), dossier_.handovers().end()})
                        : first.status();
  if (!keys.ok()) return;
  std::vector<size_t> places;
  for (const v1::GoingOn& going_on : shown_) {
    const auto place = PlaceOf(going_on, *keys);
    if (!place.has_value() || !SameLog(going_on.lineage().head().head(), dossier_.head()) ||
        !LeadsTo(keys->current(), dossier_.organisation_id(), going_on.held(),
                 dossier_.head().epoch(), going_on.lineage())
             .ok()) {
      faults_.push_back("what it shows the log to go on from does not lead to its head");
      continue;
    }
    places.push_back(*place);
  }
  if (!InOrder(places)) {
    faults_.push_back("what it shows the log to go on from is out of order, or there twice");
  }
}

}  // namespace

std::vector<std::string> FormFaults(const DossierReport& report,
                                    const std::vector<v1::GoingOn>& shown) {
  return Form(report, shown).Faults();
}

}  // namespace sotay::seal
