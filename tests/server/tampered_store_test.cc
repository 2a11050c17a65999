// A store, and somebody at the disk who tampers with its rows: any bit, any row left out, doubled,
// moved or exchanged with another, and other names.  Thousands of draws from one seed; each must be
// found by a start or by `sotayd check`, but where docs/storage.md says that a row is only told.
#include <gmock/gmock.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/seal_rows.h"
#include "sotay/stored/v1/signing.pb.h"
#include "tests/server/every_table_room.h"
#include "tests/server/tampering.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using tests::IsOk;

constexpr size_t kDraws = 4'000;

using Row = std::pair<std::string, std::string>;

// The message that a table's values are; null: they are no message.
std::unique_ptr<google::protobuf::Message> MessageOf(Table table) {
  switch (table) {
    case Table::kMeta:
      return std::make_unique<stored::v1::StoreMeta>();
    case Table::kUnit:
      return std::make_unique<v1::Unit>();
    case Table::kUser:
      return std::make_unique<v1::User>();
    case Table::kDevice:
      return std::make_unique<stored::v1::DeviceRow>();
    case Table::kContact:
      return std::make_unique<stored::v1::Contact>();
    case Table::kTicket:
      return std::make_unique<stored::v1::Ticket>();
    case Table::kHead:
      return std::make_unique<stored::v1::UnitHead>();
    case Table::kLog:
      return std::make_unique<stored::v1::LogRunRow>();
    case Table::kSequence:
      return std::make_unique<stored::v1::SequenceRow>();
    case Table::kFeed:
      return std::make_unique<stored::v1::FeedRow>();
    case Table::kBirths:
      return std::make_unique<stored::v1::BirthRunRow>();
    case Table::kSeal:
      return std::make_unique<stored::v1::SealRow>();
    case Table::kQuarantine:
      return std::make_unique<v1::QuarantinedChange>();
    case Table::kRevised:
      return std::make_unique<v1::ChangeOutcome>();
    case Table::kRead:
      return std::make_unique<v1::AccessEntry>();
    case Table::kEnded:
      return std::make_unique<stored::v1::EndedEpoch>();
    case Table::kPost:
      return std::make_unique<v1::Post>();
    case Table::kTerm:
      return std::make_unique<v1::UnitTerm>();
    case Table::kDossierAct:
      return std::make_unique<v1::DossierAct>();
    case Table::kSigning:
      return std::make_unique<stored::v1::SigningRow>();
    case Table::kSecret:
      return std::make_unique<stored::v1::SecretRow>();
    case Table::kSecretContent:
      return std::make_unique<stored::v1::SecretContent>();
    case Table::kHandover:
      return std::make_unique<v1::LogKeyHandover>();
    case Table::kDeviceKey:
      return std::make_unique<stored::v1::DeviceKeyRow>();
    default:
      return nullptr;
  }
}

// The fields in which two values of a table differ, as they are read; a push as it is unpacked.
std::set<std::string> Differences(Table table, const std::string& was, const std::string& is) {
  const auto one = MessageOf(table), two = MessageOf(table);
  if (one == nullptr || !one->ParseFromString(was) || !two->ParseFromString(is)) return {"value"};
  std::set<std::string> fields;
  const google::protobuf::Reflection* const reflection = one->GetReflection();
  const google::protobuf::Descriptor* const type = one->GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const auto only = [&](const google::protobuf::Message& whole) {
      std::unique_ptr<google::protobuf::Message> part(whole.New());
      part->CopyFrom(whole);
      part->DiscardUnknownFields();
      for (int j = 0; j < type->field_count(); ++j) {
        if (j != i) reflection->ClearField(part.get(), type->field(j));
      }
      if (table == Table::kSeal && type->field(i)->name() == "changes") {
        const auto batch = Unpacked(static_cast<const stored::v1::SealRow&>(*part).changes());
        return batch.ok() ? batch->SerializeAsString() : "none";
      }
      return part->SerializeAsString();
    };
    if (only(*one) != only(*two)) fields.insert(type->field(i)->name());
  }
  return fields;
}

