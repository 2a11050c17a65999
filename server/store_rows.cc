// Rows as they are: a moment of the store for backups, and a store that is filled from one.
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "server/store.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::string_view ToView(const leveldb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

}  // namespace

Moment::Moment(durable::Store* durable) : durable_(*durable), snapshot_(durable->TakeSnapshot()) {}

Moment::~Moment() { durable_.ReleaseSnapshot(snapshot_); }

absl::Status Moment::Visit(
    const std::string& from, const std::string& end,
    const std::function<bool(absl::string_view, absl::string_view)>& visit) const {
  leveldb::ReadOptions options = durable::Store::ReadOptions();
  options.snapshot = snapshot_;
  // Read once: what others read often stays in memory.
  options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> at(durable_.db().NewIterator(options));
  for (at->Seek(from); at->Valid(); at->Next()) {
    if (!end.empty() && at->key().compare(end) >= 0) break;
    if (!visit(ToView(at->key()), ToView(at->value()))) break;
  }
  return durable::FromLevelDb(at->status());
}

std::unique_ptr<leveldb::Iterator> Moment::Rows() const {
  leveldb::ReadOptions options = durable::Store::ReadOptions();
  options.snapshot = snapshot_;
  return std::unique_ptr<leveldb::Iterator>(durable_.db().NewIterator(options));
}

std::unique_ptr<Moment> Store::TakeMoment() { return std::make_unique<Moment>(durable_.get()); }

absl::StatusOr<std::unique_ptr<Store>> Store::Begin(const std::string& path,
                                                    const durable::StoreOptions& options,
                                                    const sync::Schema* schema) {
  durable::StoreOptions creating = options;
  creating.create_if_missing = true;
  creating.error_if_exists = true;
  SOTAY_ASSIGN_OR_RETURN(auto durable, durable::Open(path, creating));
  return std::unique_ptr<Store>(new Store(std::move(durable), schema));
}

void Store::Fill(Sheet* sheet, absl::string_view key, absl::string_view value) {
  sheet->batch_->Put(leveldb::Slice(key.data(), key.size()),
                     leveldb::Slice(value.data(), value.size()));
}

void Store::Erase(Sheet* sheet, absl::string_view key) {
  sheet->batch_->Delete(leveldb::Slice(key.data(), key.size()));
}

Rewriting::Rewriting(Store* store) : store_(*store) { ++store_.rewrites_; }

Rewriting::~Rewriting() {
  // Whoever read a push, a run or a root before it was written anew keeps it no longer.
  store_.unpacked_.Forget();
  store_.runs_.Forget();
  store_.roots_.Forget();
  ++store_.rewrites_;
}

absl::Status Store::Sweep(std::vector<std::string> keys) {
  return durable_->Sweep(std::move(keys));
}

absl::StatusOr<std::vector<stored::v1::EndedEpoch>> Store::LoadEnded() {
  std::vector<stored::v1::EndedEpoch> ended;
  absl::Status status;
  const std::string prefix = TablePrefix(Table::kEnded);
  SOTAY_RETURN_IF_ERROR(
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        if (!ended.emplace_back().ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = absl::DataLossError(
              absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
        }
        return status.ok();
      }));
  SOTAY_RETURN_IF_ERROR(status);
  return ended;
}

}  // namespace sotay::server
