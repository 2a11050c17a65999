#include "server/backup_lives.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/backup_chain.h"
#include "server/store_segment.h"
#include "sotay/stored/v1/secrecy.pb.h"
#include "sotay/stored/v1/server.pb.h"
#include "sync/durable/files.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

struct Life {
  std::string directory;
  std::string epoch;
  int64_t taken_ms = 0;         // of its newest segment
  std::set<std::string> ended;  // the lives before it
  size_t sealings = 0;          // acts, which are only ever added
};

template <typename Message>
bool Parse(absl::string_view value, Message* message) {
  return message->ParseFromArray(value.data(), static_cast<int>(value.size()));
}

// What the newest segment says, which must hold by itself.
absl::StatusOr<Life> LookAt(const std::string& directory, uint64_t newest,
                            const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const seal::LogKeys keys, LogKeysNamedIn(directory, files));
  SOTAY_ASSIGN_OR_RETURN(const auto reader, SegmentReader::Open(directory, newest, keys, files));
  Life life;
  life.directory = directory;
  life.epoch = reader->header().epoch();
  life.taken_ms = reader->header().taken_ms();
  absl::string_view row;
  absl::string_view value;
  for (;;) {
    SOTAY_ASSIGN_OR_RETURN(const bool more, reader->Next(&row, &value));
    if (!more) return life;
    const absl::optional<KeyParts> parts = ParseKey(row);
    stored::v1::EndedEpoch ended;
    v1::DossierAct act;
    if (parts.has_value() && parts->table == Table::kDossierAct) {
      if (!Parse(value, &act))
        return absl::DataLossError("what was said of a dossier cannot be read");
      life.sealings += act.has_sealed() ? 1 : 0;
    }
    if (!parts.has_value() || parts->table != Table::kEnded) continue;
    if (!Parse(value, &ended)) return absl::DataLossError("a life that ended cannot be read");
    life.ended.insert(ended.epoch());
  }
}

absl::Status ChooseOne(absl::string_view why, const std::vector<Life>& lives) {
  std::string message = absl::StrCat(why, "; name the directory of the one that is meant:");
  for (const Life& life : lives) {
    absl::StrAppend(&message, " ", life.directory, " (",
                    absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMillis(life.taken_ms),
                                     absl::UTCTimeZone()),
                    ")");
  }
  return absl::FailedPreconditionError(message);
}

}  // namespace

absl::StatusOr<std::string> FindLife(const std::string& directory,
                                     const durable::StoreOptions& files) {
  const auto here = SegmentsIn(directory, files);
  SOTAY_RETURN_IF_ERROR(here.status());
  if (!here->empty()) return directory;
  SOTAY_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(directory, files));
  std::vector<std::pair<std::string, uint64_t>> found;  // with its newest segment
  for (const std::string& name : names) {
    const std::string life = absl::StrCat(directory, "/", name);
    const auto numbers = SegmentsIn(life, files);
    if (numbers.ok() && !numbers->empty()) found.emplace_back(life, numbers->back());
  }
  // One that was put aside while its life goes on in another is not meant.
  const std::vector<std::pair<std::string, uint64_t>> all = found;
  found.clear();
  std::copy_if(all.begin(), all.end(), std::back_inserter(found), [&](const auto& of) {
    const size_t at = of.first.rfind(kBefore);
    return at == std::string::npos ||
           std::none_of(all.begin(), all.end(), [life = of.first.substr(0, at)](const auto& other) {
             return other.first == life;
           });
  });
  if (found.empty()) {
    return absl::NotFoundError(absl::StrCat("there are no segments in ", directory,
                                            ", nor in a directory right below it"));
  }
  if (found.size() == 1) return found.front().first;
  std::vector<Life> lives;
  for (const auto& [life, newest] : found) {
    auto looked = LookAt(life, newest, files);
    if (!looked.ok()) {
      return absl::DataLossError(
          absl::StrCat("there are ", found.size(), " lives in ", directory, ", and of ", life,
                       " it cannot be told whether it is the last: ", looked.status().message(),
                       "; name the directory of the one that is meant"));
    }
    lives.push_back(*std::move(looked));
  }
  std::vector<Life> last;
  std::copy_if(lives.begin(), lives.end(), std::back_inserter(last), [&](const Life& life) {
    return std::none_of(lives.begin(), lives.end(), [&](const Life& other) {
      return other.ended.count(life.epoch) != 0 ||
             (other.epoch == life.epoch && other.sealings > life.sealings);
    });
  });
  if (last.size() == 1) return last.front().directory;
  return ChooseOne(
      absl::StrCat("there are ", last.size(), " lives in ", directory, " that none goes on from"),
      lives);
}

absl::Status SealedThere::Take(Table table, absl::string_view key, absl::string_view value) {
  v1::DossierAct act;
  stored::v1::SecretRow row;
  bool read = true;
  if (table == Table::kDossierAct) {
    read = Parse(value, &act);
    if (act.has_sealed()) acts.push_back(std::move(act));
  } else if (table == Table::kSecret) {
    read = Parse(value, &row);
    if (row.swept()) left.insert(row.dossier_id());
  }
  if (read) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(DescribeKey(key), " cannot be read"));
}

