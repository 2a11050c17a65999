#include "tests/server/exported_dossier.h"

#include <map>
#include <utility>

#include "server/evidence.h"
#include "sync/seal/dossier_check.h"
#include "sync/status_macros.h"

namespace sotay::tests {

absl::StatusOr<v1::Dossier> ExportOf(const ServerRoom& room, const std::string& user,
                                     const std::vector<std::string>& records,
                                     const ExportOptions& options) {
  const server::Evidence evidence(room.directory.get(), room.store.get(),
                                  options.notary == nullptr ? room.notary.get() : options.notary,
                                  room.supervision.get());
  v1::Dossier dossier;
  dossier.set_dossier_id(RecordNamed(records.front()).str());
  std::map<std::string, std::string> gathered;
  std::map<uint64_t, v1::ProvenChange> changes;
  std::map<std::string, uint64_t> refused;
  std::map<std::string, v1::GoneChange> gone;
  std::map<std::pair<std::string, uint64_t>, v1::ProvenPush> pushes;
  std::map<std::string, v1::ProvenDevice> devices;
  for (const std::string& record : records) {
    v1::ProveRecordRequest request;
    request.set_record_id(RecordNamed(record).str());
    request.set_page_size(options.page);
    if (dossier.has_head()) *request.mutable_head() = dossier.head();
    do {
      SOTAY_ASSIGN_OR_RETURN(
          const v1::ProveRecordResponse page,
          evidence.ProveRecord(*room.directory->FindPerson(user), request, room.now_ms));
      *request.mutable_head() = page.head();
      *dossier.mutable_head() = page.head();
      dossier.set_organisation_id(page.organisation_id());
      dossier.set_log_key(page.log_key());
      *dossier.mutable_handovers() = page.handovers();
      gathered[request.record_id()] = page.record();
      for (const auto& change : page.changes()) changes[change.position()] = change;
      for (int i = 0; i < page.refused_size(); ++i)
        refused[page.refused(i)] = page.refused_after(i);
      for (const auto& change : page.gone()) gone[change.change_id()] = change;
      for (const auto& push : page.pushes()) {
        const uint64_t count = push.change_ids().size() / sync::ChangeId::kSize;
        pushes[{push.device_id(), push.first_sequence() + count}] = push;
      }
      for (const auto& device : page.devices()) {
        devices[device.earlier().empty() ? device.public_key()
                                         : device.earlier(0).roll().old_key()] = device;
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
  }
  for (const auto& [id, bytes] : gathered) dossier.add_records(bytes);
  for (const auto& [position, change] : changes) *dossier.add_changes() = change;
  for (const auto& [bytes, after] : refused) {
    dossier.add_refused(bytes);
    dossier.add_refused_after(after);
  }
  for (const auto& [id, change] : gone) *dossier.add_gone() = change;
  for (const auto& [place, push] : pushes) *dossier.add_pushes() = push;
  for (const auto& [key, device] : devices) *dossier.add_devices() = device;
  return dossier;
}

std::string SealedBy(const seal::SigningKey& exporter, const v1::Dossier& dossier,
                     const v1::DossierGoingOn& going_on) {
  v1::SealedDossier sealed;
  sealed.set_dossier(dossier.SerializeAsString() + going_on.SerializeAsString());
  sealed.set_public_key(exporter.PublicKey());
  sealed.set_signature(*exporter.Sign(seal::DossierText(sealed.dossier())));
  return sealed.SerializeAsString();
}

}  // namespace sotay::tests
