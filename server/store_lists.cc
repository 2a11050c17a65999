// Lists and histories out of the central store.
#include <algorithm>
#include <deque>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store.h"
#include "sotay/v1/record.pb.h"
#include "sync/admitted_edit.h"
#include "sync/durable/open.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the value of ", DescribeKey(key), " cannot be read"));
}

absl::optional<sync::HistoryNode> RefusedNode(const v1::QuarantinedChange& row,
                                              const sync::RecordId& record) {
  v1::Change change;
  if (!change.ParseFromString(row.change())) return absl::nullopt;
  auto node = sync::NodeOf(change, row.change_id(), record);
  if (!node.has_value()) return node;
  // As it came, whatever it says of itself.
  node->author.device = sync::DeviceId::From(row.device_id()).value_or(sync::DeviceId());
  node->author.sequence = row.sequence();
  node->applied = false;
  return node;
}

}  // namespace

absl::StatusOr<sync::History> Store::LoadHistory(const v1::Record& record) {
  const auto id = sync::RecordId::From(record.record_id());
  const auto dossier = sync::RecordId::From(record.dossier_id());
  if (!id.has_value() || !dossier.has_value()) return absl::DataLossError("record: malformed id");
  std::deque<sync::HistoryNode> nodes;
  absl::Status status;
  const std::string prefix = IdPrefix(Table::kHistory, id->view());
  const auto admit = [&](uint64_t position) {
    const auto entry = LoadEntry(record.unit_id(), position);
    status = entry.status();
    if (!entry.ok()) return;
    const auto edit = sync::AdmittedEditOf(*entry, *id);
    if (!edit.has_value()) status = Damaged(LogKey(record.unit_id(), position));
    if (status.ok()) nodes.push_back(sync::NodeOf(*edit));
  };
  // Of what was set aside behind the newest change, none comes before it.
  SOTAY_ASSIGN_OR_RETURN(uint64_t newest, NewestOf(*id));
  const auto take = [&](absl::string_view key, absl::string_view value) {
    const absl::optional<KeyParts> parts = ParseKey(key);
    if (!parts.has_value()) {
      status = absl::DataLossError(DescribeKey(key));
      return false;
    }
    if (newest != 0 && parts->number >= newest) admit(std::exchange(newest, 0));
    if (!status.ok()) return false;
    absl::optional<sync::HistoryNode> node;
    if (parts->kind == HistoryKind::kAdmitted) {
      admit(parts->number);
      return status.ok();
    }
    if (parts->kind == HistoryKind::kRefused) {
      const auto bytes = Get(QuarantineKey(value, parts->arrival));
      v1::QuarantinedChange row;
      status = bytes.status();
      if (bytes.ok() && bytes->has_value() && row.ParseFromString(**bytes)) {
        node = RefusedNode(row, *id);
      }
    } else {
      return true;
    }
    if (status.ok() && !node.has_value()) status = Damaged(key);
    if (status.ok()) nodes.push_back(*std::move(node));
    return status.ok();
  };
  SOTAY_RETURN_IF_ERROR(Visit(prefix, After(prefix), take));
  if (status.ok() && newest != 0) admit(newest);
  SOTAY_RETURN_IF_ERROR(status);
  sync::History history(sync::MergedRecord(schema_->Find(record.type()), *id, record.type(),
                                           record.unit_id(), *dossier));
  SOTAY_RETURN_IF_ERROR(sync::AddInAnyOrder(std::move(nodes), &history));
  return history;
}

absl::StatusOr<std::set<sync::ChangeId>> Store::LoadBare(const sync::DeviceId& device) {
  std::set<sync::ChangeId> bare;
  absl::Status status;
  const std::string prefix = IdPrefix(Table::kSequence, device.view());
  stored::v1::SequenceRow row;
  SOTAY_RETURN_IF_ERROR(
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        if (!row.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          status = Damaged(key);
          return false;
        }
        const auto id = sync::ChangeId::From(row.change_id());
        const bool waits_for_nothing =
            row.reason() == v1::REASON_CLASSIFIED || row.reason() == v1::REASON_BUILDS_ON_REFUSED;
        if (waits_for_nothing && id.has_value()) bare.insert(*id);
        return true;
      }));
  SOTAY_RETURN_IF_ERROR(status);
  return bare;
}

