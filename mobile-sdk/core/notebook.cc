#include "sotay/notebook.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "mobile-sdk/core/boot_clock.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "mobile-sdk/core/grpc_link.h"
#include "mobile-sdk/core/lease.h"
#include "mobile-sdk/core/notebook_impl.h"
#include "mobile-sdk/core/rekeying.h"
#include "mobile-sdk/core/sealing.h"
#include "sync/seal/digest.h"
#include "sync/seal/random.h"
#include "sync/status_macros.h"

namespace sotay::sdk {
namespace {

constexpr uint32_t kFormat = 1;

int64_t SystemMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Two schemas of one fingerprint make the same rows.
std::string FingerprintOf(const sync::Schema& schema) {
  std::map<std::string, std::string> files;
  for (const auto& [name, type] : schema.types()) {
    google::protobuf::FileDescriptorProto proto;
    type.descriptor->file()->CopyTo(&proto);
    files[proto.name()] = proto.SerializeAsString();
  }
  std::string all;
  for (const auto& [name, bytes] : files) absl::StrAppend(&all, bytes.size(), ":", bytes);
  const auto hash = seal::Sha256(all);
  return std::string(hash.begin(), hash.end());
}

absl::Status OpenFailure(const std::string& dir, const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return absl::NotFoundError(absl::StrCat("there is no notebook in ", dir, "; enrol first"));
    case absl::StatusCode::kFailedPrecondition:
      return absl::FailedPreconditionError(
          absl::StrCat("the notebook is open in another process: ", status.message()));
    default:
      return status;
  }
}

}  // namespace

Notebook::Impl::~Impl() {
  if (link != nullptr) link->Close();
  if (courier != nullptr) courier->Stop();
  courier.reset();
  file_exchange.reset();
  exchange.reset();
}

absl::Status Notebook::Impl::Settle() {
  absl::MutexLock lock(&desk.mutex);
  if (desk.meta.format() != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the notebook is of format ", desk.meta.format(), ", this build knows ", kFormat));
  }
  if (desk.device.view() != desk.meta.device_id()) {
    return absl::DataLossError(
        "the device key is not the one this notebook was made with; enrol anew");
  }
  SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress progress, desk.store->Progress());
  if (progress.last_sequence() > 0) {
    SOTAY_ASSIGN_OR_RETURN(const auto newest, desk.store->OwnChange(progress.last_sequence()));
    if (newest.change_id() != progress.head() ||
        progress.accepted_through() > progress.last_sequence()) {
      return absl::DataLossError("the notebook's progress does not fit its changes; enrol anew");
    }
  }

  const std::string fingerprint = FingerprintOf(*desk.schema);
  SOTAY_ASSIGN_OR_RETURN(const std::string made_with, desk.store->RowsSchema());
  // What a crash has cut short.
  SOTAY_RETURN_IF_ERROR(desk.files->Sweep(*desk.store));
  PurgeSealed(&desk, /*fresh=*/true);
  if (fingerprint == made_with) return absl::OkStatus();
  SOTAY_ASSIGN_OR_RETURN(const auto directory, desk.store->Directory());
  const ShownReader reader(&desk, directory.has_value() ? &*directory : nullptr);
  std::map<sync::RecordId, bool> rows;
  SOTAY_RETURN_IF_ERROR(
      desk.store->EachRow("", [&](const sync::RecordId& id, const stored::v1::ListRow& row) {
        rows[id] = row.set_aside();
        return true;
      }));
  StoreBatch batch;
  for (const auto& [id, set_aside] : rows) {
    SOTAY_ASSIGN_OR_RETURN(const auto shown, reader.Read(id));
    if (shown.has_value()) {
      batch.PutRow(id, RowOf(*shown, set_aside));
    } else {
      batch.DropRow(id);
    }
  }
  batch.PutRowsSchema(fingerprint);
  return desk.store->Commit(batch);
}

