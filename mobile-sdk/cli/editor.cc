#include "mobile-sdk/cli/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sync/limits.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr char kBegin[] = "edit-";
constexpr char kEnd[] = ".txt";

std::string Editor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* editor = std::getenv(name);
    if (editor != nullptr && *editor != '\0') return editor;
  }
  return "vi";
}

// Removes the file on every way out.
struct Removed {
  std::string path;
  ~Removed() { unlink(path.c_str()); }
};

absl::Status RunEditor(const std::string& path) {
  const std::string editor = Editor();
  const std::string script = absl::StrCat(editor, " \"$1\"");  // $EDITOR may hold options
  const pid_t child = fork();
  if (child < 0) return absl::ErrnoToStatus(errno, "starting the editor");
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", script.c_str(), "sotay", path.c_str(), nullptr);
    _exit(127);
  }
  int ended = 0;
  while (waitpid(child, &ended, 0) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "waiting for the editor");
  }
  if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("editor ", editor, " did not end well; nothing was changed (set $EDITOR)"));
}

}  // namespace

absl::StatusOr<std::string> EditText(const std::string& dir, absl::string_view text) {
  std::string path = absl::StrCat(dir, "/", kBegin, "XXXXXX", kEnd);
  const int fd = mkstemps(path.data(), 4);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("making ", path));
  const Removed removed{path};
  close(fd);
  SOTAY_RETURN_IF_ERROR(
      seal::WriteWholeFile(path, text.empty() ? "" : absl::StrCat(text, "\n"), 0600));
  SOTAY_RETURN_IF_ERROR(RunEditor(path));
  SOTAY_ASSIGN_OR_RETURN(std::string edited, seal::ReadWholeFile(path, sync::kTextBytesMax));
  if (absl::EndsWith(edited, "\n")) edited.pop_back();  // the one an editor puts at the end
  return edited;
}

std::vector<std::string> InterruptedEdits(const std::string& dir) {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& file : std::filesystem::directory_iterator(dir, failed)) {
    const std::string name = file.path().filename().string();
    if (absl::StartsWith(name, kBegin) && absl::EndsWith(name, kEnd)) {
      paths.push_back(file.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace sotay::cli
