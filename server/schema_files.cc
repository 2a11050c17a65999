#include "server/schema_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "casework/v1/assignment.pb.h"
#include "casework/v1/attachment.pb.h"
#include "casework/v1/case.pb.h"
#include "casework/v1/comment.pb.h"
#include "casework/v1/deadline.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "casework/v1/note.pb.h"
#include "casework/v1/sign_off.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kDescriptorBytesMax = size_t{16} << 20;

}  // namespace

absl::StatusOr<std::shared_ptr<const sync::Schema>> LoadSchema(
    const std::vector<std::string>& descriptor_files) {
  std::vector<google::protobuf::FileDescriptorSet> sets;
  for (const std::string& path : descriptor_files) {
    SOTAY_ASSIGN_OR_RETURN(const std::string bytes, seal::ReadWholeFile(path, kDescriptorBytesMax));
    if (!sets.emplace_back().ParseFromString(bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat(path,
                       ": not a descriptor set; make it with protoc --include_imports "
                       "--descriptor_set_out"));
    }
  }
  return sync::Schema::Build(
      {
          casework::v1::Case::descriptor()->file(),
          casework::v1::Inspection::descriptor()->file(),
          casework::v1::Note::descriptor()->file(),
          casework::v1::Finding::descriptor()->file(),
          casework::v1::LegalAction::descriptor()->file(),
          casework::v1::Comment::descriptor()->file(),
          casework::v1::Deadline::descriptor()->file(),
          casework::v1::SignOff::descriptor()->file(),
          casework::v1::Assignment::descriptor()->file(),
          casework::v1::Attachment::descriptor()->file(),
      },
      sets);
}

}  // namespace sotay::server