absl::StatusOr<seal::MerkleHash> Store::LoadNode(absl::string_view unit, uint64_t position,
                                                 int level) {
  const std::string key = NodeKey(unit, position, level);
  SOTAY_ASSIGN_OR_RETURN(const auto value, Get(key));
  seal::MerkleHash hash;
  if (!value.has_value() || value->size() != hash.size()) return Damaged(key);
  std::copy(value->begin(), value->end(), hash.begin());
  return hash;
}

absl::Status Store::VisitHistory(const sync::RecordId& record, uint64_t after,
                                 const std::function<bool(uint64_t)>& visit) {
  // Asked before the scan: what comes meanwhile is left to whoever asks again.
  SOTAY_ASSIGN_OR_RETURN(const uint64_t newest, NewestOf(record));
  const std::string prefix = IdPrefix(Table::kHistory, record.view());
  bool on = true;
  SOTAY_RETURN_IF_ERROR(Visit(AdmittedKey(record, after + 1), After(prefix),
                              [&](absl::string_view key, absl::string_view) {
                                const absl::optional<KeyParts> parts = ParseKey(key);
                                if (!parts.has_value() || parts->number >= newest) return false;
                                if (parts->kind == HistoryKind::kAdmitted)
                                  on = visit(parts->number);
                                return on;
                              }));
  if (on && newest > after) visit(newest);
  return absl::OkStatus();
}

absl::Status Store::VisitHistoryBackwards(const sync::RecordId& record,
                                          const std::function<bool(uint64_t position)>& visit) {
  SOTAY_ASSIGN_OR_RETURN(const uint64_t newest, NewestOf(record));
  if (newest == 0 || !visit(newest)) return absl::OkStatus();
  const std::string prefix = IdPrefix(Table::kHistory, record.view());
  return VisitBackwards(
      prefix, AdmittedKey(record, newest), [&](absl::string_view key, absl::string_view) {
        const absl::optional<KeyParts> parts = ParseKey(key);
        const bool admitted = parts.has_value() && parts->kind == HistoryKind::kAdmitted;
        return !admitted || visit(parts->number);
      });
}

absl::Status Store::VisitAside(const sync::RecordId& record,
                               const std::function<bool(uint64_t, v1::QuarantinedChange)>& visit) {
  const std::string prefix = IdPrefix(Table::kHistory, record.view());
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(
      Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
        const absl::optional<KeyParts> parts = ParseKey(key);
        if (!parts.has_value() || parts->kind == HistoryKind::kAdmitted) return true;
        const auto bytes = Get(QuarantineKey(value, parts->arrival));
        v1::QuarantinedChange change;
        if (!bytes.ok() || !bytes->has_value() || !change.ParseFromString(**bytes)) {
          // Released between the scan's view and now.
          status = bytes.status();
          return status.ok();
        }
        return visit(parts->number, std::move(change));
      }));
  return status;
}

absl::Status Store::VisitQuarantine(
    absl::string_view unit, uint64_t after,
    const std::function<bool(uint64_t, v1::QuarantinedChange)>& visit) {
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(
      Visit(QuarantineKey(unit, after + 1), After(UnitPrefix(Table::kQuarantine, unit)),
            [&](absl::string_view key, absl::string_view value) {
              v1::QuarantinedChange change;
              if (!change.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
                status = Damaged(key);
                return false;
              }
              return visit(ParseKey(key)->arrival, std::move(change));
            }));
  return status;
}

