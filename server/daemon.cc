#include "server/daemon.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/access_log.h"
#include "server/access_reading.h"
#include "server/access_rules.h"
#include "server/access_service.h"
#include "server/admin_service.h"
#include "server/authorities.h"
#include "server/backup.h"
#include "server/blob_service.h"
#include "server/blobs.h"
#include "server/certificate_service.h"
#include "server/directory.h"
#include "server/dossier_service.h"
#include "server/duplicate_service.h"
#include "server/duplicates.h"
#include "server/enrolment_service.h"
#include "server/event_log.h"
#include "server/exchange.h"
#include "server/founding.h"
#include "server/hub.h"
#include "server/lineage.h"
#include "server/lineage_service.h"
#include "server/log_handover.h"
#include "server/organisation_service.h"
#include "server/posts.h"
#include "server/purge.h"
#include "server/quarantine_service.h"
#include "server/reader_pool.h"
#include "server/rpc_count.h"
#include "server/rules_noted.h"
#include "server/schema_files.h"
#include "server/secrecy_service.h"
#include "server/store.h"
#include "server/supervision.h"
#include "server/supervision_service.h"
#include "server/sync_service.h"
#include "server/tally.h"
#include "server/tally_service.h"
#include "server/transport_log.h"
#include "server/watchers.h"
#include "server/watermark.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Memory gRPC may use for messages on their way; one message may be 2.5 MB: a push of 1 MiB that
// did not pack, with room for cursors.
constexpr size_t kQuotaBytes = size_t{256} << 20;
constexpr int kQuotaThreads = 32;
constexpr int kReceiveBytesMax = 2'621'440;
constexpr int kReaderThreads = 2;
constexpr size_t kReadingsMax = 4'096;
// Of files: one takes a piece while another verifies a whole one.  What waits is a mebibyte each.
constexpr int kFileThreads = 2;
constexpr size_t kPiecesMax = 32;
constexpr absl::Duration kDrainMax = absl::Seconds(20);
constexpr std::chrono::seconds kLastCallsMax(5);
constexpr std::chrono::seconds kNoTime(0);

constexpr const char* kServices[] = {
    "sotay.v1.SyncService",         "sotay.v1.SupervisionService", "sotay.v1.AdminService",
    "sotay.v1.EnrolmentService",    "sotay.v1.AccessService",      "sotay.v1.LineageService",
    "sotay.v1.OrganisationService", "sotay.v1.DuplicateService",   "sotay.v1.QuarantineService",
    "sotay.v1.DossierService",      "sotay.v1.CertificateService", "sotay.v1.SecrecyService",
    "sotay.v1.BlobService",         "sotay.v1.TallyService"};

// Whether a service does nothing that has to be written; a certificate is renewed without it, only
// a new key is not taken then.
bool OnlyReads(absl::string_view service) {
  return service == "sotay.v1.SupervisionService" || service == "sotay.v1.AccessService" ||
         service == "sotay.v1.LineageService" || service == "sotay.v1.DuplicateService" ||
         service == "sotay.v1.CertificateService" || service == "sotay.v1.TallyService";
}

