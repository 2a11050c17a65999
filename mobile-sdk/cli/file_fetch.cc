#include "mobile-sdk/cli/file_fetch.h"

#include "mobile-sdk/cli/asked_again.h"
#include "sync/seal/hasher.h"
#include "sync/status_macros.h"

namespace sotay::cli {

absl::Status FetchFile(const ChunkReader& read, const sync::RecordId& attachment,
                       const sync::AttachedFile& file, const sdk::FileSink& sink,
                       const std::function<void(const sdk::FileProgress&)>& progress) {
  seal::Hasher whole;
  v1::ReadChunkRequest request;
  request.mutable_blob()->set_record_id(attachment.str());
  request.mutable_blob()->set_sha256(file.sha256);
  for (uint64_t offset = 0; offset < file.size;) {
    request.set_offset(offset);
    SOTAY_ASSIGN_OR_RETURN(const v1::ReadChunkResponse piece,
                           AskedAgain([&] { return read(request); }));
    if (piece.data().empty() || piece.data().size() > file.size - offset) {
      return absl::DataLossError("the server's file is not as long as its attachment says");
    }
    whole.Add(piece.data());
    SOTAY_RETURN_IF_ERROR(sink(piece.data()));
    offset += piece.data().size();
    progress({attachment, offset, file.size, false, piece.data().size()});
  }
  const auto hash = whole.Finish();
  if (std::string(hash.begin(), hash.end()) == file.sha256) return absl::OkStatus();
  return absl::DataLossError("what came is not the file its attachment names; nothing was kept");
}

}  // namespace sotay::cli
