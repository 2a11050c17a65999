// What a backup and a restore do to files beside the stores themselves, through the same seam as
// these: of `files` the base Env, and how names are made durable.  Fails as the file system does.
// Any thread; one writer for a path.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace sotay::durable {
struct StoreOptions;
}  // namespace sotay::durable

namespace sotay::server {

// Names in a directory, but "." and "..".
absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory,
                                                 const durable::StoreOptions& files);
// Makes it, for its owner alone, where it is not there; its parent must be.
absl::Status MakeDirectory(const std::string& directory, const durable::StoreOptions& files);
// Gives the file the first free name of PATH.aside, PATH.aside2, …
absl::Status MoveAside(const std::string& path, const durable::StoreOptions& files);
// Gives a file or a directory another name, durably.
absl::Status Rename(const std::string& from, const std::string& to,
                    const durable::StoreOptions& files);
// Removes a directory and the files in it, if it is there.
absl::Status RemoveWithFiles(const std::string& directory, const durable::StoreOptions& files);

}  // namespace sotay::server
