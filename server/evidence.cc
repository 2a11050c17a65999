#include "server/evidence.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/log_tree.h"
#include "server/page.h"
#include "server/refusal.h"
#include "server/seal_rows.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kChangesUsual = 100;

// Device → sequences of its changes that are shown.
using Sealed = std::map<sync::DeviceId, std::set<uint64_t>>;

// Whether a change says that it is of the device that sent it, in its place.  One that does not
// was made by no phone of ours, nothing is made on it, and it would only prove that it lies.
bool SaysWhose(const v1::QuarantinedChange& aside) {
  v1::Change change;
  return change.ParseFromString(aside.change()) && change.device_id() == aside.device_id() &&
         change.sequence() == aside.sequence();
}

// What is left of it, with what became of the rest.
v1::GoneChange GoneChangeOf(const Directory& directory, const v1::QuarantinedChange& aside,
                            uint64_t after) {
  v1::GoneChange gone;
  gone.set_change_id(aside.change_id());
  gone.set_after(after);
  gone.set_named(aside.change());
  v1::Change named;
  named.ParseFromString(aside.change());
  const auto row = directory.SecretOf(named.dossier_id());
  if (row == nullptr || !row->destroyed()) return gone;
  gone.set_destroyed(true);
  for (const v1::SecretAct& act : row->acts()) {
    if (act.kind() != v1::SECRET_ACT_KIND_DESTROYED) continue;
    gone.set_by(act.by());
    gone.set_done_ms(act.done_ms());
    gone.set_reason(act.reason());
  }
  return gone;
}

// Nothing can be left out of a change that is to be proven.
absl::Status ProvesMore() {
  return RoleMayNot(
      "not everything this record was made of is yours to read; ask somebody who reads the whole "
      "unit for the export");
}

}  // namespace

absl::StatusOr<v1::LogHead> Evidence::HeadFor(const v1::ProveRecordRequest& request,
                                              const std::string& unit, uint64_t position,
                                              int64_t now_ms) const {
  if (!request.has_head()) {
    auto head = notary_.Head(unit, position, now_ms);
    // Why none can be signed is for the operator, and told there.
    if (!head.ok()) return Busy("no head of the unit's log can be signed now");
    return head;
  }
  if (request.head().unit_id() != unit || !notary_.Stands(request.head())) {
    return Malformed("head: not one this server signed for the record's unit");
  }
  if (position > request.head().size()) {
    return Refuse(absl::StatusCode::kAborted, v1::REASON_CHANGED_MEANWHILE,
                  absl::StrCat("the record changed at position ", position, ", after the head of ",
                               request.head().size(), " entries; begin the export anew"));
  }
  return request.head();
}

absl::StatusOr<v1::ProvenPush> Evidence::PushOver(const sync::DeviceId& device,
                                                  uint64_t sequence) const {
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::SealRow seal, store_.LoadSealOver(device, sequence));
  SOTAY_ASSIGN_OR_RETURN(const v1::ChangeBatch batch, Unpacked(seal.changes()));
  v1::ProvenPush push;
  push.set_device_id(device.str());
  push.set_first_sequence(seal.first_sequence());
  for (const sync::ChangeId& id : IdsIn(batch)) push.mutable_change_ids()->append(id.str());
  push.set_signature(seal.signature());
  if (const uint64_t before = seal.first_sequence() - 1; before > 0) {
    SOTAY_ASSIGN_OR_RETURN(auto known, store_.LoadKnown(device, before, before));
    push.set_previous(known[before].change_id());
  }
  return push;
}

