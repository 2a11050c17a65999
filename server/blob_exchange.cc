#include "server/blob_exchange.h"

#include <utility>

#include "server/refusal.h"
#include "sotay/v1/record.pb.h"
#include "sync/attaching.h"
#include "sync/merged_record.h"
#include "sync/rights.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kHashBytes = 32;

absl::Status NoFile() { return NotFound("the file"); }

absl::Status CheckName(const v1::BlobName& name) {
  if (name.record_id().size() != sync::RecordId::kSize) {
    return Malformed("blob.record_id is not 16 bytes");
  }
  if (name.sha256().size() != kHashBytes) return Malformed("blob.sha256 is not 32 bytes");
  return absl::OkStatus();
}

// Whether the record was made on the device.
bool MadeOn(const sync::DeviceId& device, const std::string& bytes) {
  v1::Record record;
  if (!record.ParseFromString(bytes) ||
      record.birth() >= static_cast<uint32_t>(record.changes_size())) {
    return false;
  }
  return record.changes(static_cast<int>(record.birth())).device_id() == device.view();
}

}  // namespace

absl::StatusOr<Blobs::Wanted> BlobExchange::FileOf(const Caller& caller, const v1::BlobName& name,
                                                   const std::string& record) const {
  SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord merged,
                         sync::MergedRecord::Parse(schema_, record));
  const auto file = sync::FileOf(merged);
  if (!file.has_value() || file->sha256 != name.sha256()) return NoFile();
  return Blobs::Wanted{
      caller.device, {merged.dossier(), file->sha256}, file->size, caller.person->user.user_id()};
}

absl::StatusOr<bool> BlobExchange::IsMadeOn(const sync::DeviceId& device,
                                            const std::string& record) const {
  bool there = false;
  bool made = false;
  absl::Status status;
  const auto look = [&](const RecordPlace& place) {
    there = true;
    const auto maker = store_.LoadMaker(place);
    status.Update(ButDamage(maker.status()));
    made = maker.ok() && *maker == device;
    return false;
  };
  status.Update(ButDamage(store_.VisitRecords(record, look)));
  const auto stand_in = [&](const RecordPlace& place) {
    if (!there) status.Update(ButDamage(store_.LoadMaker(place).status()));
  };
  status.Update(ButDamage(store_.VisitStandIn(record, stand_in)));
  SOTAY_RETURN_IF_ERROR(status);
  return made;
}

absl::StatusOr<absl::optional<Blobs::Wanted>> BlobExchange::OwnOf(const Caller& caller,
                                                                  const v1::BlobName& name) const {
  SOTAY_RETURN_IF_ERROR(CheckName(name));
  absl::optional<Blobs::Wanted> own;
  // Whoever holds no post any more has nothing to hand in.
  if (caller.person->posts.empty()) return own;
  SOTAY_ASSIGN_OR_RETURN(const bool made, IsMadeOn(caller.device, name.record_id()));
  if (!made) return own;
  SOTAY_ASSIGN_OR_RETURN(const auto stored,
                         store_.LoadRecord(*sync::RecordId::From(name.record_id())));
  if (!stored.has_value() || !MadeOn(caller.device, stored->bytes)) return own;
  SOTAY_ASSIGN_OR_RETURN(own, FileOf(caller, name, stored->bytes));
  return own;
}

absl::StatusOr<Blobs::Wanted> BlobExchange::ToSend(const Caller& caller,
                                                   const v1::BlobName& name) const {
  SOTAY_ASSIGN_OR_RETURN(const auto own, OwnOf(caller, name));
  if (own.has_value()) return *own;
  Shown place;
  SOTAY_ASSIGN_OR_RETURN(Blobs::Wanted wanted, ToRead(caller, name, &place));
  const auto& rights = caller.person->rights;
  if (rights == nullptr || sync::AuthorityIn(*rights, place.unit) == 0) return NoFile();
  return wanted;
}

absl::StatusOr<Blobs::Wanted> BlobExchange::ToRead(const Caller& caller, const v1::BlobName& name,
                                                   Shown* place) const {
  SOTAY_RETURN_IF_ERROR(CheckName(name));
  const auto found = supervision_.Resolve(*caller.person, name.record_id(), place);
  if (absl::IsNotFound(found.status())) return NoFile();
  SOTAY_RETURN_IF_ERROR(found.status());
  return FileOf(caller, name, found->record());
}

absl::StatusOr<v1::AskBlobResponse> BlobExchange::AskBlob(const Caller& caller,
                                                          const v1::AskBlobRequest& request) const {
  SOTAY_ASSIGN_OR_RETURN(auto wanted, OwnOf(caller, request.blob()));
  if (!wanted.has_value()) {
    Shown place;
    SOTAY_ASSIGN_OR_RETURN(wanted, ToRead(caller, request.blob(), &place));
  }
  SOTAY_ASSIGN_OR_RETURN(const Blobs::Progress progress, blobs_.Ask(*wanted));
  v1::AskBlobResponse response;
  response.set_bytes(progress.bytes);
  response.set_whole(progress.whole);
  response.set_file_bytes_max(blobs_.limits().file_bytes_max);
  return response;
}

absl::StatusOr<v1::SendChunkResponse> BlobExchange::SendChunk(
    const Caller& caller, const v1::SendChunkRequest& request) const {
  SOTAY_ASSIGN_OR_RETURN(const Blobs::Wanted wanted, ToSend(caller, request.blob()));
  v1::SendChunkResponse response;
  SOTAY_ASSIGN_OR_RETURN(const uint64_t bytes,
                         blobs_.Send(wanted, {request.offset(), request.data(), request.sha256()}));
  response.set_bytes(bytes);
  return response;
}

absl::StatusOr<v1::FinishBlobResponse> BlobExchange::FinishBlob(
    const Caller& caller, const v1::FinishBlobRequest& request) const {
  SOTAY_ASSIGN_OR_RETURN(const Blobs::Wanted wanted, ToSend(caller, request.blob()));
  SOTAY_RETURN_IF_ERROR(blobs_.Finish(wanted));
  return v1::FinishBlobResponse();
}

absl::StatusOr<v1::ReadChunkResponse> BlobExchange::ReadChunk(const Caller& caller,
                                                              const v1::ReadChunkRequest& request,
                                                              ShownParts* shown) const {
  Shown place;
  SOTAY_ASSIGN_OR_RETURN(const Blobs::Wanted wanted, ToRead(caller, request.blob(), &place));
  const size_t bytes = request.bytes_max() == 0 || request.bytes_max() > kChunkBytesMax
                           ? kChunkBytesMax
                           : request.bytes_max();
  v1::ReadChunkResponse response;
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_data(),
                         blobs_.Read(wanted.place, request.offset(), bytes));
  const auto hash = seal::Sha256(response.data());
  response.set_sha256(hash.data(), hash.size());
  place.record = request.blob().record_id();
  place.count = 1;
  shown->push_back(std::move(place));
  return response;
}

}  // namespace sotay::server
