#include "tests/server/room_phone.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mobile-sdk/core/enrolment.h"
#include "server/refusal.h"
#include "sync/seal/key.h"
#include "sync/status_macros.h"

namespace sotay::tests {
namespace {

constexpr char kDir[] = "/notebook";

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "the phone of a test cannot be made: %s\n", status.ToString().c_str());
  std::abort();
}

class RoomLink : public sdk::Link {
 public:
  RoomLink(ServerRoom* room, const sync::DeviceId& device, std::shared_ptr<RoomWeather> weather)
      : room_(*room), device_(device), weather_(std::move(weather)) {}

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& asked) override {
    v1::SyncRequest request = asked;
    request.set_records_bytes_max(weather_->records_bytes_max);
    absl::StatusOr<v1::SyncResponse> response = absl::UnavailableError("no network");
    for (int copy = 0; copy < weather_->copies; ++copy) response = room_.Sync(device_, request);
    if (weather_->meanwhile) std::exchange(weather_->meanwhile, nullptr)();
    if (weather_->lost) return absl::UnavailableError("the answer was lost");
    if (!response.ok()) {  // as gRPC brings it
      return sdk::WithDetail(response.status(), server::DetailOf(response.status()));
    }
    weather_->answers.push_back(*response);
    return response;
  }
  absl::StatusOr<v1::ListRecordHistoryResponse> ListRecordHistory(
      const v1::ListRecordHistoryRequest& request) override {
    const auto caller = room_.directory->CallerOf(device_);
    if (!caller.ok()) return caller.status();
    return room_.supervision->ListRecordHistory(*caller->person, request);
  }
  absl::StatusOr<v1::AskBlobResponse> AskBlob(const v1::AskBlobRequest& request) override {
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, Caller());
    return room_.blob_exchange->AskBlob(caller, request);
  }
  absl::StatusOr<v1::SendChunkResponse> SendChunk(const v1::SendChunkRequest& request) override {
    weather_->file_bytes_sent += request.data().size();
    if (weather_->pieces_left.has_value()) {
      if (*weather_->pieces_left == 0) return absl::UnavailableError("no network");
      --*weather_->pieces_left;
    }
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, Caller());
    return room_.blob_exchange->SendChunk(caller, request);
  }
  absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const v1::FinishBlobRequest& request) override {
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, Caller());
    return room_.blob_exchange->FinishBlob(caller, request);
  }
  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const v1::ReadChunkRequest& request) override {
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, Caller());
    server::ShownParts shown;
    return room_.blob_exchange->ReadChunk(caller, request, &shown);
  }
  absl::StatusOr<v1::GetHandoversResponse> GetHandovers(const v1::GetHandoversRequest&) override {
    return absl::UnimplementedError("GetHandovers");
  }
  absl::StatusOr<v1::RollKeyResponse> RollKey(const v1::RollKeyRequest&) override {
    return absl::UnimplementedError("RollKey");
  }
  void Present(const std::string&, const std::string&) override {}
  absl::StatusOr<v1::RenewCertificateResponse> RenewCertificate(
      const v1::RenewCertificateRequest&) override {
    return absl::UnimplementedError("RenewCertificate");
  }
  absl::StatusOr<v1::GetLineageResponse> GetLineage(const v1::GetLineageRequest&) override {
    return absl::UnimplementedError("GetLineage");
  }
  std::unique_ptr<sdk::Listening> Watch(const v1::WatchRequest&,
                                        std::function<void(const v1::WatchResponse&)>,
                                        std::function<void(const absl::Status&)>) override {
    return nullptr;
  }
  void Close() override {}

 private:
  // As every call of a service is identified.
  absl::StatusOr<server::Caller> Caller() {
    if (room_.blob_exchange == nullptr) return absl::UnavailableError("no server");
    return room_.directory->CallerOf(device_);
  }

  ServerRoom& room_;
  const sync::DeviceId device_;
  const std::shared_ptr<RoomWeather> weather_;
};

}  // namespace

RoomPhone::RoomPhone(ServerRoom* room, const std::string& user)
    : room_(*room), user_(user), env_(std::make_unique<testing::FaultEnv>()) {
  auto key = seal::SigningKey::Generate();
  Must(key.status());
  room->AddDevice(key->PublicKey(), user);
  vault_ = std::make_shared<const sdk::Vault>(*std::move(key), "", "");
  stored::v1::NotebookMeta meta;
  meta.set_device_id(vault_->device().str());
  meta.set_organisation_id(room->directory->meta().organisation_id());
  meta.set_user_id(user);
  meta.set_full_name(user);
  meta.set_server("hub.example:7443");
  Must(sdk::Found(kDir, meta, surroundings()));
  Restart();
}

sdk::Surroundings RoomPhone::surroundings() {
  sdk::Surroundings around;
  around.env = env_.get();
  around.now_ms = [this] { return room_.now_ms + ++ticks_; };
  around.sync_directory = [env = env_.get()](const std::string& directory) {
    return env->SyncDirectory(directory).ok();
  };
  around.vault = vault_;
  return around;
}

void RoomPhone::Restart() {
  notebook_.reset();
  auto opened = sdk::Notebook::Open(kDir, CaseworkSchema(), surroundings(),
                                    std::make_unique<RoomLink>(&room_, device(), weather));
  Must(opened.status());
  notebook_ = *std::move(opened);
  notebook_->Listen([this](const sdk::Event& event) { events.push_back(event); });
}

std::vector<sync::RecordId> RoomPhone::Listed() {
  const auto lines = notebook_->List();
  Must(lines.status());
  std::vector<sync::RecordId> ids;
  for (const sdk::RecordLine& line : *lines) ids.push_back(line.id);
  return ids;
}

}  // namespace sotay::tests
