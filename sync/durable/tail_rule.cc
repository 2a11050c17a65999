#include "sync/durable/tail_rule.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "sync/durable/leveldb_status.h"
#include "sync/durable/log_reading.h"

namespace sotay::durable {
namespace {

// Files of ours that are not complete yet.  No name LevelDB takes for its own.
constexpr char kPartSuffix[] = ".part";

// One log and what was found in it.
struct Judged {
  std::string name;
  LogKind kind = LogKind::kWriteAhead;
  std::string bytes;
  LogReading reading;
};

absl::StatusOr<Judged> Judge(leveldb::Env* env, const std::string& directory,
                             const std::string& name, LogKind kind) {
  Judged judged{.name = name, .kind = kind, .bytes = {}, .reading = {}};
  leveldb::Status read =
      leveldb::ReadFileToString(env, absl::StrCat(directory, "/", name), &judged.bytes);
  if (!read.ok()) return FromLevelDb(read);
  judged.reading = ReadLog(judged.bytes, kind);
  // Only a log to be cut is needed again.
  if (judged.reading.clean) judged.bytes.clear();
  return judged;
}

// The MANIFEST in force; empty when there is none, which is LevelDB's to judge.
std::string CurrentManifest(leveldb::Env* env, const std::string& directory) {
  std::string current;
  if (!leveldb::ReadFileToString(env, absl::StrCat(directory, "/CURRENT"), &current).ok()) {
    return "";
  }
  absl::string_view name = current;
  if (!absl::ConsumeSuffix(&name, "\n") || !absl::StartsWith(name, "MANIFEST-")) return "";
  const std::string manifest(name);
  return env->FileExists(absl::StrCat(directory, "/", manifest)) ? manifest : "";
}

// The logs in the order they were written, the MANIFEST last.
absl::StatusOr<std::vector<Judged>> JudgeAll(leveldb::Env* env, const std::string& directory) {
  std::vector<std::string> children;
  if (!env->GetChildren(directory, &children).ok()) return std::vector<Judged>();
  std::vector<std::pair<uint64_t, std::string>> logs;
  for (const std::string& child : children) {
    if (const uint64_t number = WriteAheadLogNumber(child)) logs.emplace_back(number, child);
  }
  std::sort(logs.begin(), logs.end());
  std::vector<Judged> all;
  for (const auto& [number, name] : logs) {
    absl::StatusOr<Judged> judged = Judge(env, directory, name, LogKind::kWriteAhead);
    if (!judged.ok()) return std::move(judged).status();
    all.push_back(*std::move(judged));
  }
  if (const std::string manifest = CurrentManifest(env, directory); !manifest.empty()) {
    absl::StatusOr<Judged> judged = Judge(env, directory, manifest, LogKind::kManifest);
    if (!judged.ok()) return std::move(judged).status();
    all.push_back(*std::move(judged));
  }
  return all;
}

// Why the damage of all[index] is no power cut's; empty when it may be one.
std::string Objection(const std::vector<Judged>& all, size_t index) {
  const Judged& log = all[index];
  if (log.reading.later_record_offset.has_value()) {
    return absl::StrCat("a sound record follows at byte ", *log.reading.later_record_offset);
  }
  if (log.reading.one_flipped_bit) return "exactly one bit of the record is wrong";
  if (log.kind == LogKind::kManifest) {
    return log.reading.whole_records == 0 ? "not one sound record comes before it" : "";
  }
  for (size_t later = index + 1; later < all.size(); ++later) {
    if (all[later].kind != LogKind::kWriteAhead) continue;
    const LogReading& reading = all[later].reading;
    if (reading.whole_records > 0 || reading.later_record_offset.has_value()) {
      return absl::StrCat("the later log ", all[later].name, " holds sound records");
    }
  }
  return "";
}

// Puts `bytes` in place of `path` so that at every moment the old file or the new one is there.
absl::Status Replace(leveldb::Env* env, const std::string& path, absl::string_view bytes) {
  const std::string part = absl::StrCat(path, kPartSuffix);
  leveldb::WritableFile* opened = nullptr;
  leveldb::Status status = env->NewWritableFile(part, &opened);
  if (!status.ok()) return FromLevelDb(status);
  const std::unique_ptr<leveldb::WritableFile> file(opened);
  status = file->Append(leveldb::Slice(bytes.data(), bytes.size()));
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) status = env->RenameFile(part, path);
  return FromLevelDb(status);
}

absl::StatusOr<TailCut> Cut(leveldb::Env* env, const std::string& directory, const Judged& log) {
  const std::string copies = absl::StrCat(directory, "/", kCutLogs);
  // Fails when it is there already; if it could not be made, the copy below says so.
  env->CreateDir(copies);
  int number = 1;
  while (env->FileExists(absl::StrCat(copies, "/", log.name, ".", number))) ++number;
  TailCut cut{.log = log.name,
              .bytes_before = log.bytes.size(),
              .bytes_after = log.reading.whole_bytes,
              .copy = absl::StrCat(kCutLogs, "/", log.name, ".", number)};
  absl::Status replaced = Replace(env, absl::StrCat(directory, "/", cut.copy), log.bytes);
  if (!replaced.ok()) return replaced;
  const absl::string_view whole = absl::string_view(log.bytes).substr(0, cut.bytes_after);
  replaced = Replace(env, absl::StrCat(directory, "/", log.name), whole);
  if (!replaced.ok()) return replaced;
  return cut;
}

// What a crash in Replace left.  Clutter: failing to remove it harms nothing.
void RemoveParts(leveldb::Env* env, const std::string& directory) {
  std::vector<std::string> children;
  if (!env->GetChildren(directory, &children).ok()) return;
  for (const std::string& child : children) {
    if (absl::EndsWith(child, kPartSuffix)) env->RemoveFile(absl::StrCat(directory, "/", child));
  }
}

}  // namespace

absl::StatusOr<std::vector<TailCut>> ApplyTailRule(leveldb::Env* env,
                                                   const std::string& directory) {
  absl::StatusOr<std::vector<Judged>> all = JudgeAll(env, directory);
  if (!all.ok()) return std::move(all).status();
  for (size_t i = 0; i < all->size(); ++i) {
    if ((*all)[i].reading.clean) continue;
    if (const std::string objection = Objection(*all, i); !objection.empty()) {
      return absl::DataLossError(absl::StrCat(
          directory, "/", (*all)[i].name, " is damaged at byte ", (*all)[i].reading.damage_offset,
          ", and ", objection, ", so this is not the torn end a power cut leaves; nothing was ",
          "changed; restore from a backup"));
    }
  }
  RemoveParts(env, directory);
  RemoveParts(env, absl::StrCat(directory, "/", kCutLogs));
  std::vector<TailCut> cuts;
  for (const Judged& log : *all) {
    if (log.reading.clean) continue;
    absl::StatusOr<TailCut> cut = Cut(env, directory, log);
    if (!cut.ok()) return std::move(cut).status();
    cuts.push_back(*std::move(cut));
  }
  return cuts;
}

uint64_t WriteAheadLogNumber(const std::string& file_name) {
  absl::string_view digits = file_name;
  uint64_t number = 0;
  if (!absl::ConsumeSuffix(&digits, ".log") || digits.empty()) return 0;
  if (!std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit)) return 0;
  return absl::SimpleAtoi(digits, &number) ? number : 0;
}

}  // namespace sotay::durable
