#include "server/config.h"

#include <toml++/toml.h>

#include <set>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/offline_lease.h"
#include "sync/seal/whole_file.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr size_t kConfigBytesMax = 256 * 1024;
constexpr int64_t kBackupEverySMax = 86'400;
// A long recording.
constexpr int64_t kFileBytesMax = int64_t{1} << 30;
constexpr int64_t kUnfinishedMax = 1'000;
// As much as the largest disk.
constexpr int64_t kDiskBytesMax = int64_t{1} << 50;

absl::Status At(const std::string& path, const toml::source_region& where,
                absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":", where.begin.line, ":", where.begin.column, ": ", message));
}

absl::Status ReadText(const std::string& path, const toml::node& node, absl::string_view key,
                      std::string* out) {
  const auto* text = node.as_string();
  if (text == nullptr) return At(path, node.source(), absl::StrCat(key, " is a text in quotes"));
  *out = text->get();
  return absl::OkStatus();
}

absl::Status ReadTexts(const std::string& path, const toml::node& node, absl::string_view key,
                       std::vector<std::string>* out) {
  const auto* list = node.as_array();
  if (list == nullptr) return At(path, node.source(), absl::StrCat(key, " is a list of texts"));
  for (const toml::node& entry : *list) {
    SOTAY_RETURN_IF_ERROR(ReadText(path, entry, key, &out->emplace_back()));
  }
  return absl::OkStatus();
}

absl::Status ReadBackup(const std::string& path, const toml::node& node, BackupConfig* out) {
  const auto* table = node.as_table();
  if (table == nullptr) return At(path, node.source(), "backup is a table: [backup]");
  for (const auto& [key, value] : *table) {
    const absl::string_view name(key.str().data(), key.str().size());
    if (name == "directory") {
      SOTAY_RETURN_IF_ERROR(ReadText(path, value, "backup.directory", &out->directory));
    } else if (name == "every_s") {
      const auto* number = value.as_integer();
      if (number == nullptr || number->get() < 1 || number->get() > kBackupEverySMax) {
        return At(path, value.source(),
                  absl::StrCat("backup.every_s is a number from 1 to ", kBackupEverySMax));
      }
      out->every_s = number->get();
    } else {
      return At(path, key.source(),
                absl::StrCat("unknown key backup.", name, "; known are directory, every_s"));
    }
  }
  if (!out->directory.empty()) return absl::OkStatus();
  return At(path, node.source(),
            "backup.directory is missing; without a backup leave [backup] out");
}

absl::Status ReadNumber(const std::string& path, const toml::node& node, absl::string_view key,
                        int64_t max, int64_t* out) {
  const auto* number = node.as_integer();
  if (number == nullptr || number->get() < 1 || number->get() > max) {
    return At(path, node.source(), absl::StrCat(key, " is a number from 1 to ", max));
  }
  *out = number->get();
  return absl::OkStatus();
}

absl::Status ReadOfflineDays(const std::string& path, const toml::node& node, int64_t* out) {
  const auto* number = node.as_integer();
  if (number == nullptr || number->get() < 0 || number->get() > sync::kOfflineDaysMax) {
    return At(path, node.source(),
              absl::StrCat("offline_days is a number from 1 to ", sync::kOfflineDaysMax,
                           ", or 0: phones are read without end"));
  }
  *out = number->get();
  return absl::OkStatus();
}

absl::Status ReadFiles(const std::string& path, const toml::node& node, FilesConfig* out) {
  const auto* table = node.as_table();
  if (table == nullptr) return At(path, node.source(), "files is a table: [files]");
  for (const auto& [key, value] : *table) {
    const absl::string_view name(key.str().data(), key.str().size());
    absl::Status read;
    if (name == "bytes_max") {
      read = ReadNumber(path, value, "files.bytes_max", kFileBytesMax, &out->bytes_max);
    } else if (name == "unfinished_max") {
      read = ReadNumber(path, value, "files.unfinished_max", kUnfinishedMax, &out->unfinished_max);
    } else if (name == "day_bytes_max") {
      read = ReadNumber(path, value, "files.day_bytes_max", kDiskBytesMax, &out->day_bytes_max);
    } else if (name == "free_bytes_min") {
      read = ReadNumber(path, value, "files.free_bytes_min", kDiskBytesMax, &out->free_bytes_min);
    } else {
      read = At(path, key.source(),
                absl::StrCat("unknown key files.", name,
                             "; known are bytes_max, unfinished_max, day_bytes_max, "
                             "free_bytes_min"));
    }
    SOTAY_RETURN_IF_ERROR(read);
  }
  return absl::OkStatus();
}

}  // namespace

std::string ConfigPath(const std::string& data) { return absl::StrCat(data, "/sotayd.toml"); }
std::string AuthorityPath(const std::string& data) { return absl::StrCat(data, "/ca"); }
std::string NextAuthorityPath(const std::string& data) { return absl::StrCat(data, "/ca/next"); }
std::string AuthoritiesPath(const std::string& data) {
  return absl::StrCat(data, "/ca/authority.handovers");
}
std::string StorePath(const std::string& data) { return absl::StrCat(data, "/store"); }
std::string BlobsPath(const std::string& data) { return absl::StrCat(data, "/blobs"); }
std::string StorePartPath(const std::string& data) { return absl::StrCat(data, "/store.part"); }
std::string ServerKeyPath(const std::string& data) { return absl::StrCat(data, "/server.key"); }
std::string LogKeyPath(const std::string& data) { return absl::StrCat(data, "/log.key"); }
std::string NextLogKeyPath(const std::string& data) { return absl::StrCat(data, "/log.key.next"); }
std::string HandoversPath(const std::string& data) { return absl::StrCat(data, "/log.handovers"); }
std::string ServerCertificatePath(const std::string& data) {
  return absl::StrCat(data, "/server.crt");
}
std::string FirstInvitationPath(const std::string& data) {
  return absl::StrCat(data, "/first-administrator.invite");
}

