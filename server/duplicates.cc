#include "server/duplicates.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/page.h"
#include "server/reading.h"
#include "server/refusal.h"
#include "sotay/options/v1/duplicates.pb.h"
#include "sync/fragment.h"
#include "sync/merged_record.h"
#include "sync/status_macros.h"
#include "sync/unknown_time.h"

namespace sotay::server {
namespace {

// Rows of lists, and records among them: one call is some 100 ms of one of the threads that answer
// everybody.
constexpr size_t kRowsMax = 100'000;
constexpr size_t kLookedAtMax = 5'000;
constexpr int kPairsMax = 200;
// Of one record, with what came after it.
constexpr size_t kPairsOfOneMax = 20;

// Which of them are linked, directly or over others; also by what counts for nothing
// (sync/one_thing.h), as people have spoken of these already.
class Linked {
 public:
  sync::RecordId RootOf(const sync::RecordId& id) {
    sync::RecordId at = id;
    for (auto up = above_.find(at); up != above_.end(); up = above_.find(at)) {
      // Half the way is saved for the next who asks (path halving).
      const auto further = above_.find(up->second);
      if (further != above_.end()) up->second = further->second;
      at = up->second;
    }
    return at;
  }
  void Link(const sync::RecordId& a, const sync::RecordId& b) {
    const sync::RecordId of_a = RootOf(a);
    const sync::RecordId of_b = RootOf(b);
    if (of_a != of_b) above_.emplace(of_a, of_b);
  }

 private:
  std::map<sync::RecordId, sync::RecordId> above_;
};

}  // namespace

struct Duplicates::Candidate {
  const Rule* rule = nullptr;
  sync::RecordId id;
  std::string alike;  // equal in those that may be one
  int64_t when_ms = 0;
  bool as_written = false;  // when it was written stands for when it happened
  std::vector<sync::RecordId> links;
};

struct Duplicates::Pair {
  const Rule* rule = nullptr;
  sync::RecordId first;
  sync::RecordId second;
  int64_t when_ms = 0;
  int64_t apart_ms = 0;
  bool first_as_written = false;
  bool second_as_written = false;
};

absl::StatusOr<std::unique_ptr<Duplicates>> Duplicates::Make(const Directory* directory,
                                                             Store* store,
                                                             const sync::Schema* schema) {
  std::unique_ptr<Duplicates> made(new Duplicates(directory, store, schema));
  for (const auto& [name, type] : schema->types()) {
    SOTAY_ASSIGN_OR_RETURN(Rule rule, RuleOf(type));
    if (rule.type != nullptr) made->rules_.push_back(std::move(rule));
  }
  return made;
}

absl::StatusOr<Duplicates::Rule> Duplicates::RuleOf(const sync::RecordType& type) {
  // A type from a descriptor file keeps its options in a pool of its own.
  google::protobuf::MessageOptions known;
  known.ParseFromString(type.descriptor->options().SerializeAsString());
  Rule rule;
  if (!known.HasExtension(options::v1::duplicates)) return rule;
  const options::v1::DuplicateRule& declared = known.GetExtension(options::v1::duplicates);
  const auto wrong = [&type](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(type.name, ": duplicates: ", what));
  };
  const auto plain = [&type](const std::string& name) -> const sync::FieldType* {
    const sync::FieldType* const field = type.Field(absl::string_view(name));
    if (field == nullptr || field->is_map || field->repeated) return nullptr;
    const bool once = field->rule == options::v1::RULE_ONCE;
    return once || field->rule == options::v1::RULE_REGISTER ? field : nullptr;
  };
  for (const std::string& name : declared.same()) {
    rule.same.push_back(plain(name));
    if (rule.same.back() == nullptr) return wrong(absl::StrCat(name, " cannot be compared"));
  }
  if (rule.same.empty()) return wrong("no field is to be the same");
  rule.when = plain(declared.when());
  if (rule.when == nullptr ||
      rule.when->descriptor->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_INT64) {
    return wrong("`when` is no int64 field");
  }
  rule.link = plain(declared.link());
  if (rule.link == nullptr || rule.link->rule != options::v1::RULE_REGISTER ||
      rule.link->descriptor->type() != google::protobuf::FieldDescriptor::TYPE_BYTES) {
    return wrong("`link` is no REGISTER of a record id");
  }
  rule.within_ms = int64_t{declared.within_s()} * 1000;
  rule.when_filled = declared.when_filled();
  for (const options::v1::ValueStands& only : declared.only()) {
    const sync::FieldType* const field = plain(only.field());
    const auto* const values = field != nullptr ? field->descriptor->enum_type() : nullptr;
    const auto* const value = values != nullptr ? values->FindValueByName(only.value()) : nullptr;
    if (value == nullptr) {
      return wrong(absl::StrCat(only.value(), " is no value of a field ", only.field()));
    }
    rule.only.emplace_back(field, value->number());
  }
  rule.type = &type;
  return rule;
}

