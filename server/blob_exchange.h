// What BlobService answers: which file a call is about, whether it is the caller's to send or to
// fetch, and then the file itself (blobs.h).  Runs on the callers' threads; knows no transport.
// Thread-safe.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/blobs.h"
#include "server/directory.h"
#include "server/shown.h"
#include "server/store.h"
#include "server/supervision.h"
#include "sotay/v1/blob_service.pb.h"
#include "sync/schema.h"

namespace sotay::server {

class BlobExchange {
 public:
  // What it is given outlives it.
  BlobExchange(Store* store, const Supervision* supervision, const sync::Schema* schema,
               Blobs* blobs)
      : store_(*store), supervision_(*supervision), schema_(*schema), blobs_(*blobs) {}

  // Each fails as BlobService says; NOT_FOUND for what is not there as for what is not the
  // caller's.  A store that cannot be read is neither: then all are told that, whatever they ask.
  absl::StatusOr<v1::AskBlobResponse> AskBlob(const Caller& caller,
                                              const v1::AskBlobRequest& request) const;
  absl::StatusOr<v1::SendChunkResponse> SendChunk(const Caller& caller,
                                                  const v1::SendChunkRequest& request) const;
  absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const Caller& caller,
                                                    const v1::FinishBlobRequest& request) const;
  // What it shows is noted in `shown`.
  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const Caller& caller,
                                                  const v1::ReadChunkRequest& request,
                                                  ShownParts* shown) const;

 private:
  // The file the record stands for, when that is what the call says.
  absl::StatusOr<Blobs::Wanted> FileOf(const Caller& caller, const v1::BlobName& name,
                                       const std::string& record) const;
  // Whether it is there, and the device made it.  Of the record nothing is read, and for what is
  // not there the same is looked up of another, so that time does not tell that it is there.
  absl::StatusOr<bool> IsMadeOn(const sync::DeviceId& device, const std::string& record) const;
  // The file, when the caller's device made its record: it hands in what it has, also of a dossier
  // that is no longer theirs to read, and is told nothing but how far its own file is.
  absl::StatusOr<absl::optional<Blobs::Wanted>> OwnOf(const Caller& caller,
                                                      const v1::BlobName& name) const;
  absl::StatusOr<Blobs::Wanted> ToSend(const Caller& caller, const v1::BlobName& name) const;
  absl::StatusOr<Blobs::Wanted> ToRead(const Caller& caller, const v1::BlobName& name,
                                       Shown* place) const;

  Store& store_;
  const Supervision& supervision_;
  const sync::Schema& schema_;
  Blobs& blobs_;
};

}  // namespace sotay::server