absl::Status Store::VisitRecords(absl::string_view prefix,
                                 const std::function<bool(const RecordPlace&)>& visit) {
  absl::Status status;
  bool going = true;
  // Taken before the rows: what is filed meanwhile is in both.
  const std::vector<BirthPlace> unfiled = unfiled_.Under(prefix);
  auto birth = unfiled.begin();
  const auto visit_births_to = [&](const sync::RecordId* id) {
    for (; going && birth != unfiled.end() && (id == nullptr || birth->record < *id); ++birth) {
      going = visit(RecordPlace{birth->record, birth->unit, birth->position});
    }
    return going;
  };
  const std::string from = IdPrefix(Table::kRecord, prefix);
  SOTAY_RETURN_IF_ERROR(
      Visit(from, After(from), [&](absl::string_view key, absl::string_view value) {
        const auto id = sync::RecordId::From(key.substr(1));
        if (!id.has_value()) {
          status = Damaged(key);
          return false;
        }
        absl::string_view rest;
        const absl::StatusOr<RecordPlace> place = ReadPlace(*id, value, &rest);
        status = place.status();
        if (!status.ok() || !visit_births_to(&*id)) return false;
        if (birth != unfiled.end() && birth->record == *id) ++birth;
        going = visit(*place);
        return going;
      }));
  if (status.ok()) visit_births_to(nullptr);
  return status;
}

absl::Status Store::VisitStandIn(absl::string_view id_bytes,
                                 const std::function<void(const RecordPlace&)>& visit) {
  const auto hash = seal::Sha256({chance_, id_bytes});
  const sync::RecordId from =
      *sync::RecordId::From(std::string(hash.begin(), hash.begin() + sync::RecordId::kSize));
  const std::string all = TablePrefix(Table::kRecord);
  const std::unique_ptr<leveldb::Iterator> at = durable_->NewIterator();
  const auto is_one = [&] { return at->Valid() && at->key().starts_with(all); };
  at->Seek(RecordKey(from));
  // Behind the last one comes the first.
  if (!is_one()) at->Seek(all);
  if (!is_one()) {
    SOTAY_RETURN_IF_ERROR(durable::FromLevelDb(at->status()));
    // None has a row of its own yet.
    const std::vector<BirthPlace> unfiled = unfiled_.Under("");
    const auto behind = std::find_if(unfiled.begin(), unfiled.end(),
                                     [&](const BirthPlace& one) { return !(one.record < from); });
    const auto birth = behind != unfiled.end() ? behind : unfiled.begin();
    if (birth != unfiled.end()) visit(RecordPlace{birth->record, birth->unit, birth->position});
    return absl::OkStatus();
  }
  const absl::string_view key(at->key().data(), at->key().size());
  const absl::string_view value(at->value().data(), at->value().size());
  const auto id = sync::RecordId::From(key.substr(1));
  if (!id.has_value()) return Damaged(key);
  absl::string_view rest;
  SOTAY_ASSIGN_OR_RETURN(const RecordPlace place, ReadPlace(*id, value, &rest));
  visit(place);
  return absl::OkStatus();
}

absl::Status Store::VisitSeals(
    const sync::DeviceId& device,
    const std::function<void(absl::string_view, absl::string_view)>& visit) {
  const std::string prefix = IdPrefix(Table::kSeal, device.view());
  return Visit(prefix, After(prefix), [&](absl::string_view key, absl::string_view value) {
    visit(key, value);
    return true;
  });
}

absl::Status Store::VisitRevised(const sync::DeviceId& device, uint64_t revision,
                                 const std::function<bool(v1::ChangeOutcome)>& visit) {
  absl::Status status;
  SOTAY_RETURN_IF_ERROR(
      Visit(RevisedKey(device, revision + 1), After(IdPrefix(Table::kRevised, device.view())),
            [&](absl::string_view key, absl::string_view value) {
              v1::ChangeOutcome outcome;
              if (!outcome.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
                status = Damaged(key);
                return false;
              }
              return visit(std::move(outcome));
            }));
  return status;
}

}  // namespace sotay::server