// Why each: reliability rests on strangers being cut early and on no peer being able to hold
// more than its share.
void SetLimits(grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("sotayd");
  quota.Resize(kQuotaBytes);
  quota.SetMaxThreads(kQuotaThreads);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(kReceiveBytesMax);
  // A compressed message is unpacked before it is measured; ours are packed inside (packed.h).
  builder->AddChannelArgument(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 4'096);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 5'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 30'000);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 5 * 60'000);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 60 * 60'000);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 30'000);
  // Two servers on one port would be two stores.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const ServerIdentity& identity,
                                                       const Authorities& authorities) {
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = authorities.RootsPem();
  options.pem_key_cert_pairs.push_back({identity.key_pem, identity.certificate_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace

// In order of building; destroyed the other way round.
struct Daemon::Parts {
  std::function<int64_t()> now_ms;
  std::shared_ptr<const sync::Schema> schema;
  std::unique_ptr<Blobs> blobs;
  std::unique_ptr<Store> store;
  std::unique_ptr<Directory> directory;
  absl::optional<Authorities> authorities;
  std::unique_ptr<Watchers> watchers;
  std::unique_ptr<Hub> hub;
  std::unique_ptr<AccessLog> access_log;
  std::unique_ptr<ReaderPool> readers;
  std::unique_ptr<ReaderPool> file_writers;
  std::unique_ptr<Notary> notary;
  std::unique_ptr<Lineage> lineage;
  Watermark watermark;
  std::unique_ptr<Backup> backup;  // null: there is none
  std::unique_ptr<Exchange> exchange;
  std::unique_ptr<Supervision> supervision;
  std::unique_ptr<Evidence> evidence;
  std::unique_ptr<AccessReading> access_reading;
  std::unique_ptr<Duplicates> duplicates;
  std::unique_ptr<Tally> tally;
  std::unique_ptr<SyncService> sync_service;
  std::unique_ptr<SupervisionService> supervision_service;
  std::unique_ptr<AdminService> admin_service;
  std::unique_ptr<EnrolmentService> enrolment_service;
  std::unique_ptr<CertificateService> certificate_service;
  std::unique_ptr<AccessService> access_service;
  std::unique_ptr<DuplicateService> duplicate_service;
  std::unique_ptr<TallyService> tally_service;
  std::unique_ptr<LineageService> lineage_service;
  std::unique_ptr<QuarantineService> quarantine_service;
  std::unique_ptr<OrganisationService> organisation_service;
  std::unique_ptr<DossierService> dossier_service;
  std::unique_ptr<SecrecyService> secrecy_service;
  std::unique_ptr<BlobExchange> blob_exchange;
  std::unique_ptr<BlobService> blob_service;
  RpcCount calls;
  std::unique_ptr<grpc::Server> server;

  // Writing is over until the next start; reading goes on.
  void StopWriting() const {
    grpc::HealthCheckServiceInterface* health =
        server != nullptr ? server->GetHealthCheckService() : nullptr;
    if (health == nullptr) return;
    for (const char* service : kServices) {
      health->SetServingStatus(service, OnlyReads(service));
    }
    health->SetServingStatus("", false);
  }
};

void RefuseTls12() { setenv("GRPC_SSL_CIPHER_SUITES", "ECDHE-RSA-AES128-GCM-SHA256", 1); }

Daemon::Daemon() : parts_(std::make_unique<Parts>()) {}

Daemon::~Daemon() { Drain(); }

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(DaemonOptions options) {
  RefuseTls12();
  TakeTransportLog();
  std::unique_ptr<Daemon> daemon(new Daemon());
  SOTAY_RETURN_IF_ERROR(daemon->Build(std::move(options)));
  return daemon;
}

absl::Status Daemon::Build(DaemonOptions options) {
  Parts& p = *parts_;
  p.now_ms = options.now_ms ? options.now_ms : [] { return absl::ToUnixMillis(absl::Now()); };
  SOTAY_RETURN_IF_ERROR(SetLeastSeverity(options.config.log_level));
  SOTAY_ASSIGN_OR_RETURN(p.schema, LoadSchema(options.config.schemas));
  SOTAY_ASSIGN_OR_RETURN(
      p.store, Store::Open(StorePath(options.data), durable::StoreOptions(), p.schema.get()));
  SOTAY_ASSIGN_OR_RETURN(p.authorities, OpenAuthorities(options.data, p.store.get()));
  SayWhoIsTrusted(options.data, *p.authorities);
  BlobLimits limits;
  limits.file_bytes_max = static_cast<uint64_t>(options.config.files.bytes_max);
  limits.unfinished_max = static_cast<size_t>(options.config.files.unfinished_max);
  limits.day_bytes_max = static_cast<uint64_t>(options.config.files.day_bytes_max);
  limits.free_bytes_min = static_cast<uint64_t>(options.config.files.free_bytes_min);
  SOTAY_ASSIGN_OR_RETURN(
      p.blobs, Blobs::Open(BlobsPath(options.data), durable::StoreOptions(), limits, p.now_ms));
  p.store->set_blobs(p.blobs.get());
  // The trace of a power cut.  Nothing promised was in it, but the operator is told.
  for (const durable::TailCut& cut : p.store->tail_cuts()) {
    Say(Severity::kWarning, "log_cut",
        {{"log", cut.log},
         {"bytes_before", cut.bytes_before},
         {"bytes_after", cut.bytes_after},
         {"copy", cut.copy}});
  }
  // Before anybody reads it: an act may have been said just before a crash.
  SOTAY_RETURN_IF_ERROR(FinishPurges(p.store.get(), /*restored=*/false));
  // Of its files nobody reads through us; what cannot be done now the hub goes on with.
  const absl::Status swept = FinishSweeps(p.store.get());
  if (!swept.ok() && (!absl::IsUnavailable(swept) || p.store->read_only())) return swept;
  if (!swept.ok())
    Say(Severity::kWarning, "secrets_not_swept", {{"message", std::string(swept.message())}});
  SOTAY_ASSIGN_OR_RETURN(Tables tables, p.store->LoadTables());
  const absl::Status told = p.store->LoadSubmissions(&tables);
  if (!told.ok() && !absl::IsDataLoss(told)) return told;
  if (!told.ok()) Say(Severity::kError, "quarantine_damaged", {{"message", told.ToString()}});
  SOTAY_ASSIGN_OR_RETURN(AccessRules rules,
                         LoadAccessRules(options.config.rules, *p.schema, sync::DayOf(p.now_ms())));
  Say(Severity::kInfo, "rules", {{"source", rules.source}, {"version", rules.matrix->version()}});
  // Where it cannot be noted it holds all the same, and the store says why it takes nothing.
  if (const absl::Status noted = NoteRules(p.store.get(), rules, p.now_ms(), &tables); !noted.ok())
    Say(Severity::kWarning, "rules_not_noted", {{"message", std::string(noted.message())}});
  SOTAY_ASSIGN_OR_RETURN(p.directory,
                         Directory::From(std::move(tables), std::move(rules), p.now_ms()));
  for (const v1::Post& post : PostsInUnknownFields(*p.directory, p.now_ms())) {
    Say(Severity::kWarning, "post_field_unknown",
        {{"user", post.user_id()},
         {"number", post.number()},
         {"fields", absl::StrJoin(post.fields_of_work(), ",")}});
  }
  p.watchers = std::make_unique<Watchers>(p.directory.get());
  HubOptions hub;
  hub.now_ms = p.now_ms;
  hub.failed = [&p](const absl::Status& status) {
    const bool damaged = absl::IsDataLoss(status) && !p.store->read_only();
    Say(Severity::kError, damaged ? "store_damaged" : "store_failed",
        {{"message", std::string(status.message())}});
    if (!damaged) p.StopWriting();
  };
  p.hub = std::make_unique<Hub>(p.store.get(), p.directory.get(), p.schema.get(), p.watchers.get(),
                                std::move(hub));
  p.access_log = std::make_unique<AccessLog>(p.store.get(), p.hub.get(), p.now_ms);
  p.readers = std::make_unique<ReaderPool>(kReaderThreads, kReadingsMax);
  p.file_writers = std::make_unique<ReaderPool>(kFileThreads, kPiecesMax);
  SOTAY_ASSIGN_OR_RETURN(const LogKeyring ring, OpenLogKey(options.data, p.store.get()));
  const seal::SigningKey& log_key = ring.key;
  p.notary = std::make_unique<Notary>(p.directory.get(), p.store.get(), log_key, ring.keys);
  p.lineage = std::make_unique<Lineage>(p.directory.get(), p.store.get(), p.notary.get(), log_key);
  if (options.config.backup.directory.empty()) {
    Say(Severity::kWarning, "no_backup", {{"message", "sotayd.toml names no [backup] directory"}});
  } else {
    p.backup = std::make_unique<Backup>(
        p.store.get(), &p.watermark, log_key,
        BackupOptions{options.config.backup.directory, options.config.backup.every_s, p.now_ms},
        durable::StoreOptions());
  }
  p.exchange = std::make_unique<Exchange>(p.directory.get(), p.store.get(), p.notary.get(),
                                          p.backup != nullptr ? &p.watermark : nullptr);
  p.exchange->set_offline_days(static_cast<uint32_t>(options.config.offline_days));
  p.supervision = std::make_unique<Supervision>(p.directory.get(), p.store.get(), p.schema.get());
  p.evidence = std::make_unique<Evidence>(p.directory.get(), p.store.get(), p.notary.get(),
                                          p.supervision.get());
  p.sync_service = std::make_unique<SyncService>(p.directory.get(), p.exchange.get(), p.hub.get(),
                                                 p.watchers.get(), p.supervision.get(),
                                                 p.access_log.get(), p.readers.get(), p.now_ms);
  p.supervision_service =
      std::make_unique<SupervisionService>(p.directory.get(), p.supervision.get(), p.evidence.get(),
                                           p.access_log.get(), p.readers.get(), p.now_ms);
  p.admin_service = std::make_unique<AdminService>(
      p.directory.get(), p.hub.get(), &p.authorities->serving, options.config.address, p.now_ms);
  p.organisation_service =
      std::make_unique<OrganisationService>(p.directory.get(), p.hub.get(), p.now_ms);
  p.access_reading = std::make_unique<AccessReading>(p.directory.get(), p.store.get(),
                                                     p.supervision.get(), p.schema.get());
  p.access_service = std::make_unique<AccessService>(
      p.directory.get(), p.access_log.get(), p.access_reading.get(), p.readers.get(), p.now_ms);
  SOTAY_ASSIGN_OR_RETURN(p.duplicates,
                         Duplicates::Make(p.directory.get(), p.store.get(), p.schema.get()));
  p.duplicate_service = std::make_unique<DuplicateService>(
      p.directory.get(), p.access_log.get(), p.duplicates.get(), p.readers.get(), p.now_ms);
  SOTAY_ASSIGN_OR_RETURN(
      p.tally, Tally::Make(p.directory.get(), p.store.get(), p.schema.get(), p.supervision.get()));
  p.tally_service = std::make_unique<TallyService>(p.directory.get(), p.access_log.get(),
                                                   p.tally.get(), p.readers.get(), p.now_ms);
  p.quarantine_service =
      std::make_unique<QuarantineService>(p.directory.get(), p.hub.get(), p.now_ms);
  p.dossier_service =
      std::make_unique<DossierService>(p.directory.get(), p.store.get(), p.hub.get(),
                                       p.access_log.get(), p.readers.get(), p.now_ms, [&p] {
                                         if (p.backup != nullptr) p.backup->Hurry();
                                       });
  p.secrecy_service = std::make_unique<SecrecyService>(
      p.directory.get(), p.store.get(), p.hub.get(), p.access_log.get(), p.readers.get(), p.now_ms,
      [&p] {
        if (p.backup != nullptr) p.backup->Hurry();
      },
      options.config.backup.directory);
  p.blob_exchange = std::make_unique<BlobExchange>(p.store.get(), p.supervision.get(),
                                                   p.schema.get(), p.blobs.get());
  p.blob_service =
      std::make_unique<BlobService>(p.directory.get(), p.blob_exchange.get(), p.access_log.get(),
                                    p.readers.get(), p.file_writers.get(), p.now_ms);
  p.enrolment_service = std::make_unique<EnrolmentService>(p.hub.get(), &*p.authorities);
  AuthorityTeller teller(&*p.authorities, p.directory->meta().organisation_id(), log_key,
                         &p.notary->keys());
  p.certificate_service =
      std::make_unique<CertificateService>(p.directory.get(), p.hub.get(), &*p.authorities,
                                           std::move(teller), p.readers.get(), p.now_ms);
  p.lineage_service = std::make_unique<LineageService>(p.directory.get(), p.lineage.get(),
                                                       p.readers.get(), p.now_ms);
  return Listen(options);
}

absl::Status Daemon::Listen(const DaemonOptions& options) {
  Parts& p = *parts_;
  SOTAY_ASSIGN_OR_RETURN(const HostAndPort where, SplitAddress(options.config.listen));
  SOTAY_ASSIGN_OR_RETURN(
      const ServerIdentity identity,
      OpenServerIdentity(options.data, p.authorities->serving, options.config.names, p.now_ms()));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  SetLimits(&builder);
  p.calls.CountCallsOf(&builder);
  builder.AddListeningPort(options.config.listen, CredentialsOf(identity, *p.authorities), &port_);
  builder.RegisterService(p.sync_service.get());
  builder.RegisterService(p.supervision_service.get());
  builder.RegisterService(p.admin_service.get());
  builder.RegisterService(p.enrolment_service.get());
  builder.RegisterService(p.certificate_service.get());
  builder.RegisterService(p.access_service.get());
  builder.RegisterService(p.duplicate_service.get());
  builder.RegisterService(p.tally_service.get());
  builder.RegisterService(p.lineage_service.get());
  builder.RegisterService(p.quarantine_service.get());
  builder.RegisterService(p.organisation_service.get());
  builder.RegisterService(p.dossier_service.get());
  builder.RegisterService(p.secrecy_service.get());
  builder.RegisterService(p.blob_service.get());
  p.server = builder.BuildAndStart();
  if (p.server == nullptr || port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.config.listen,
                                               "; is the port taken, or not ours to take?"));
  }
  host_ = where.host;
  p.hub->Start();
  if (p.backup != nullptr) p.backup->Start();
  grpc::HealthCheckServiceInterface* const health = p.server->GetHealthCheckService();
  for (const char* service : kServices) health->SetServingStatus(service, true);
  Say(Severity::kInfo, "listening", {{"host", host_}, {"port", port_}});
  return absl::OkStatus();
}

void Daemon::Tick() {
  parts_->directory->TurnTo(parts_->now_ms());
  parts_->watchers->Tick(parts_->now_ms());
  parts_->access_log->Tick();
  parts_->blobs->Sweep();
}

void Daemon::Drain() {
  Parts& p = *parts_;
  const bool served = p.server != nullptr;
  if (served) {
    Say(Severity::kInfo, "stopping", {{"watches", p.watchers->size()}});
    p.server->GetHealthCheckService()->SetServingStatus(false);
    p.watchers->EndAll();
    // What comes meanwhile is served.  A server that is never quiet is stopped all the same: then
    // it takes nothing new, and what has still not ended is cut; a phone asks again.
    const bool quiet = p.calls.WaitForNone(kDrainMax);
    p.server->Shutdown(std::chrono::system_clock::now() + (quiet ? kNoTime : kLastCallsMax));
    p.server->Wait();
  }
  // In this order: what the hub has taken is answered by the readers.
  if (p.hub != nullptr) p.hub->Drain();
  p.file_writers.reset();
  p.readers.reset();
  if (p.access_log != nullptr) p.access_log->Close();
  p.server.reset();
  p.hub.reset();
  if (p.backup != nullptr && served) p.backup->Drain();
  p.backup.reset();
  if (p.store != nullptr) {
    p.store.reset();
    Say(Severity::kInfo, "stopped");
  }
}

}  // namespace sotay::server