absl::optional<Duplicates::Candidate> Duplicates::CandidateOf(const Rule& rule,
                                                              const sync::MergedRecord& record) {
  Candidate candidate;
  candidate.rule = &rule;
  candidate.id = record.id();
  for (const sync::FieldType* field : rule.same) {
    const sync::FieldSlot* const slot = record.Slot(field->number);
    if (slot == nullptr || slot->readings.empty()) return absl::nullopt;
    const std::string& value = slot->readings.front().value;
    const auto other = [&value](const sync::StandingReading& r) { return r.value != value; };
    if (value.empty() || std::any_of(slot->readings.begin(), slot->readings.end(), other)) {
      return absl::nullopt;
    }
    absl::StrAppend(&candidate.alike, value.size(), ":", value);
  }
  for (const auto& [field, number] : rule.only) {
    const sync::FieldSlot* const slot = record.Slot(field->number);
    if (slot == nullptr || slot->readings.empty()) return absl::nullopt;
    const auto other = [wanted = number](const sync::StandingReading& r) {
      return static_cast<int32_t>(sync::VarintOf(r.value).value_or(0)) != wanted;
    };
    if (std::any_of(slot->readings.begin(), slot->readings.end(), other)) return absl::nullopt;
  }
  // An unknown time's stamp is the earliest it can be; what its clock said is nearer mostly.
  const sync::Author& born = record.birth();
  candidate.when_ms =
      sync::IsTimeUnknown(born.stamp) ? sync::BoundMs(born.claimed_ms) : sync::StampMs(born.stamp);
  const sync::FieldSlot* const when = record.Slot(rule.when->number);
  const uint64_t said = when != nullptr && !when->readings.empty()
                            ? sync::VarintOf(when->readings.front().value).value_or(0)
                            : 0;
  if (said == 0 && rule.when_filled) return absl::nullopt;
  candidate.as_written = said == 0;
  if (said != 0) candidate.when_ms = sync::BoundMs(static_cast<int64_t>(said));
  if (const sync::FieldSlot* const link = record.Slot(rule.link->number)) {
    for (const sync::StandingReading& reading : link->readings) {
      const auto bytes = sync::StringOf(reading.value).value_or(absl::string_view());
      if (const auto id = sync::RecordId::From(bytes)) candidate.links.push_back(*id);
    }
  }
  return candidate;
}

absl::StatusOr<std::vector<Duplicates::Candidate>> Duplicates::Gather(const Person& person,
                                                                      const std::string& unit,
                                                                      Bound* left) const {
  std::vector<Candidate> candidates;
  Reading reading(directory_, &store_, schema_, person, unit);
  absl::Status status;
  const FeedPlace newest{std::numeric_limits<uint64_t>::max(), sync::RecordId()};
  const auto visit = [&](const FeedPlace& place, const stored::v1::FeedRow& row) {
    if (left->rows == 0 || left->records == 0) return false;
    --left->rows;
    const auto rule = std::find_if(rules_.begin(), rules_.end(), [&row](const Rule& one) {
      return one.type->name == row.type();
    });
    if (rule == rules_.end()) return true;
    const absl::StatusOr<sync::Verdict> verdict = reading.Of(place.record, row);
    status = verdict.status();
    if (!status.ok()) return false;
    if (!verdict->allowed()) return true;
    --left->records;
    const auto stored = store_.LoadRecord(place.record);
    status = stored.status();
    if (!status.ok()) return false;
    if (!stored->has_value()) return true;
    const auto record = sync::MergedRecord::Parse(schema_, (*stored)->bytes);
    status = record.status();
    if (!status.ok()) return false;
    if (auto candidate = CandidateOf(*rule, *record)) candidates.push_back(*std::move(candidate));
    return true;
  };
  SOTAY_RETURN_IF_ERROR(store_.VisitFeedBackwards(unit, newest, visit));
  SOTAY_RETURN_IF_ERROR(status);
  return candidates;
}

