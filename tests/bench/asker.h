// Somebody with a device who asks a server, one call after the other, and looks at nothing but the
// answer's status.  One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sotay/v1/access_service.grpc.pb.h"
#include "sotay/v1/blob_service.grpc.pb.h"
#include "sotay/v1/dossier_service.grpc.pb.h"
#include "sotay/v1/quarantine_service.grpc.pb.h"
#include "sotay/v1/secrecy_service.grpc.pb.h"
#include "sotay/v1/supervision_service.grpc.pb.h"
#include "sotay/v1/sync_service.grpc.pb.h"
#include "tests/bench/caller.h"
#include "tests/bench/office.h"

namespace sotay::bench {

class Asker {
 public:
  // A new user of the unit.
  static absl::StatusOr<Asker> Enrol(Office* office, const std::string& user,
                                     const std::string& unit, options::v1::Role role);
  // The same with a post in one field of work.
  static absl::StatusOr<Asker> Enrol(Office* office, const std::string& user,
                                     const std::string& unit, v1::Capacity capacity,
                                     const std::string& field_of_work);

  // The hash of the file that the calls about files ask for.
  static std::string FileHash();

  // Whatever takes the id of a record.
  grpc::Status GetRecord(const std::string& id) const;
  grpc::Status ListRecordHistory(const std::string& id) const;
  grpc::Status ProveRecord(const std::string& id) const;
  grpc::Status ListAccess(const std::string& id) const;
  grpc::Status RestrictDossier(const std::string& id) const;
  grpc::Status OpenDossier(const std::string& id) const;
  grpc::Status SealDossier(const std::string& id) const;
  grpc::Status AskBlob(const std::string& id) const;
  grpc::Status SendChunk(const std::string& id) const;
  grpc::Status FinishBlob(const std::string& id) const;
  grpc::Status ReadChunk(const std::string& id) const;
  // … of a dossier that proved to be secret.
  grpc::Status ListHolders(const std::string& id) const;
  grpc::Status Destroy(const std::string& id) const;
  // … of a unit.
  grpc::Status ListRecordsOf(const std::string& unit) const;
  // … of a refused change.
  grpc::Status TakeIn(const v1::RefusedChange& change) const;
  grpc::Status Dismiss(const v1::RefusedChange& change) const;

  // Says that a dossier is for these people alone; gives its id.
  absl::StatusOr<std::string> Restrict(const std::string& record,
                                       const std::vector<std::string>& people) const;
  absl::StatusOr<std::vector<v1::RefusedChange>> ListQuarantine() const;

 private:
  explicit Asker(const std::shared_ptr<grpc::Channel>& channel);

  std::unique_ptr<v1::SupervisionService::Stub> supervision_;
  std::unique_ptr<v1::SyncService::Stub> sync_;
  std::unique_ptr<v1::DossierService::Stub> dossiers_;
  std::unique_ptr<v1::QuarantineService::Stub> quarantine_;
  std::unique_ptr<v1::AccessService::Stub> access_;
  std::unique_ptr<v1::SecrecyService::Stub> secrecy_;
  std::unique_ptr<v1::BlobService::Stub> blobs_;
};

}  // namespace sotay::bench
