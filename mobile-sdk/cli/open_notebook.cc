#include "mobile-sdk/cli/open_notebook.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/link.h"  // Notebook::Open takes one, if only none
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

std::string MachineName() {
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "sotay";
  return name;
}

}  // namespace

absl::Status EnrollInto(const Invocation& run, const std::string& invitation,
                        const std::string& device_name) {
  const std::filesystem::path above = std::filesystem::path(run.dir).parent_path();
  std::error_code failed;
  if (!above.empty()) std::filesystem::create_directories(above, failed);
  if (failed) {
    return absl::UnknownError(
        absl::StrCat("cannot make directory ", above.string(), ": ", failed.message()));
  }
  return sdk::Notebook::Enroll(run.dir, invitation,
                               device_name.empty() ? MachineName() : device_name, run.surroundings);
}

absl::Status EnrollAgain(const Invocation& run, const std::string& invitation) {
  return sdk::Notebook::EnrollAgain(run.dir, invitation, run.surroundings);
}

absl::StatusOr<OpenNotebook> OpenFor(const Invocation& run) {
  OpenNotebook open;
  SOTAY_ASSIGN_OR_RETURN(open.schema, LoadSchema(run.schema_files));
  auto notebook = sdk::Notebook::Open(run.dir, open.schema, run.surroundings);
  if (notebook.status().code() == absl::StatusCode::kNotFound) {
    return absl::NotFoundError(absl::StrCat("there is no notebook in ", run.dir,
                                            "; make one with sotay enroll INVITATION"));
  }
  if (notebook.status().code() == absl::StatusCode::kFailedPrecondition) {
    // No rule refuses this, as the exit code for kFailedPrecondition would say.
    return absl::UnknownError(notebook.status().message());
  }
  if (!notebook.ok()) return notebook.status();
  open.notebook = *std::move(notebook);
  open.reader.schema = open.schema.get();
  open.reader.names = Names(open.notebook->directory());
  open.reader.voice = run.voice;
  open.reader.columns = run.streams.columns;
  return open;
}

absl::StatusOr<std::vector<sync::MergedRecord>> SignaturesHere(
    const OpenNotebook& open, const sync::RecordId& id, std::vector<sdk::RecordView>* apart) {
  SOTAY_ASSIGN_OR_RETURN(std::vector<sdk::RecordView> views, open.notebook->Signatures(id, apart));
  std::vector<sync::MergedRecord> records;
  for (sdk::RecordView& view : views) records.push_back(std::move(view.record));
  return records;
}

}  // namespace sotay::cli