std::vector<Duplicates::Pair> Duplicates::PairsAmong(std::vector<Candidate> candidates,
                                                     bool* more) {
  Linked linked;
  for (const Candidate& one : candidates) {
    for (const sync::RecordId& other : one.links) linked.Link(one.id, other);
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.rule, a.alike, a.when_ms, a.id) < std::tie(b.rule, b.alike, b.when_ms, b.id);
  });
  std::vector<Pair> pairs;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& first = candidates[i];
    size_t of_one = 0;
    for (size_t j = i + 1; j < candidates.size(); ++j) {
      const Candidate& second = candidates[j];
      if (first.rule != second.rule || first.alike != second.alike) break;
      const int64_t apart_ms = second.when_ms - first.when_ms;
      if (apart_ms > first.rule->within_ms) break;
      // A record changed while they were gathered may have been met twice.
      if (first.id == second.id || linked.RootOf(first.id) == linked.RootOf(second.id)) continue;
      if (of_one++ == kPairsOfOneMax) {
        *more = true;
        break;
      }
      pairs.push_back({first.rule, first.id, second.id, second.when_ms, apart_ms, first.as_written,
                       second.as_written});
    }
  }
  return pairs;
}

absl::StatusOr<v1::ListDuplicatesResponse> Duplicates::ListDuplicates(
    const Person& person, const v1::ListDuplicatesRequest& request, ShownParts* shown) const {
  if (!request.unit_id().empty() && !directory_.MayRead(person, request.unit_id())) {
    return NotFound("the unit");
  }
  const bool subtree = request.unit_id().empty() || request.subtree();
  std::vector<Pair> pairs;
  bool more = false;
  Bound left = {kRowsMax, kLookedAtMax};
  for (const std::string& unit : directory_.Readable(person, request.unit_id(), subtree)) {
    SOTAY_ASSIGN_OR_RETURN(std::vector<Candidate> candidates, Gather(person, unit, &left));
    for (Pair& pair : PairsAmong(std::move(candidates), &more)) pairs.push_back(std::move(pair));
  }
  // The newest first, and of those the nearest.
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return std::tie(b.when_ms, a.second, a.apart_ms, a.first) <
           std::tie(a.when_ms, b.second, b.apart_ms, b.first);
  });
  v1::ListDuplicatesResponse response;
  response.set_more(more || left.rows == 0 || left.records == 0);
  size_t bytes = 0;
  const auto fill = [&](const sync::RecordId& id, v1::FeedRecord* record) -> absl::Status {
    SOTAY_ASSIGN_OR_RETURN(auto stored, store_.LoadRecord(id));
    if (!stored.has_value()) return absl::DataLossError("a record of the feed is missing");
    bytes += stored->bytes.size();
    if (shown != nullptr) AddShown(shown, stored->unit, stored->position);
    record->set_position(stored->position);
    *record->mutable_record() = std::move(stored->bytes);
    return absl::OkStatus();
  };
  for (const Pair& pair : pairs) {
    if (response.pairs_size() == kPairsMax || bytes > kPageBytesMax) {
      response.set_more(true);
      break;
    }
    v1::DuplicatePair* const told = response.add_pairs();
    told->set_apart_ms(pair.apart_ms);
    told->set_link(pair.rule->link->name);
    told->set_first_as_written(pair.first_as_written);
    told->set_second_as_written(pair.second_as_written);
    SOTAY_RETURN_IF_ERROR(fill(pair.first, told->mutable_first()));
    SOTAY_RETURN_IF_ERROR(fill(pair.second, told->mutable_second()));
  }
  return response;
}

}  // namespace sotay::server