// What docs/storage.md says that nothing in the store vouches for: tables of which every value is
// the server's or an administrator's word, and of others the fields, or that a row is gone.
bool IsOnlyTold(char table, const std::set<std::string>& what) {
  static const std::map<char, std::set<std::string>> kTold = {
      {'a', {"value"}},  // of a change that names no record, behind which position it came
      {'D', {"earlier", "rolled_ms"}},
      {'F', {"(a row)", "value"}},  // then the next start looks from further back
      {'b', {"(a row)", "epoch", "restored_ms", "segment", "taken_ms", "units"}},
      {'d',
       {"name", "held", "set_aside", "stamp", "state", "revisions", "user_id", "enrolled_ms",
        "revoked_by", "revoked_reason", "revoked_ms"}},
      // By which assignment: of a sealed dossier, whose assignments are gone, or an act by hand.
      {'g',
       {"assigned", "by_assignment", "reason", "sealed", "set_by", "set_ms", "people",
        "restricted"}},
      {'H', {"(a row)"}},
      {'J', {"keys", "sealed"}},
      {'j',
       {"act", "acts", "arrivals", "changes", "contents", "destroyed", "positions", "record_ids",
        "records", "unit_id", "writers"}},
      {'K', {"(a row)"}},
      {'q', {"dismissed", "message", "reason", "received_ms", "verdict"}},
      {'s', {"message", "position", "reason", "unit_id", "verdict"}}};
  if (std::string("coptuvwzR").find(table) != std::string::npos) return true;
  const auto told = kTold.find(table);
  return told != kTold.end() &&
         std::includes(told->second.begin(), told->second.end(), what.begin(), what.end());
}

class TamperedStore : public EveryTableRoom {
 protected:
  void SetUp() override {
    WriteInEveryTable();
    ASSERT_THAT(room_.store->VisitAll([this](absl::string_view key, absl::string_view value) {
      tables_[key[0]].push_back(rows_.size());
      rows_.emplace_back(key, value);
      return true;
    }),
                IsOk());
  }

  void Put(const std::string& key, const absl::optional<std::string>& value) {
    const Rewriting rewriting(room_.store.get());  // what was read is read again
    Sheet sheet;
    if (value.has_value()) {
      room_.store->Fill(&sheet, key, *value);
    } else {
      room_.store->Erase(&sheet, key);
    }
    ASSERT_THAT(room_.store->Write(&sheet), IsOk());
  }
  // Whether a start or a check says that something is wrong.
  bool Found() {
    auto tables = room_.store->LoadTables();
    if (!tables.ok()) return true;
    const auto loaded = Directory::From(
        *std::move(tables),
        LoadAccessRules(room_.rules, *tests::CaseworkSchema(), sync::DayOf(room_.now_ms)).value(),
        room_.now_ms);
    if (!loaded.ok()) return true;
    const auto report = CheckStore(room_.store.get(), *tests::CaseworkSchema());
    return !report.ok() || report->faults != 0;
  }

  std::vector<Row> rows_;
  std::map<char, std::vector<size_t>> tables_;  // places in rows_
};

struct Deed {
  std::string kind;
  std::vector<std::pair<std::string, absl::optional<std::string>>> puts;
};

// What somebody does to `row`; `like`: another of its table.  Without puts: nothing.
Deed Draw(tests::Tamperer* tamperer, const Row& row, const Row& like) {
  const std::string& key = row.first;
  const std::string& value = row.second;
  const auto named = [&](const std::string& from, const std::string& to) {
    std::string other = value;
    const size_t at = other.find(from);
    if (at == std::string::npos) return Deed{};
    return Deed{"other author", {{key, other.replace(at, from.size(), to)}}};
  };
  switch (tamperer->Below(10)) {
    case 0:
    case 1:
    case 2:
      if (value.empty()) return {};
      return {"bit flipped", {{key, tamperer->Flipped(value)}}};
    case 3:
      if (value.empty()) return {};
      return {"value cut", {{key, tamperer->Cut(value)}}};
    case 4:
      return {"row left out", {{key, absl::nullopt}}};
    case 5:
      return {"two values exchanged", {{key, like.second}, {like.first, value}}};
    case 6:
      return {"value of another row", {{key, like.second}}};
    case 7:
      return {"row moved",
              {{key, absl::nullopt}, {key[0] + tamperer->Flipped(key.substr(1)), value}}};
    case 8:
      return {"row doubled", {{key[0] + tamperer->Flipped(key.substr(1)), value}}};
    default:
      switch (tamperer->Below(3)) {
        case 0:
          return named("nguyet", "khoaxx");
        case 1:
          return named("dam", "que");
        default:
          return named("ngu", "dam");
      }
  }
}

