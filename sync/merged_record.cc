#include "sync/merged_record.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "sotay/v1/change.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/fragment.h"
#include "sync/text.h"
#include "sync/text_disputes.h"
#include "sync/unknown_time.h"
#include "sync/yielding.h"

namespace sotay::sync {
namespace {

// What the edit does to each text, in its order.
std::map<FieldPath, std::vector<const v1::TextEdit*>> TextEditsIn(const v1::RecordEdit& edit) {
  std::map<FieldPath, std::vector<const v1::TextEdit*>> texts;
  for (const v1::FieldOp& op : edit.ops()) {
    if (op.has_text()) texts[FieldPath(op.field(), op.key())].push_back(&op.text());
  }
  return texts;
}

}  // namespace

const StandingReading* FieldSlot::Text() const {
  for (const StandingReading& reading : readings) {
    if (reading.text) return &reading;
  }
  return nullptr;
}

MergedRecord::MergedRecord(const RecordType* type, RecordId id, std::string type_name,
                           std::string unit_id, RecordId dossier)
    : type_(type),
      id_(id),
      type_name_(std::move(type_name)),
      unit_id_(std::move(unit_id)),
      dossier_(dossier) {}

size_t MergedRecord::AddAuthor(const Author& author) {
  authors_.push_back(author);
  return authors_.size() - 1;
}

bool MergedRecord::Earlier(size_t a, size_t b) const {
  return std::tie(authors_[a].stamp, authors_[a].change) <
         std::tie(authors_[b].stamp, authors_[b].change);
}

bool MergedRecord::Seen(size_t author, const VersionVector& seen) const {
  return seen.Has(authors_[author].device, authors_[author].sequence);
}

void MergedRecord::MoveHeads(size_t author, const VersionVector& seen) {
  heads_.erase(
      std::remove_if(heads_.begin(), heads_.end(), [&](size_t head) { return Seen(head, seen); }),
      heads_.end());
  heads_.push_back(author);
  seen_.Join(seen);
}

void MergedRecord::Apply(const v1::RecordEdit& edit, const Author& author,
                         const VersionVector& seen, const std::vector<std::string>& texts) {
  if (seen_.Has(author.device, author.sequence)) return;
  const size_t index = FindOrAddAuthor(author);
  if (!born_) {
    born_ = true;
    birth_ = index;
  }
  // A device has always seen its own earlier changes, and the earlier operations of this one.
  const bool has_all = seen.Covers(seen_);
  VersionVector context = seen;
  context.Add(author.device, author.sequence);
  if (has_all && !texts.empty()) {
    for (const auto& [path, edits] : TextEditsIn(edit)) {
      const auto at = fields_.find(path);
      if (at == fields_.end() || at->second.disputes == nullptr) continue;
      at->second.disputes =
          DisputesAfter(*at->second.disputes, ShownText(path.first, path.second), edits);
    }
  }
  size_t text = 0;
  for (const v1::FieldOp& op : edit.ops()) {
    const std::string* after = nullptr;
    if (op.op_case() == v1::FieldOp::kText && text < texts.size()) after = &texts[text++];
    ApplyOp(op, index, context, has_all ? after : nullptr);
  }
  MoveHeads(index, context);
}

void MergedRecord::SetText(const FieldPath& path, const WrittenText& text) {
  FieldSlot& slot = fields_[path];
  slot.readings.erase(std::remove_if(slot.readings.begin(), slot.readings.end(),
                                     [](const StandingReading& r) { return r.text; }),
                      slot.readings.end());
  slot.readings.push_back(
      {StringFragment(path.first, text.text), FindOrAddAuthor(text.newest), true});
  auto disputes = std::make_shared<TextDisputes>();
  for (const auto& span : text.spans) {
    std::vector<StandingReading>& readings = disputes->spans.emplace_back();
    for (const WrittenText::Reading& reading : span) {
      readings.push_back(
          {StringFragment(path.first, reading.text), FindOrAddAuthor(reading.author), true});
    }
  }
  for (const WrittenText::Again& again : text.again) {
    SentenceAgain& sentence = disputes->again.emplace_back();
    sentence.position = again.position;
    sentence.length = again.length;
    for (const Author& author : again.authors) sentence.authors.push_back(FindOrAddAuthor(author));
  }
  const bool any = !disputes->spans.empty() || !disputes->again.empty();
  slot.typed = text.typed;
  slot.disputes = any ? std::move(disputes) : nullptr;
  const FieldType* field = type_ != nullptr ? type_->Field(path.first) : nullptr;
  Sort(field == nullptr ? slot.rule : field->rule, field, &slot);
}

bool MergedRecord::MayYield(const v1::RecordEdit& edit, const VersionVector& seen) const {
  if (type_ == nullptr || type_->yielding.empty() || seen.Covers(seen_)) return false;
  return std::any_of(type_->yielding.begin(), type_->yielding.end(), [&](const FieldType* field) {
    const auto yields = [field](const std::string& value) {
      return field->yielding.count(static_cast<int32_t>(VarintOf(value).value_or(0))) != 0;
    };
    const FieldSlot* const slot = Slot(field->number);
    if (slot != nullptr &&
        (!slot->requests.empty() ||
         std::any_of(slot->readings.begin(), slot->readings.end(),
                     [&](const StandingReading& r) { return yields(r.value); }))) {
      return true;
    }
    return std::any_of(edit.ops().begin(), edit.ops().end(), [&](const v1::FieldOp& op) {
      return op.field() == field->number && yields(op.set());
    });
  });
}

void MergedRecord::SetState(const FieldType& field, const WrittenState& state) {
  FieldSlot& slot = fields_[FieldPath(field.number, "")];
  slot.readings.clear();
  for (const WrittenState::Step& step : state.standing) {
    slot.readings.push_back({step.value, FindOrAddAuthor(step.author)});
  }
  Sort(field.rule, &field, &slot);
  slot.requests.clear();
  for (const WrittenState::Request& asked : state.requests) {
    StepRequest& request = slot.requests.emplace_back();
    request.value = asked.value;
    request.author = FindOrAddAuthor(asked.author);
    request.reason = asked.reason;
    for (const Author& author : asked.unaware) request.unaware.push_back(FindOrAddAuthor(author));
  }
  std::sort(slot.requests.begin(), slot.requests.end(),
            [this](const StepRequest& a, const StepRequest& b) {
              return authors_[a.author].change < authors_[b.author].change;
            });
}

size_t MergedRecord::FindOrAddAuthor(const Author& author) {
  for (size_t i = 0; i < authors_.size(); ++i) {
    if (authors_[i].change == author.change) return i;
  }
  return AddAuthor(author);
}

void MergedRecord::Assign(const v1::FieldOp& op, const Author& author) {
  FieldSlot& slot = fields_[FieldPath(op.field(), op.key())];
  const size_t index = FindOrAddAuthor(author);
  slot.readings.push_back({op.set(), index});
  Sort(options::v1::RULE_SERVER, nullptr, &slot);
  slot.readings.resize(1);
}

Rule MergedRecord::RuleOf(const v1::FieldOp& op) const {
  if (type_ != nullptr) {
    if (const FieldType* field = type_->Field(op.field())) return field->rule;
  }
  switch (op.op_case()) {  // a field of a newer build: the operation tells
    case v1::FieldOp::kAdd:
    case v1::FieldOp::kRemove:
      return options::v1::RULE_SET;
    case v1::FieldOp::kAppend:
      return options::v1::RULE_LOG;
    case v1::FieldOp::kCount:
      return options::v1::RULE_COUNTER;
    case v1::FieldOp::kText:
      return options::v1::RULE_TEXT;
    default:
      return options::v1::RULE_REGISTER;
  }
}

void MergedRecord::ApplyText(const v1::FieldOp& op, size_t author, const std::string& text,
                             FieldSlot* slot) {
  slot->typed += TypedIn(op.text());
  auto& readings = slot->readings;
  readings.erase(std::remove_if(readings.begin(), readings.end(),
                                [](const StandingReading& r) { return r.text; }),
                 readings.end());
  readings.push_back({StringFragment(op.field(), text), author, true});
}

void MergedRecord::ApplyOp(const v1::FieldOp& op, size_t author, const VersionVector& seen,
                           const std::string* text) {
  const auto [place, fresh] = fields_.try_emplace(FieldPath(op.field(), op.key()));
  FieldSlot& slot = place->second;
  const Rule rule = RuleOf(op);
  const FieldType* field = type_ != nullptr ? type_->Field(op.field()) : nullptr;
  if (field == nullptr) {
    slot.rule = fresh || slot.rule == rule ? rule : options::v1::RULE_UNSPECIFIED;
  }
  const auto drop_seen = [&](const auto& also) {
    slot.readings.erase(std::remove_if(slot.readings.begin(), slot.readings.end(),
                                       [&](const StandingReading& r) {
                                         return !r.text && also(r) && Seen(r.author, seen);
                                       }),
                        slot.readings.end());
  };
  const auto any = [](const StandingReading&) { return true; };
  switch (op.op_case()) {
    case v1::FieldOp::kSet:
      if (rule == options::v1::RULE_ONCE) {
        // What was written with knowledge of a value is no writing; validate.h refuses it.
        if (std::any_of(slot.readings.begin(), slot.readings.end(),
                        [&](const StandingReading& r) { return Seen(r.author, seen); })) {
          return;
        }
      } else {
        drop_seen(any);
        // Decided, either way; whoever may not decide steps past it.
        const auto decided = [&](const StepRequest& r) {
          return Seen(r.author, seen) &&
                 (field == nullptr ||
                  Decides(*field, static_cast<int32_t>(VarintOf(r.value).value_or(0)),
                          authors_[author]));
        };
        slot.requests.erase(std::remove_if(slot.requests.begin(), slot.requests.end(), decided),
                            slot.requests.end());
      }
      slot.readings.push_back({op.set(), author});
      break;
    case v1::FieldOp::kText:
      if (text == nullptr) return;
      ApplyText(op, author, *text, &slot);
      break;
    case v1::FieldOp::kAdd:
      drop_seen([&](const StandingReading& r) { return r.value == op.add(); });
      slot.readings.push_back({op.add(), author});
      break;
    case v1::FieldOp::kRemove:
      drop_seen([&](const StandingReading& r) { return r.value == op.remove(); });
      break;
    case v1::FieldOp::kAppend:
      slot.readings.push_back({op.append(), author});
      break;
    case v1::FieldOp::kCount:
      // As unsigned numbers, which may wrap: a sum past 64 bits is wrong, but the same everywhere.
      slot.total = static_cast<int64_t>(static_cast<uint64_t>(slot.total) +
                                        static_cast<uint64_t>(op.count()));
      break;
    case v1::FieldOp::OP_NOT_SET:
      return;
  }
  Sort(field == nullptr ? slot.rule : rule, field, &slot);
  if (rule == options::v1::RULE_LATEST && slot.readings.size() > 1) {
    // What lost here has lost for good: whoever saw the winner has a later stamp than all it beat.
    slot.readings.erase(std::remove_if(slot.readings.begin() + 1, slot.readings.end(),
                                       [this](const StandingReading& r) {
                                         return !IsTimeUnknown(authors_[r.author].stamp);
                                       }),
                        slot.readings.end());
  }
}

void MergedRecord::Sort(Rule rule, const FieldType* field, FieldSlot* slot) const {
  auto& readings = slot->readings;
  if (readings.size() < 2) return;
  using R = const StandingReading&;
  // A step is made from the state in force at its parents, and whoever makes it knows no effective
  // stamps yet: which one is in force must follow from the parents alone.
  const auto by_id = [this](R a, R b) {
    return authors_[a.author].change < authors_[b.author].change;
  };
  switch (rule) {
    case options::v1::RULE_SET:
      std::stable_sort(readings.begin(), readings.end(), [&](R a, R b) {
        return a.value != b.value ? a.value < b.value : Earlier(a.author, b.author);
      });
      break;
    case options::v1::RULE_LOG:
    case options::v1::RULE_ONCE:
    case options::v1::RULE_SERVER:
      std::stable_sort(readings.begin(), readings.end(),
                       [&](R a, R b) { return Earlier(a.author, b.author); });
      break;
    case options::v1::RULE_STATE: {
      const auto caution = [&](R r) -> uint32_t {
        if (field == nullptr) return 0;
        const auto at = field->caution.find(static_cast<int32_t>(VarintOf(r.value).value_or(0)));
        return at == field->caution.end() ? 0 : at->second;
      };
      std::stable_sort(readings.begin(), readings.end(), [&](R a, R b) {
        const auto rank = [&](R r) {
          return std::make_tuple(authors_[r.author].authority, caution(r));
        };
        return rank(a) != rank(b) ? rank(a) > rank(b) : by_id(a, b);
      });
      break;
    }
    case options::v1::RULE_UNSPECIFIED:
      // Operations of several kinds in one field are no honest build's; the order of what they
      // leave must not depend on which came last all the same.
      std::sort(readings.begin(), readings.end(), [&](R a, R b) {
        return a.author != b.author ? Earlier(a.author, b.author) : a.value < b.value;
      });
      break;
    default:
      std::stable_sort(readings.begin(), readings.end(),
                       [&](R a, R b) { return Earlier(b.author, a.author); });
      break;
  }
}

std::vector<ChangeId> MergedRecord::heads() const {
  std::vector<ChangeId> ids;
  ids.reserve(heads_.size());
  for (size_t head : heads_) ids.push_back(authors_[head].change);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Stamp MergedRecord::newest_stamp() const {
  Stamp newest = 0;
  for (size_t head : heads_) newest = std::max(newest, authors_[head].stamp);
  return newest;
}

bool MergedRecord::StandsTakenIn(const DeviceId& device) const {
  return std::any_of(authors_.begin(), authors_.end(),
                     [&](const Author& author) { return author.written_on == device; });
}

size_t MergedRecord::bytes() const {
  constexpr size_t kPerAuthor = 128;
  constexpr size_t kPerDevice = 32;
  constexpr size_t kPerSlot = 24;
  size_t total = kPerAuthor * heads_.size() + kPerDevice * seen_.entries().size();
  for (const auto& [path, slot] : fields_) {
    total += kPerSlot + path.second.size();
    for (const StandingReading& reading : slot.readings) total += reading.value.size() + kPerAuthor;
    for (const StepRequest& request : slot.requests) {
      total +=
          request.value.size() + request.reason.size() + kPerAuthor * (1 + request.unaware.size());
    }
    if (slot.disputes == nullptr) continue;
    for (const auto& span : slot.disputes->spans) {
      for (const StandingReading& reading : span) total += reading.value.size() + kPerAuthor;
    }
    for (const SentenceAgain& again : slot.disputes->again) {
      total += kPerSlot + kPerAuthor * again.authors.size();
    }
  }
  return total;
}

const FieldSlot* MergedRecord::Slot(uint32_t field, absl::string_view key) const {
  const auto at = fields_.find(FieldPath(field, std::string(key)));
  return at == fields_.end() ? nullptr : &at->second;
}

absl::string_view MergedRecord::ShownText(uint32_t field, absl::string_view key) const {
  const FieldSlot* slot = Slot(field, key);
  const StandingReading* text = slot != nullptr ? slot->Text() : nullptr;
  if (text == nullptr) return {};
  return StringOf(text->value).value_or(absl::string_view());
}

int32_t MergedRecord::StateInForce(uint32_t field) const {
  const FieldSlot* slot = Slot(field);
  if (slot == nullptr || slot->readings.empty()) return 0;
  return static_cast<int32_t>(VarintOf(slot->readings.front().value).value_or(0));
}

}  // namespace sotay::sync
