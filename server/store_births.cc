// How births get their records' rows: with the commits that follow, when nothing else is to be
// done, and what a crash left is found at the start.  unfiled_births.h says why.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

// Rows of one batch when nothing else is to be done: as long as a commit that comes just then
// waits.
constexpr size_t kFiledAtOnce = 1'024;

std::string ToValue(uint64_t number) {
  std::string value;
  PutNumber(&value, number);
  return value;
}

}  // namespace

std::string Store::RowOf(const BirthPlace& birth) {
  std::string row;
  PutNumber(&row, birth.position);
  PutName(&row, birth.unit);
  return row;
}

// `but`: those that get a later row from the same batch, in order.
void Store::PutFiling(const Filing& filing, const std::vector<sync::RecordId>& but,
                      leveldb::WriteBatch* batch) {
  for (const BirthPlace& birth : filing.births) {
    if (std::binary_search(but.begin(), but.end(), birth.record)) continue;
    batch->Put(RecordKey(birth.record), RowOf(birth));
  }
  for (const auto& [unit, position] : filing.filed) batch->Put(FiledKey(unit), ToValue(position));
}

absl::Status Store::FileSome() {
  absl::MutexLock lock(&writing_);
  const Filing filing = unfiled_.Next(kFiledAtOnce, /*all=*/true);
  if (filing.empty()) return absl::OkStatus();
  leveldb::WriteBatch batch;
  PutFiling(filing, {}, &batch);
  SOTAY_RETURN_IF_ERROR(durable_->Write(&batch));
  unfiled_.Done(filing);
  return absl::OkStatus();
}

absl::Status Store::FileAll() {
  while (HasUnfiled()) SOTAY_RETURN_IF_ERROR(FileSome());
  return absl::OkStatus();
}

// Nothing is written for it: a store whose disk is full is read all the same.  What cannot be read
// of it the feed and the check say; that births of before `F` have their rows as well.
absl::Status Store::FindUnfiled(const std::string& unit) {
  SOTAY_ASSIGN_OR_RETURN(const auto filed, Get(FiledKey(unit)));
  absl::string_view rest = filed.has_value() ? absl::string_view(*filed) : absl::string_view();
  const uint64_t after = TakeNumber(&rest).value_or(0);
  std::vector<BirthPlace> found;
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(Visit(BirthsKey(unit, after + 1), After(UnitPrefix(Table::kBirths, unit)),
                              [&](absl::string_view key, absl::string_view value) {
                                const absl::optional<KeyParts> parts = ParseKey(key);
                                if (!parts.has_value()) return true;
                                const absl::optional<BirthRun> run =
                                    BirthRun::Read(parts->number, value);
                                if (!run.has_value()) return true;
                                for (const FeedPlace& place : run->places()) {
                                  // A row that is there is newer, or the same; one that went on has
                                  // had one.
                                  const auto row = Get(RecordKey(place.record));
                                  const auto gone =
                                      Get(FeedKey(unit, place.position, place.record));
                                  status = row.ok() ? gone.status() : row.status();
                                  if (!status.ok()) return false;
                                  if (row->has_value() || gone->has_value()) continue;
                                  found.push_back({place.record, unit, place.position});
                                }
                                return true;
                              }));
  SOTAY_RETURN_IF_ERROR(status);
  unfiled_.Announce(found);
  unfiled_.Gather();
  return absl::OkStatus();
}

absl::Status Store::FindUnfiled() {
  std::vector<std::string> units;
  const std::string prefix = TablePrefix(Table::kHead);
  SOTAY_RETURN_IF_ERROR(Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view) {
    if (const auto parts = ParseKey(key)) units.push_back(parts->name);
    return true;
  }));
  for (const std::string& unit : units) SOTAY_RETURN_IF_ERROR(FindUnfiled(unit));
  return absl::OkStatus();
}

}  // namespace sotay::server
