#include "server/seal_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/decision.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/seal.h"

namespace sotay::server {

bool SealHolds(const seal::VerifyingKey& key, const std::string& organisation_id,
               const sync::DeviceId& device, const stored::v1::SealRow& seal,
               const std::vector<sync::ChangeId>& ids) {
  const uint64_t first = seal.first_sequence();
  const uint64_t last = seal.last_sequence();
  if (first == 0 || first > last || last > ids.size()) return false;
  seal::PushSeal push;
  push.organisation_id = organisation_id;
  push.device = device;
  push.first_sequence = first;
  push.last_sequence = last;
  if (first > 1) push.previous = ids[first - 2].str();
  push.ids = absl::MakeConstSpan(ids).subspan(first - 1, last - first + 1);
  return key.Verify(seal::SealText(push), seal.signature());
}

bool PlacesItsOwn(const stored::v1::SealRow& seal) {
  return std::all_of(seal.placed().begin(), seal.placed().end(), [&](const auto& run) {
    return run.first_sequence() >= seal.first_sequence() && run.count() > 0 &&
           run.first_sequence() <= seal.last_sequence() &&
           run.count() - 1 <= seal.last_sequence() - run.first_sequence();
  });
}

absl::StatusOr<v1::ChangeBatch> Unpacked(const v1::Packed& packed) {
  const auto raw = seal::Unpack(packed, sync::kPushBytesMax);
  v1::ChangeBatch batch;
  if (!raw.ok() || !batch.ParseFromString(*raw)) {
    return absl::DataLossError("a push cannot be unpacked");
  }
  return batch;
}

std::string FaultOfWithheld(const v1::ChangeBatch& batch) {
  uint64_t next = 0;  // the least place that may come
  for (const v1::WithheldChange& withheld : batch.withheld()) {
    const uint32_t index = withheld.index();
    if (index < next) return absl::StrCat("withheld: place ", index, " is out of order");
    if (index >= static_cast<uint32_t>(batch.changes_size())) {
      return absl::StrCat("withheld: place ", index, ", the push has ", batch.changes_size(),
                          " changes");
    }
    if (!batch.changes(static_cast<int>(index)).empty()) {
      return absl::StrCat("withheld: place ", index, " has its bytes all the same");
    }
    if (withheld.change_id().size() != sync::ChangeId::kSize) {
      return absl::StrCat("withheld: change_id of ", withheld.change_id().size(),
                          " bytes, expected 32");
    }
    if (withheld.dossier_id().size() != sync::RecordId::kSize) {
      return absl::StrCat("withheld: dossier_id of ", withheld.dossier_id().size(),
                          " bytes, expected 16");
    }
    next = uint64_t{index} + 1;
  }
  return std::string();
}

std::vector<sync::ChangeId> IdsIn(const v1::ChangeBatch& batch) {
  std::vector<sync::ChangeId> ids;
  ids.reserve(static_cast<size_t>(batch.changes_size()));
  auto withheld = batch.withheld().begin();
  for (int i = 0; i < batch.changes_size(); ++i) {
    if (withheld != batch.withheld().end() && withheld->index() == static_cast<uint32_t>(i)) {
      ids.push_back(sync::ChangeId::From(withheld->change_id()).value_or(sync::ChangeId()));
      ++withheld;
    } else {
      ids.push_back(seal::HashChange(batch.changes(i)));
    }
  }
  return ids;
}

bool Withhold(const std::vector<sync::ChangeId>& ids,
              const std::function<absl::optional<std::string>(size_t place)>& dossier_of,
              v1::ChangeBatch* batch) {
  google::protobuf::RepeatedPtrField<v1::WithheldChange> withheld;
  auto before = batch->withheld().begin();
  bool any = false;
  for (int i = 0; i < batch->changes_size(); ++i) {
    const auto place = static_cast<uint32_t>(i);
    if (before != batch->withheld().end() && before->index() == place) {
      *withheld.Add() = *before++;
      continue;
    }
    const absl::optional<std::string> dossier = dossier_of(place);
    if (!dossier.has_value()) continue;
    any = true;
    v1::WithheldChange* const taken = withheld.Add();
    taken->set_index(place);
    taken->set_change_id(ids[place].str());
    taken->set_dossier_id(*dossier);
    batch->mutable_changes(i)->clear();
  }
  *batch->mutable_withheld() = std::move(withheld);
  return any;
}

absl::Status WithholdSecrets(const sync::PushInput& push,
                             const std::vector<v1::ChangeOutcome>& outcomes,
                             const std::set<sync::RecordId>* sealed, v1::Packed* packed) {
  const auto is_secret = [&](size_t place) {
    return !push.changes[place].withheld.has_value() &&
           (outcomes[place].reason() == v1::REASON_CLASSIFIED ||
            sync::IsSecret(push.changes[place], sealed));
  };
  std::vector<sync::ChangeId> ids;
  bool any = false;
  for (size_t place = 0; place < push.changes.size(); ++place) {
    ids.push_back(push.changes[place].id);
    any = any || is_secret(place);
  }
  if (!any) return absl::OkStatus();
  auto batch = Unpacked(*packed);
  if (!batch.ok()) return batch.status();
  const auto dossier_of = [&](size_t place) -> absl::optional<std::string> {
    if (!is_secret(place)) return absl::nullopt;
    const auto& change = push.changes[place].change;
    const bool says = change != nullptr && change->dossier_id().size() == sync::RecordId::kSize;
    return says ? change->dossier_id() : std::string(sync::RecordId::kSize, '\0');
  };
  Withhold(ids, dossier_of, &*batch);
  *packed = seal::Pack(batch->SerializeAsString());
  return absl::OkStatus();
}

bool HoldsItsChanges(const stored::v1::SealRow& seal, const std::vector<sync::ChangeId>& ids) {
  const auto batch = Unpacked(seal.changes());
  if (!batch.ok() || !FaultOfWithheld(*batch).empty()) return false;
  uint64_t sequence = seal.first_sequence();
  for (const sync::ChangeId& id : IdsIn(*batch)) {
    if (sequence > ids.size() || id != ids[sequence - 1]) return false;
    ++sequence;
  }
  return sequence == seal.last_sequence() + 1;
}

}  // namespace sotay::server
