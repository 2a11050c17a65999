#include "sync/consents.h"

#include <algorithm>

#include "sotay/v1/sync_service.pb.h"
#include "sync/beside.h"
#include "sync/ids.h"

namespace sotay::sync {
namespace {

bool IsWellFormed(const v1::AwaitsConsent& change) {
  return change.device_id().size() == DeviceId::kSize && change.sequence() != 0 &&
         change.change_id().size() == ChangeId::kSize &&
         change.dossier_id().size() == RecordId::kSize &&
         change.records_size() <= kConsentRecordsMax &&
         std::all_of(change.records().begin(), change.records().end(),
                     [](const v1::AwaitingRecord& record) {
                       return record.record_id().size() == RecordId::kSize;
                     });
}

}  // namespace

void AskForConsents(const v1::Consents& shown, v1::SyncRequest* request) {
  v1::SaidConsents said;
  said.set_shows_consents(true);
  said.set_consents_mark(shown.mark());
  request->MergeFromString(said.SerializeAsString());
}

absl::optional<std::string> ConsentsShown(const v1::SyncRequest& request) {
  const auto said = ReadBeside<v1::SaidConsents>(request);
  if (!said.shows_consents()) return absl::nullopt;
  return said.consents_mark();
}

void TellConsents(const v1::Consents& consents, v1::SyncResponse* response) {
  v1::ToldConsents told;
  *told.mutable_consents() = consents;
  response->MergeFromString(told.SerializeAsString());
}

absl::optional<v1::Consents> ConsentsTold(const v1::SyncResponse& response) {
  const auto told = ReadBeside<v1::ToldConsents>(response);
  if (!told.has_consents()) return absl::nullopt;
  const v1::Consents& consents = told.consents();
  if (consents.for_user_size() > kConsentsMax || consents.own_size() > kConsentsMax ||
      consents.mark().size() > kConsentsMarkMax ||
      !std::all_of(consents.for_user().begin(), consents.for_user().end(), IsWellFormed)) {
    return absl::nullopt;
  }
  return consents;
}

}  // namespace sotay::sync