absl::StatusOr<v1::ProveRecordResponse> Evidence::ProveRecord(const Person& person,
                                                              const v1::ProveRecordRequest& request,
                                                              int64_t now_ms,
                                                              ShownParts* shown) const {
  const auto id = sync::RecordId::From(request.record_id());
  if (!id.has_value()) return Malformed("record_id is not 16 bytes");
  SOTAY_ASSIGN_OR_RETURN(const size_t size, PageSize(request.page_size(), kChangesUsual));
  Shown place;
  SOTAY_ASSIGN_OR_RETURN(v1::FeedRecord found,
                         supervision_.Resolve(person, request.record_id(), &place));
  const std::string& unit = place.unit;
  v1::ProveRecordResponse response;
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_head(),
                         HeadFor(request, unit, found.position(), now_ms));
  v1::ProveRecordRequest asked = request;
  *asked.mutable_head() = response.head();
  const std::string question = QuestionOf(asked);
  SOTAY_ASSIGN_OR_RETURN(const auto from, ReadPageToken(question, request.page_token()));
  response.set_organisation_id(directory_.meta().organisation_id());
  response.set_log_key(notary_.log_key().spki());
  for (const v1::LogKeyHandover& handover : notary_.keys().handovers()) {
    *response.add_handovers() = handover;
  }
  response.set_record(std::move(*found.mutable_record()));

  Reading reading = supervision_.ReadingOf(person, unit);
  Sealed sealed;
  absl::Status status;
  size_t bytes = 0;
  uint64_t last = 0;
  bool full = false;
  const auto take = [&](uint64_t position) {
    full = static_cast<size_t>(response.changes_size()) == size || bytes > kPageBytesMax;
    if (full) return false;
    auto entry = store_.LoadStoredEntry(unit, position);
    if (entry.ok()) {
      const auto may = reading.OfAllIn(entry->change, id->view());
      status = may.ok() && !*may ? ProvesMore() : may.status();
      if (!status.ok()) return false;
    }
    auto proof = ProveInclusion(&store_, unit, position, response.head().size());
    status = entry.ok() ? proof.status() : entry.status();
    if (!status.ok()) return false;
    sealed[entry->device].insert(entry->sequence);
    v1::ProvenChange* change = response.add_changes();
    change->set_position(position);
    change->set_change(std::move(entry->change));
    change->set_admission(std::move(entry->admission));
    for (const seal::MerkleHash& hash : *proof) change->add_proof(hash.data(), hash.size());
    bytes += change->ByteSizeLong();
    last = position;
    return true;
  };
  SOTAY_RETURN_IF_ERROR(store_.VisitHistory(*id, from.has_value() ? from->number : 0, take));
  SOTAY_RETURN_IF_ERROR(status);
  if (full) response.set_next_page_token(PageToken(question, {unit, last, ""}));
  if (!from.has_value()) {
    SOTAY_RETURN_IF_ERROR(store_.VisitAside(*id, [&](uint64_t after, v1::QuarantinedChange aside) {
      const auto device = sync::DeviceId::From(aside.device_id());
      // What names the record from another unit has no place in its history, and may not be the
      // reader's to see.
      if (KindOf(aside) != HistoryKind::kRefused || !device.has_value() ||
          aside.unit_id() != unit || !SaysWhose(aside)) {
        return true;
      }
      if (aside.reason() == v1::REASON_CLASSIFIED) {
        sealed[*device].insert(aside.sequence());
        *response.add_gone() = GoneChangeOf(directory_, aside, after);
        return true;
      }
      const absl::StatusOr<bool> may = reading.OfAside(aside);
      status = (!may.ok() || *may) ? may.status() : ProvesMore();
      if (!status.ok()) return false;
      sealed[*device].insert(aside.sequence());
      response.add_refused(std::move(*aside.mutable_change()));
      response.add_refused_after(after);
      return true;
    }));
    SOTAY_RETURN_IF_ERROR(status);
  }
  for (const auto& [device, sequences] : sealed) {
    uint64_t through = 0;  // of the newest push
    for (const uint64_t sequence : sequences) {
      if (sequence <= through) continue;
      SOTAY_ASSIGN_OR_RETURN(*response.add_pushes(), PushOver(device, sequence));
      const v1::ProvenPush& push = *response.pushes().rbegin();
      through = push.first_sequence() + push.change_ids().size() / sync::ChangeId::kSize - 1;
    }
    Directory::DeviceSeen seen = directory_.SeenOf(device);
    if (seen.row == nullptr) {
      return absl::DataLossError("a change is of a device that is not there");
    }
    v1::ProvenDevice* proven = response.add_devices();
    proven->set_public_key(seen.row->public_key());
    proven->set_user_id(seen.row->user_id());
    for (v1::EarlierKey& key : seen.earlier) {
      *proven->add_earlier() = std::move(key);
    }
  }
  if (shown != nullptr) shown->push_back(std::move(place));
  return response;
}

}  // namespace sotay::server