Trust::Ways Notebook::Impl::WaysOfTrust() {
  Trust::Ways ways;
  ways.ask = [this](const v1::GetAuthorityRequest& request) { return link->GetAuthority(request); };
  ways.held = [this]() -> absl::StatusOr<LogTrust> {
    absl::ReaderMutexLock lock(&desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(const auto handovers, desk.store->Handovers());
    SOTAY_ASSIGN_OR_RETURN(const auto heads, desk.store->Heads());
    return LogTrust{desk.meta.organisation_id(),
                    handovers.empty() ? desk.meta.log_key() : handovers.back().key(),
                    !heads.empty()};
  };
  ways.changed = [this] {
    std::shared_ptr<const Vault> vault;
    {
      absl::MutexLock lock(&desk.mutex);
      desk.vault = vault = desk.renewal->vault();
    }
    link->TrustRoots(vault->authority_pem());
    const auto key_pem = vault->KeyPem();
    if (key_pem.ok()) link->Present(vault->certificate_pem(), *key_pem);
  };
  return ways;
}

absl::StatusOr<Shown> Notebook::Impl::ReadShown(const sync::RecordId& id) const {
  SOTAY_ASSIGN_OR_RETURN(const auto directory, desk.store->Directory());
  const ShownReader reader(&desk, directory.has_value() ? &*directory : nullptr);
  SOTAY_ASSIGN_OR_RETURN(auto shown, reader.Read(id));
  if (!shown.has_value()) {
    SOTAY_RETURN_IF_ERROR(CheckNotSealed(*desk.store, id));
    return absl::NotFoundError(absl::StrCat("record ", id.Short(), " is not in this notebook"));
  }
  return *std::move(shown);
}

absl::StatusOr<Shown> Notebook::Impl::ReadForPerson(const sync::RecordId& id) const {
  SOTAY_RETURN_IF_ERROR(CheckReadable(desk, id));
  return ReadShown(id);
}

absl::StatusOr<v1::Directory> Notebook::Impl::Directory() const {
  SOTAY_ASSIGN_OR_RETURN(auto directory, desk.store->Directory());
  if (!directory.has_value()) {
    return absl::FailedPreconditionError("not synchronised yet: run sync once");
  }
  return *std::move(directory);
}

void Notebook::Impl::Told(std::vector<Event> events) {
  courier->SomethingToSend();
  desk.tidings->Tell(std::move(events));
}

Notebook::Notebook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Notebook::~Notebook() = default;

absl::StatusOr<std::unique_ptr<Notebook>> Notebook::Open(const std::string& dir,
                                                         std::shared_ptr<const sync::Schema> schema,
                                                         Surroundings surroundings) {
  return Open(dir, std::move(schema), std::move(surroundings), nullptr);
}

absl::StatusOr<std::unique_ptr<Notebook>> Notebook::Open(const std::string& dir,
                                                         std::shared_ptr<const sync::Schema> schema,
                                                         Surroundings surroundings,
                                                         std::unique_ptr<Link> link) {
  auto impl = std::make_unique<Impl>();
  Desk& desk = impl->desk;
  desk.schema = schema != nullptr ? std::move(schema) : BuiltinSchema();
  desk.now_ms = surroundings.now_ms ? surroundings.now_ms : SystemMs;
  if (surroundings.since_boot) {
    desk.since_boot = surroundings.since_boot;
  } else if (!surroundings.now_ms) {
    desk.since_boot = MachineSinceBoot;
  }
  desk.random_bytes = surroundings.random_bytes ? surroundings.random_bytes : seal::RandomBytes;
  desk.tidings = std::make_shared<Tidings>();
  auto store = Store::Open(dir, surroundings, /*create=*/false);
  if (!store.ok()) return OpenFailure(dir, store.status());
  desk.store = *std::move(store);
  desk.files = std::make_unique<Files>(absl::StrCat(dir, "/files"), FilesOf(surroundings));
  SOTAY_ASSIGN_OR_RETURN(auto meta, desk.store->Meta());
  if (!meta.has_value()) {
    return absl::NotFoundError(
        absl::StrCat("the enrolment of ", dir, " was not finished; enrol again"));
  }
  desk.meta = *std::move(meta);
  desk.vault = surroundings.vault;
  if (desk.vault == nullptr) {
    auto vault = Vault::Open(dir);
    if (absl::IsNotFound(vault.status())) {
      return absl::DataLossError(absl::StrCat("the device key of ", dir, " has gone (",
                                              vault.status().message(), "); enrol anew"));
    }
    if (!vault.ok()) return vault.status();
    desk.vault = *std::move(vault);
  }
  desk.device = desk.vault->device();
  SOTAY_RETURN_IF_ERROR(impl->Settle());
  if (link == nullptr) {
    GrpcAddress address;
    address.server = desk.meta.server();
    address.authority_pem = desk.vault->authority_pem();
    address.certificate_pem = desk.vault->certificate_pem();
    SOTAY_ASSIGN_OR_RETURN(address.key_pem, desk.vault->KeyPem());
    link = ConnectGrpc(address);
  }
  impl->link = std::move(link);
  if (surroundings.vault == nullptr) {
    desk.renewal = std::make_shared<Renewal>(
        dir, desk.vault, [to = impl->link.get()](const v1::RenewCertificateRequest& request) {
          return to->RenewCertificate(request);
        });
    desk.trust = std::make_shared<Trust>(dir, desk.renewal.get(), impl->WaysOfTrust());
    desk.rekeying = std::make_shared<Rekeying>(dir, &desk, impl->link.get());
  }
  impl->exchange = std::make_unique<Exchange>(&desk, impl->link.get());
  impl->file_exchange = std::make_unique<FileExchange>(&desk, impl->link.get());
  impl->courier = std::make_unique<Courier>(&desk, impl->exchange.get(), impl->file_exchange.get(),
                                            impl->link.get());
  return std::unique_ptr<Notebook>(new Notebook(std::move(impl)));
}

absl::Status Notebook::Sync(const std::function<void(const SyncProgress&)>& progress) {
  SyncProgress sum;
  uint64_t from = 0;
  {
    absl::ReaderMutexLock lock(&impl_->desk.mutex);
    SOTAY_ASSIGN_OR_RETURN(const stored::v1::Progress before, impl_->desk.store->Progress());
    from = before.accepted_through();
    sum.to_send = before.last_sequence() - before.accepted_through();
  }
  impl_->exchange->AskFirst();
  for (;;) {
    const absl::StatusOr<Exchanged> exchanged = impl_->exchange->Once();
    if (!exchanged.ok()) {
      Event event;
      event.kind = Event::Kind::kSyncFailed;
      event.status = exchanged.status();
      impl_->desk.tidings->Tell({std::move(event)});
      return exchanged.status();
    }
    sum.sent = exchanged->accepted_through > from ? exchanged->accepted_through - from : 0;
    sum.received += exchanged->received;
    if (progress) progress(sum);
    if (exchanged->quiet) break;
  }
  impl_->desk.tidings->Tell({Event()});
  return absl::OkStatus();
}

absl::Status Notebook::Rekey() {
  const std::shared_ptr<Rekeying>& rekeying = impl_->desk.rekeying;
  if (rekeying == nullptr) {
    return absl::FailedPreconditionError(
        "the platform keeps this device's key; it is replaced where it is kept");
  }
  return impl_->exchange->Rekey();
}

void Notebook::RunCourier() { impl_->courier->Run(); }
void Notebook::NudgeCourier() { impl_->courier->Nudge(); }

std::function<void()> Notebook::Hold(const sync::RecordId& id) {
  impl_->desk.held->Hold(id);
  return [held = impl_->desk.held, id, released = std::make_shared<std::atomic<bool>>(false)] {
    if (!released->exchange(true)) held->Release(id);
  };
}

std::function<void()> Notebook::Listen(std::function<void(const Event&)> listener) {
  return impl_->desk.tidings->Listen(std::move(listener));
}

const sync::Schema& Notebook::schema() const { return *impl_->desk.schema; }

}  // namespace sotay::sdk
