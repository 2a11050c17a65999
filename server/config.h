// What an operator may set, with units and defaults: DATA/sotayd.toml, overruled by flags.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/offline_lease.h"

namespace sotay::server {

// Where backups go.
struct BackupConfig {
  // An existing directory, on another disk than the store.  Empty: there is no backup.
  std::string directory;
  // Seconds between two segments.
  int64_t every_s = 300;
};

// Files that attachments stand for.
struct FilesConfig {
  // The largest one taken, bytes.
  int64_t bytes_max = int64_t{64} << 20;
  // How many a device may have begun to send and not ended.
  int64_t unfinished_max = 8;
  // What is taken of one user on one day, bytes.
  int64_t day_bytes_max = int64_t{8} << 30;
  // What of the disk is left to the notes, bytes.
  int64_t free_bytes_min = int64_t{1} << 30;
};

struct Config {
  // Where to listen: host:port or [v6]:port; port 0 lets the system choose.
  std::string listen = "0.0.0.0:7443";
  // host:port under which phones reach this server; stands in every invitation.
  std::string address;
  // DNS names and IP addresses of the server's certificate.
  std::vector<std::string> names;
  // Descriptor sets (protoc --include_imports --descriptor_set_out) with record types of the
  // organisation's own, beside the built-in ones.
  std::vector<std::string> schemas;
  // A table of rights in place of the one compiled in (server/access.rules); empty: that one.
  std::string rules;
  // For how many days after a contact a phone shows what others wrote, 1 to 14; 0: without end.
  int64_t offline_days = sync::kOfflineDays;
  // debug, info, warning or error.
  std::string log_level = "info";
  BackupConfig backup;
  FilesConfig files;
};

// Files of a data directory.
std::string ConfigPath(const std::string& data);
std::string AuthorityPath(const std::string& data);
// The one that is to follow it, while it is replaced.
std::string NextAuthorityPath(const std::string& data);
// How it came to be the one there is, for a backup that is older.
std::string AuthoritiesPath(const std::string& data);
std::string StorePath(const std::string& data);
// Files that attachments stand for.
std::string BlobsPath(const std::string& data);
// Where a restore builds it.
std::string StorePartPath(const std::string& data);
std::string ServerKeyPath(const std::string& data);
std::string LogKeyPath(const std::string& data);
// The one that is to follow it, while the key is replaced.
std::string NextLogKeyPath(const std::string& data);
// How it came to be the key in force: handovers, for a backup that is older than they are.
std::string HandoversPath(const std::string& data);
std::string ServerCertificatePath(const std::string& data);
std::string FirstInvitationPath(const std::string& data);

// kNotFound when there is no data directory or no file in it; kInvalidArgument, with line and
// column, for what is not TOML, an unknown key, or a value of the wrong type.
absl::StatusOr<Config> LoadConfig(const std::string& data);
// Writes the file, whole or not at all.
absl::Status SaveConfig(const std::string& data, const Config& config);

// Host and port of "host:port" or "[v6]:port".  kInvalidArgument otherwise.
struct HostAndPort {
  std::string host;
  int port = 0;
};
absl::StatusOr<HostAndPort> SplitAddress(const std::string& address);

}  // namespace sotay::server
