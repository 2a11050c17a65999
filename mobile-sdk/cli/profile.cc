#include "mobile-sdk/cli/profile.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/open_notebook.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr size_t kAddressBytesMax = 1024;  // a host name has at most 253

absl::StatusOr<std::string> ServerOf(const Invocation& run) {
  const std::string path = absl::StrCat(run.dir, "/server");
  const absl::StatusOr<std::string> written = seal::ReadWholeFile(path, kAddressBytesMax);
  if (written.ok()) return std::string(absl::StripAsciiWhitespace(*written));
  if (written.status().code() != absl::StatusCode::kNotFound) return written.status();
  SOTAY_ASSIGN_OR_RETURN(const OpenNotebook open, OpenFor(run));
  SOTAY_ASSIGN_OR_RETURN(const sdk::Status status, open.notebook->GetStatus());
  SOTAY_RETURN_IF_ERROR(seal::WriteWholeFile(path, absl::StrCat(status.server, "\n"), 0600));
  return status.server;
}

}  // namespace

absl::StatusOr<Profile> OpenProfile(const Invocation& run) {
  Profile profile;
  auto vault = sdk::Vault::Open(run.dir);
  if (vault.status().code() == absl::StatusCode::kNotFound) {
    return absl::NotFoundError(absl::StrCat("there is no profile in ", run.dir,
                                            "; make one with sotayctl enroll INVITATION"));
  }
  if (!vault.ok()) return vault.status();
  profile.vault = *std::move(vault);
  SOTAY_ASSIGN_OR_RETURN(profile.server, ServerOf(run));
  return profile;
}

}  // namespace sotay::cli
