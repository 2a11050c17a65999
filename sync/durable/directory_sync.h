// Making names durable.  A file's own sync keeps its bytes; whether the directory still names
// the file after a power cut is decided by syncing the directory, which LevelDB 1.23 does only
// before it syncs a MANIFEST.
#pragma once

#include <functional>
#include <string>

#include "leveldb/status.h"

namespace sotay::durable {

// Returns once every name created in, renamed into or removed from `directory` so far will
// survive a power cut; else an IOError.  Called from any thread.
using DirectorySync = std::function<leveldb::Status(const std::string& directory)>;

// fsync of the directory itself (F_FULLFSYNC where the platform has it).
leveldb::Status SyncPosixDirectory(const std::string& directory);

// Does nothing, successfully: for a base Env that has no directories to lose, as LevelDB's
// memory Env.
leveldb::Status NoDirectorySync(const std::string& directory);

// The directory part of `path`; "." when it has none.
std::string DirectoryOf(const std::string& path);

}  // namespace sotay::durable