absl::StatusOr<Config> LoadConfig(const std::string& data) {
  const std::string path = ConfigPath(data);
  absl::StatusOr<std::string> text = seal::ReadWholeFile(path, kConfigBytesMax);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        absl::StrCat(path, " is not there; make a data directory with sotayd init"));
  }
  SOTAY_RETURN_IF_ERROR(text.status());
  toml::table parsed;
  try {
    parsed = toml::parse(*text, path);
  } catch (const toml::parse_error& error) {  // toml++'s only way of saying so
    return At(path, error.source(), std::string(error.description()));
  }
  Config config;
  config.listen = Config().listen;
  for (const auto& [key, node] : parsed) {
    const absl::string_view name(key.str().data(), key.str().size());
    absl::Status read;
    if (name == "listen") {
      read = ReadText(path, node, name, &config.listen);
    } else if (name == "address") {
      read = ReadText(path, node, name, &config.address);
    } else if (name == "log_level") {
      read = ReadText(path, node, name, &config.log_level);
    } else if (name == "names") {
      read = ReadTexts(path, node, name, &config.names);
    } else if (name == "schemas") {
      read = ReadTexts(path, node, name, &config.schemas);
    } else if (name == "rules") {
      read = ReadText(path, node, name, &config.rules);
    } else if (name == "offline_days") {
      read = ReadOfflineDays(path, node, &config.offline_days);
    } else if (name == "backup") {
      read = ReadBackup(path, node, &config.backup);
    } else if (name == "files") {
      read = ReadFiles(path, node, &config.files);
    } else {
      read = At(path, key.source(),
                absl::StrCat("unknown key ", name,
                             "; known are listen, address, names, schemas, rules, offline_days, "
                             "log_level, backup, files"));
    }
    SOTAY_RETURN_IF_ERROR(read);
  }
  return config;
}

absl::Status SaveConfig(const std::string& data, const Config& config) {
  toml::array names;
  for (const std::string& name : config.names) names.push_back(name);
  toml::array schemas;
  for (const std::string& schema : config.schemas) schemas.push_back(schema);
  std::ostringstream out;
  out << "# What sotayd reads when it starts; flags overrule it.  Times of the protocol are not "
         "set\n"
         "# here.\n\n"
      << "# Where to listen.\n"
      << toml::table{{"listen", config.listen}} << "\n"
      << "# Where phones reach this server; stands in every invitation.\n"
      << toml::table{{"address", config.address}} << "\n"
      << "# Names in the server's certificate, which is renewed with them.\n"
      << toml::table{{"names", names}} << "\n"
      << "# Record types of your own: descriptor sets from protoc.\n"
      << toml::table{{"schemas", schemas}} << "\n"
      << "# A table of rights in place of the one compiled in: a file; begin with sotayctl rules\n"
         "# --text.\n";
  if (config.rules.empty()) {
    out << "# rules = \"/etc/sotay/access.rules\"\n\n";
  } else {
    out << toml::table{{"rules", config.rules}} << "\n";
  }
  out << "# For how many days after it was last in contact a phone shows what others wrote, 1 to "
         "14; 0:\n"
         "# without end.  It always writes and sends.\n"
      << toml::table{{"offline_days", config.offline_days}} << "\n"
      << "# debug, info, warning or error.\n"
      << toml::table{{"log_level", config.log_level}} << "\n"
      << "# Where backups go: an existing directory on another disk, and how often.  Without this\n"
         "# there is no backup.\n";
  if (config.backup.directory.empty()) {
    out << "# [backup]\n# directory = \"/mnt/backup/sotay\"\n# every_s = 300\n";
  } else {
    out << "[backup]\n"
        << toml::table{{"directory", config.backup.directory}, {"every_s", config.backup.every_s}}
        << "\n";
  }
  out << "# The largest file of an attachment that is taken (bytes), and how many a device may "
         "have begun\n"
         "# to send and not ended; what is taken of one user on one day, and what of the disk is "
         "left to\n"
         "# the notes (bytes).\n"
      << "[files]\n"
      << toml::table{{"bytes_max", config.files.bytes_max},
                     {"unfinished_max", config.files.unfinished_max},
                     {"day_bytes_max", config.files.day_bytes_max},
                     {"free_bytes_min", config.files.free_bytes_min}}
      << "\n";
  return seal::WriteWholeFile(ConfigPath(data), out.str(), 0600);
}

absl::StatusOr<HostAndPort> SplitAddress(const std::string& address) {
  const auto bad = [&] {
    return absl::InvalidArgumentError(absl::StrCat("address \"", address.substr(0, 64),
                                                   "\": expected host:port or [v6 address]:port"));
  };
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0) return bad();
  HostAndPort split;
  split.host = address.substr(0, colon);
  if (split.host.front() == '[') {
    if (split.host.back() != ']') return bad();
    split.host = split.host.substr(1, split.host.size() - 2);
  } else if (split.host.find(':') != std::string::npos) {
    return bad();
  }
  if (!absl::SimpleAtoi(address.substr(colon + 1), &split.port) || split.port < 0 ||
      split.port > 65'535 || split.host.empty()) {
    return bad();
  }
  return split;
}

}  // namespace sotay::server