TEST_F(TamperedStore, IsFoundOutInEveryDraw) {
  ASSERT_FALSE(Found());
  tests::Tamperer tamperer(20261108);
  std::map<std::string, size_t> found, told;
  std::map<char, size_t> of_table;
  size_t same = 0;
  std::vector<char> letters;
  for (const auto& [letter, places] : tables_) letters.push_back(letter);
  for (size_t drawn = 0; drawn < kDraws;) {
    // Each table as often as any other, however many rows it has.
    const std::vector<size_t>& places = tables_[letters[tamperer.Below(letters.size())]];
    const Row& row = rows_[places[tamperer.Below(places.size())]];
    const Row& like = rows_[places[tamperer.Below(places.size())]];
    if (row.first.size() == 1) continue;
    const Deed deed = Draw(&tamperer, row, like);
    std::map<std::string, absl::optional<std::string>> before;
    bool changes = false;
    for (const auto& [key, value] : deed.puts) {
      if (before.count(key) == 0) before[key] = *room_.store->Get(key);
      changes = changes || value != before[key];
    }
    if (!changes) continue;
    for (const auto& [key, value] : deed.puts) Put(key, value);
    const Table table = static_cast<Table>(row.first[0]);
    if (Found()) {
      ++found[deed.kind];
      ++of_table[row.first[0]];
      ++drawn;
    } else {
      std::set<std::string> what;
      for (const auto& [key, was] : before) {
        const auto is = *room_.store->Get(key);
        if (!was.has_value() || !is.has_value()) {
          what.insert(was.has_value() ? "(a row)" : "(one more)");
        } else {
          what.merge(Differences(table, *was, *is));
        }
      }
      ASSERT_TRUE(what.empty() || IsOnlyTold(row.first[0], what))
          << DescribeKey(row.first) << ", " << deed.kind << ": " << absl::StrJoin(what, ", ")
          << " was not found, draw " << drawn;
      if (what.empty()) {
        ++same;
      } else {
        ++told[absl::StrCat(std::string(1, row.first[0]), " ", deed.kind, ": ",
                            absl::StrJoin(what, ", "))];
        ++drawn;
      }
    }
    for (const auto& [key, was] : before) Put(key, was);
  }
  ASSERT_FALSE(Found()) << "put back";
  for (const auto& [kind, count] : found) std::printf("  %-24s %6zu found\n", kind.c_str(), count);
  for (const auto& [letter, count] : of_table) std::printf("  %c %6zu found\n", letter, count);
  for (const auto& [what, count] : told) std::printf("  told: %-60s %6zu\n", what.c_str(), count);
  std::printf("  drawn again, as it read the same: %zu\n", same);
}

// A phone is somebody else's from now on, and what it sealed with it.
TEST_F(TamperedStore, ADeviceIsNobodyElses) {
  for (const Row& row : rows_) {
    stored::v1::DeviceRow device;
    if (row.first[0] != 'd' || !device.ParseFromString(row.second) || device.head().empty())
      continue;
    device.set_user_id(device.user_id() == "dam" ? "nguyet" : "dam");
    Put(row.first, device.SerializeAsString());
    EXPECT_TRUE(Found()) << DescribeKey(row.first);
    Put(row.first, row.second);
  }
  EXPECT_FALSE(Found());
}

}  // namespace
}  // namespace sotay::server
