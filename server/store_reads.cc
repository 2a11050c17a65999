// The rows of the access log in the store: numbered as they come, never rewritten.
#include <utility>

#include "absl/strings/str_cat.h"
#include "leveldb/write_batch.h"
#include "server/store.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
}

}  // namespace

const std::string& ShelfOf(const v1::AccessEntry& read) {
  static const auto* const refused = new std::string();
  return read.rule() == v1::ACCESS_RULE_REFUSED ? *refused : read.unit_id();
}

absl::Status Store::LoadReads() {
  absl::Status status;
  const std::string prefix = TablePrefix(Table::kReads);
  SOTAY_RETURN_IF_ERROR(
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        const absl::optional<KeyParts> parts = ParseKey(key);
        const absl::optional<uint64_t> number = TakeNumber(&value);
        if (!parts.has_value() || !number.has_value()) {
          status = Damaged(key);
          return false;
        }
        reads_[parts->name] = *number;
        return true;
      }));
  return status;
}

void Store::Fill(Sheet* sheet, std::vector<v1::AccessEntry> reads) {
  std::map<std::string, uint64_t> counted;
  for (v1::AccessEntry& read : reads) {
    const std::string& shelf = ShelfOf(read);
    read.set_number(++reads_[shelf]);
    counted[shelf] = read.number();
    scratch_.clear();
    read.AppendToString(&scratch_);
    sheet->batch_->Put(ReadKey(shelf, read.number()), scratch_);
  }
  for (const auto& [shelf, number] : counted) {
    scratch_.clear();
    PutNumber(&scratch_, number);
    sheet->batch_->Put(ReadsKey(shelf), scratch_);
  }
}

absl::Status Store::VisitReadsBackwards(absl::string_view unit, uint64_t before,
                                        const std::function<bool(v1::AccessEntry)>& visit) {
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(
      VisitBackwards(UnitPrefix(Table::kRead, unit), ReadKey(unit, before),
                     [&](absl::string_view key, absl::string_view value) {
                       v1::AccessEntry read;
                       if (!read.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
                         status = Damaged(key);
                         return false;
                       }
                       return visit(std::move(read));
                     }));
  return status;
}

}  // namespace sotay::server