absl::StatusOr<SealedThere> SealedInFirst(const std::string& directory,
                                          const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const auto numbers, SegmentsIn(directory, files));
  if (numbers.empty()) return absl::NotFoundError(absl::StrCat("no segments in ", directory));
  SOTAY_ASSIGN_OR_RETURN(const seal::LogKeys named, LogKeysNamedIn(directory, files));
  SOTAY_ASSIGN_OR_RETURN(const auto reader,
                         SegmentReader::Open(directory, numbers.front(), named, files));
  SealedThere sealed;
  absl::string_view key, value;
  for (;;) {
    SOTAY_ASSIGN_OR_RETURN(const bool more, reader->Next(&key, &value));
    const absl::optional<KeyParts> parts = more ? ParseKey(key) : absl::nullopt;
    // The small tables come first.
    if (!parts.has_value() || !IsSmall(parts->table)) return sealed;
    SOTAY_RETURN_IF_ERROR(sealed.Take(parts->table, key, value));
  }
}

absl::StatusOr<std::vector<std::string>> ChainsBefore(const std::string& directory,
                                                      const std::string& dossier,
                                                      const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(std::vector<std::string> names, NamesIn(directory, files));
  std::sort(names.begin(), names.end());
  std::vector<std::string> before;
  for (const std::string& name : names) {
    const std::string chain = absl::StrCat(directory, "/", name);
    const auto numbers = SegmentsIn(chain, files);
    if (!numbers.ok() || numbers->empty()) continue;
    const auto first = SealedInFirst(chain, files);
    // One that cannot be read may have anything.
    if (!first.ok() || first->left.count(dossier) == 0) before.push_back(chain);
  }
  return before;
}

namespace {

// What the small tables of a segment say of the log's keys; nothing of it is held against anything.
struct KeysSaid {
  stored::v1::StoreMeta meta;
  std::vector<v1::LogKeyHandover> handovers;
};

absl::StatusOr<KeysSaid> KeysSaidIn(const std::string& directory, uint64_t number,
                                    const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const seal::SigningKey any, seal::SigningKey::Generate());
  SOTAY_ASSIGN_OR_RETURN(const auto reader,
                         SegmentReader::Open(directory, number, any.verifying_key(), files));
  const auto damaged = [&](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(directory, "/", SegmentName(number), " ", what));
  };
  KeysSaid said;
  absl::string_view key, value;
  SOTAY_ASSIGN_OR_RETURN(bool row, reader->Next(&key, &value));
  if (!row || key != MetaKey() || !Parse(value, &said.meta)) {
    return damaged("does not begin with a meta row");
  }
  for (;;) {
    const auto more = reader->Next(&key, &value);
    // The end, which is signed by none of these; the small tables come first.
    if (!more.ok() || !*more) return said;
    const absl::optional<KeyParts> parts = ParseKey(key);
    if (!parts.has_value() || !IsSmall(parts->table)) return said;
    if (parts->table != Table::kHandover) continue;
    if (!Parse(value, &said.handovers.emplace_back())) return damaged("has a handover of no form");
  }
}

absl::StatusOr<seal::LogKeys> ChainOf(const KeysSaid& said) {
  const std::string& first =
      said.handovers.empty() ? said.meta.log_key() : said.handovers.front().previous_key();
  SOTAY_ASSIGN_OR_RETURN(seal::VerifyingKey key, seal::VerifyingKey::From(first));
  return seal::LogKeys::From(std::move(key), said.meta.organisation_id(), said.handovers);
}

absl::StatusOr<KeysSaid> NewestSaid(const std::string& directory,
                                    const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const auto numbers, SegmentsIn(directory, files));
  if (numbers.empty()) return absl::NotFoundError(absl::StrCat("no segments in ", directory));
  return KeysSaidIn(directory, numbers.back(), files);
}

}  // namespace

absl::StatusOr<seal::LogKeys> LogKeysNamedIn(const std::string& directory,
                                             const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(const KeysSaid newest, NewestSaid(directory, files));
  return ChainOf(newest);
}

absl::StatusOr<seal::LogKeys> LogKeysNamedIn(const std::string& directory,
                                             const seal::VerifyingKey& key,
                                             const std::vector<v1::LogKeyHandover>& beside,
                                             const durable::StoreOptions& files) {
  SOTAY_ASSIGN_OR_RETURN(KeysSaid said, NewestSaid(directory, files));
  for (const v1::LogKeyHandover& handover : beside) {
    if (handover.number() > said.handovers.size()) said.handovers.push_back(handover);
  }
  auto keys = ChainOf(said);
  if (!keys.ok() || keys->current().spki() == key.spki()) return keys;
  if (said.handovers.empty()) return seal::LogKeys(key);  // it says of each segment that it differs
  return absl::FailedPreconditionError(absl::StrCat(
      "log.key is not the one that handover ", said.handovers.back().number(),
      " of the log key leads to; put the newest log.key, and log.handovers, into the data "
      "directory"));
}

}  // namespace sotay::server
