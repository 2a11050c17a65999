#include "server/store_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "leveldb/env.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

leveldb::Env* BaseOf(const durable::StoreOptions& files) {
  return files.base != nullptr ? files.base : leveldb::Env::Default();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory,
                                                 const durable::StoreOptions& files) {
  std::vector<std::string> names;
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(BaseOf(files)->GetChildren(directory, &names)));
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) { return name == "." || name == ".."; }),
              names.end());
  return names;
}

absl::Status MakeDirectory(const std::string& directory, const durable::StoreOptions& files) {
  if (BaseOf(files)->FileExists(directory)) return absl::OkStatus();
  durable::DurableEnv env(BaseOf(files), files.sync_directory);
  SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(env.CreateDir(directory)));
  if (files.base == nullptr && chmod(directory.c_str(), 0700) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("closing ", directory, " to others"));
  }
  return absl::OkStatus();
}

absl::Status MoveAside(const std::string& path, const durable::StoreOptions& files) {
  std::string aside = absl::StrCat(path, ".aside");
  for (int i = 2; BaseOf(files)->FileExists(aside); ++i) aside = absl::StrCat(path, ".aside", i);
  return Rename(path, aside, files);
}

absl::Status Rename(const std::string& from, const std::string& to,
                    const durable::StoreOptions& files) {
  durable::DurableEnv env(BaseOf(files), files.sync_directory);
  return durable::FromLevelDb(env.RenameFile(from, to));
}

absl::Status RemoveWithFiles(const std::string& directory, const durable::StoreOptions& files) {
  leveldb::Env* const env = BaseOf(files);
  const auto names = NamesIn(directory, files);
  if (!names.ok() && !env->FileExists(directory)) return absl::OkStatus();
  SOTAY_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    SOTAY_RETURN_IF_ERROR(
        durable::FromLevelDb(env->RemoveFile(absl::StrCat(directory, "/", name))));
  }
  return durable::FromLevelDb(env->RemoveDir(directory));
}

}  // namespace sotay::server
