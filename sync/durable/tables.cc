#include "sync/durable/tables.h"

#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "sync/durable/leveldb_status.h"

namespace sotay::durable {

absl::optional<uint64_t> TableNumber(absl::string_view name) {
  uint64_t number = 0;
  const bool is_table = absl::ConsumeSuffix(&name, ".ldb") || absl::ConsumeSuffix(&name, ".sst");
  if (!is_table || !absl::SimpleAtoi(name, &number)) return absl::nullopt;
  return number;
}

// " 12:34567['a' .. 'b']" for each.
absl::StatusOr<std::set<uint64_t>> TablesOf(leveldb::DB* db) {
  std::string listed;
  if (!db->GetProperty("leveldb.sstables", &listed)) {
    return absl::InternalError("the store does not say which files it consists of");
  }
  std::set<uint64_t> tables;
  for (absl::string_view line : absl::StrSplit(listed, '\n')) {
    uint64_t number = 0;
    const size_t colon = line.find(':');
    if (absl::ConsumePrefix(&line, " ") && colon != absl::string_view::npos &&
        absl::SimpleAtoi(line.substr(0, colon - 1), &number)) {
      tables.insert(number);
    }
  }
  return tables;
}

absl::StatusOr<std::map<uint64_t, std::string>> TablesIn(leveldb::Env* env,
                                                         const std::string& directory) {
  std::vector<std::string> names;
  const leveldb::Status read = env->GetChildren(directory, &names);
  if (!read.ok()) return FromLevelDb(read);
  std::map<uint64_t, std::string> tables;
  for (std::string& name : names) {
    if (const auto number = TableNumber(name)) tables[*number] = std::move(name);
  }
  return tables;
}

}  // namespace sotay::durable
