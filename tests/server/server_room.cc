#include "tests/server/server_room.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "leveldb/write_batch.h"
#include "server/purge.h"
#include "server/secrecy.h"
#include "sync/seal/digest.h"

namespace sotay::tests {
namespace {

using server::Tables;

constexpr char kPath[] = "/disk/store";

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "a test's own step failed: %s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

ServerRoom::ServerRoom() {
  disk.CreateDir("/disk");
  Tables tables;
  tables.meta.emplace();
  tables.meta->set_format(server::kStoreFormat);
  tables.meta->set_organisation_id(std::string(16, 'o'));
  tables.meta->set_epoch(std::string(16, 'e'));
  tables.meta->set_directory_revision(1);
  tables.meta->set_log_key(log_key.PublicKey());
  v1::User& khoa = tables.users.emplace_back();
  khoa.set_user_id("khoa");
  khoa.set_full_name("Mạc Khoá");
  khoa.add_memberships()->set_role(options::v1::ROLE_ADMINISTRATOR);
  MustBeOk(server::Store::Create(kPath, StoreOptions(), tables));
  MustBeOk(Open());
  AddUnit("tinh", "");
  AddUnit("kv1", "tinh");
  AddUnit("kv2", "tinh");
}

ServerRoom::~ServerRoom() { Close(); }

durable::StoreOptions ServerRoom::StoreOptions() {
  durable::StoreOptions options;
  options.base = &disk;
  options.block_cache_bytes = block_cache_bytes;
  options.sync_directory = [this](const std::string& path) { return disk.SyncDirectory(path); };
  return options;
}

absl::Status ServerRoom::Open() {
  Close();
  auto opened = server::Store::Open(kPath, StoreOptions(), schema_.get());
  if (!opened.ok()) return opened.status();
  store = *std::move(opened);
  auto files =
      server::Blobs::Open("/disk/blobs", StoreOptions(), blob_limits, [this] { return now_ms; });
  if (!files.ok()) return files.status();
  blobs = *std::move(files);
  store->set_blobs(blobs.get());
  absl::Status purged = server::FinishPurges(store.get(), /*restored=*/false);
  if (purged.ok()) purged = server::FinishSweeps(store.get());
  if (!purged.ok()) return purged;
  auto tables = store->LoadTables();
  if (!tables.ok()) return tables.status();
  const absl::Status told = store->LoadSubmissions(&*tables);
  if (!told.ok() && !absl::IsDataLoss(told)) return told;
  auto loaded = server::Directory::From(
      *std::move(tables), server::LoadAccessRules(rules, *schema_, sync::DayOf(now_ms)).value(),
      now_ms);
  if (!loaded.ok()) return loaded.status();
  directory = *std::move(loaded);
  watchers = std::make_unique<server::Watchers>(directory.get());
  hub_options.now_ms = [this] { return now_ms; };
  hub_options.failed = [this](const absl::Status& status) { failures.push_back(status); };
  hub = std::make_unique<server::Hub>(store.get(), directory.get(), schema_.get(), watchers.get(),
                                      hub_options);
  notary = std::make_unique<server::Notary>(directory.get(), store.get(), log_key);
  exchange = std::make_unique<server::Exchange>(directory.get(), store.get(), notary.get());
  supervision = std::make_unique<server::Supervision>(directory.get(), store.get(), schema_.get());
  blob_exchange = std::make_unique<server::BlobExchange>(store.get(), supervision.get(),
                                                         schema_.get(), blobs.get());
  return absl::OkStatus();
}

void ServerRoom::Close() {
  blob_exchange.reset();
  supervision.reset();
  exchange.reset();
  notary.reset();
  hub.reset();
  watchers.reset();
  directory.reset();
  store.reset();
  blobs.reset();
}

void ServerRoom::WithPen(const std::function<void(server::Pen*)>& mutation) {
  MustBeOk(hub->Submit([&](server::Pen* pen) { mutation(pen); }));
  while (hub->RunOnce()) {
  }
}

void ServerRoom::AddUnit(const std::string& unit, const std::string& parent) {
  v1::PutUnitRequest request;
  request.mutable_unit()->set_unit_id(unit);
  request.mutable_unit()->set_name("VKSND " + unit);
  request.mutable_unit()->set_parent_id(parent);
  WithPen([&](server::Pen* pen) { MustBeOk(server::PutUnit(pen, request).status()); });
}

void ServerRoom::AddUser(const std::string& user,
                         const std::vector<std::pair<std::string, sync::Role>>& memberships) {
  v1::PutUserRequest request;
  request.mutable_user()->set_user_id(user);
  request.mutable_user()->set_full_name("Người " + user);
  for (const auto& [unit, role] : memberships) {
    v1::Membership* membership = request.mutable_user()->add_memberships();
    membership->set_unit_id(unit);
    membership->set_role(role);
  }
  WithPen([&](server::Pen* pen) { MustBeOk(server::PutUser(pen, request).status()); });
}

void ServerRoom::Enrol(SealedPhone* phone, const std::string& unit) {
  if (directory->FindPerson(phone->user_id()) == nullptr) {
    std::vector<std::pair<std::string, sync::Role>> memberships;
    for (sync::Role role : phone->roles()) memberships.emplace_back(unit, role);
    AddUser(phone->user_id(), memberships);
  }
  phone->organisation_id = directory->meta().organisation_id();
  AddDevice(phone->key().PublicKey(), phone->user_id());
}

void ServerRoom::AddDevice(const std::string& public_key, const std::string& user) {
  Tables tables;
  stored::v1::DeviceRow& row = tables.devices.emplace_back();
  row.set_device_id(seal::DeviceIdOf(public_key).str());
  row.set_public_key(public_key);
  row.set_user_id(user);
  row.set_name("Máy của " + user);
  row.set_state(v1::DEVICE_STATE_ACTIVE);
  row.set_enrolled_ms(now_ms);
  WithPen([&](server::Pen* pen) { MustBeOk(pen->Commit(tables)); });
}

void ServerRoom::Revoke(const SealedPhone& phone) {
  v1::RevokeDeviceRequest request;
  request.set_device_id(phone.device().str());
  request.set_reason("mất máy");
  WithPen([&](server::Pen* pen) { MustBeOk(server::RevokeDevice(pen, "khoa", request).status()); });
}

server::Caller ServerRoom::CallerOf(const SealedPhone& phone) const {
  auto caller = directory->CallerOf(phone.device());
  MustBeOk(caller.status());
  return *std::move(caller);
}

absl::StatusOr<v1::SyncResponse> ServerRoom::Sync(const sync::DeviceId& device,
                                                  const v1::SyncRequest& request) {
  auto caller = directory->CallerOf(device);
  const auto row = directory->Device(device);
  const bool revoked = row != nullptr && row->state() == v1::DEVICE_STATE_REVOKED;
  if (revoked) caller = server::Caller{device, row, directory->FindPerson(row->user_id())};
  if (!caller.ok()) return caller.status();
  auto prepared = exchange->Prepare(*caller, request, now_ms);
  if (!prepared.ok()) return prepared.status();
  if (!prepared->reports.empty()) {
    WithPen(
        [&](server::Pen* pen) { MustBeOk(server::NoteReports(pen, device, prepared->reports)); });
  }
  absl::optional<server::PushAnswer> pushed;
  if (prepared->push.has_value()) {
    absl::StatusOr<server::PushAnswer> answer = absl::UnknownError("never answered");
    hub->Submit(*std::move(prepared->push),
                [&](absl::StatusOr<server::PushAnswer> done) { answer = std::move(done); });
    while (hub->RunOnce()) {
    }
    if (!answer.ok()) return answer.status();
    pushed = *std::move(answer);
  }
  if (revoked) return server::Exchange::AnswerRevoked(*prepared, &*pushed, now_ms);
  return exchange->Answer(*prepared, pushed.has_value() ? &*pushed : nullptr, now_ms);
}

absl::StatusOr<v1::SyncResponse> ServerRoom::Push(SealedPhone* phone) {
  auto response = Sync(*phone, phone->Request());
  if (response.ok()) phone->Take(*response);
  return response;
}

void ServerRoom::Exchange(SealedPhone* phone) {
  for (bool more = true; more;) {
    const auto response = Push(phone);
    MustBeOk(response.status());
    more = response->more() || phone->accepted_through < phone->last_sequence();
  }
}

void ServerRoom::Tamper(const std::string& key, const absl::optional<std::string>& value) {
  Close();
  auto raw = durable::Open(kPath, StoreOptions());
  MustBeOk(raw.status());
  leveldb::WriteBatch batch;
  if (value.has_value()) {
    batch.Put(key, *value);
  } else {
    batch.Delete(key);
  }
  MustBeOk((*raw)->Write(&batch));
}

std::vector<std::string> ServerRoom::Faults() {
  auto report = server::CheckStore(store.get(), *schema_);
  MustBeOk(report.status());
  return report->first_faults;
}

std::vector<v1::QuarantinedChange> ServerRoom::Quarantine(const std::string& unit) {
  std::vector<v1::QuarantinedChange> changes;
  MustBeOk(store->VisitQuarantine(unit, 0, [&](uint64_t, v1::QuarantinedChange change) {
    changes.push_back(std::move(change));
    return true;
  }));
  return changes;
}

}  // namespace sotay::tests
