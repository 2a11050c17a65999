#include "tests/laws/past_maker.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "sync/unknown_time.h"
#include "tests/laws/oracle.h"
#include "tests/laws/splice.h"

namespace sotay::laws {
namespace {

// Few words, so that people often write the same; letters of one to four bytes.
const std::vector<std::string>& Words() {
  static const auto* words =
      new std::vector<std::string>{"a", "b", "án", "ấ", "\xF0\x9F\x93\x9D", "hồ sơ"};
  return *words;
}

const std::vector<std::string>& Keys() {
  static const auto* keys = new std::vector<std::string>{"k", "l", "ô"};
  return *keys;
}

const std::vector<uint32_t>& AllFields() {
  static const auto* fields = new std::vector<uint32_t>{
      kName,       kRemarks,        kColour,     kShelves,         kBody,       kTags,  kHands,
      kPages,      kCopies,         kStage,      kCourse,          kNumber,     kSeals, kForeignSet,
      kForeignLog, kForeignCounter, kForeignMap, kForeignRegister, kForeignText};
  return *fields;
}

v1::TextEdit MakeTextEdit(const std::string& text, Chance* chance) {
  v1::TextEdit edit;
  size_t length = Scalars(text).size();
  edit.set_length_before(static_cast<uint32_t>(length));
  for (size_t count = 1 + chance->Below(2); count > 0; --count) {
    v1::TextSplice* splice = edit.add_splices();
    const size_t position = chance->Below(length + 1);
    const size_t deleted = chance->Percent(40) ? chance->Below(length - position + 1) : 0;
    splice->set_position(static_cast<uint32_t>(position));
    splice->set_deleted(static_cast<uint32_t>(deleted));
    if (chance->Percent(85)) splice->set_inserted(chance->Pick(Words()));
    length += Scalars(splice->inserted()).size() - deleted;
  }
  return edit;
}

// What the server may know of the record at that time.
v1::FieldOp MakeAssigned(Chance* chance) {
  v1::FieldOp op;
  op.set_field(kReceived);
  op.set_set(NumberFragment(kReceived, 1 + chance->Below(3)));
  return op;
}

// One that lawfully follows `newest`; by bit 15, which is no part of any other, of a time that
// nobody knows.
sync::Stamp StampAfter(sync::Stamp newest, sync::Stamp step, bool unknown) {
  const sync::Stamp stamp = newest + 1 + step;
  if (unknown) return stamp | 0x8000;
  return stamp % 0x10000 < 0x8000 ? stamp : (stamp / 0x10000 + 1) * 0x10000;
}

struct Writer {
  sync::DeviceId device;
  std::string user;
  uint32_t authority = 0;
  uint64_t sequence = 0;
};

std::vector<Writer> MakeWriters(size_t count, Chance* chance) {
  std::vector<Writer> writers(count);
  for (Writer& writer : writers) {
    writer.device = *sync::DeviceId::From(chance->Bytes(16));
    writer.user = absl::StrCat("user", chance->Below(3));
    const uint32_t authorities[] = {10, 10, 40, 0};
    writer.authority = authorities[chance->Below(4)];
  }
  return writers;
}

// Edits nobody in `version` has built on.
std::vector<size_t> HeadsOf(const Version& version, const std::vector<Version>& seen_by) {
  std::vector<size_t> heads;
  for (size_t i : version) {
    if (std::none_of(version.begin(), version.end(),
                     [&](size_t other) { return seen_by[other].count(i) != 0; })) {
      heads.push_back(i);
    }
  }
  return heads;
}

}  // namespace

v1::FieldOp MakeOp(uint32_t field, const std::string& text, Chance* chance) {
  v1::FieldOp op;
  op.set_field(field);
  const std::string& word = chance->Pick(Words());
  const bool clears = chance->Percent(12);
  switch (field) {
    case kRemarks:
    case kShelves:
    case kForeignMap:
      op.set_key(chance->Pick(Keys()));
      op.set_set(clears ? "" : EntryFragment(field, op.key(), word));
      break;
    case kBody:
    case kForeignText:
      *op.mutable_text() = MakeTextEdit(text, chance);
      break;
    case kTags:
    case kForeignSet:
      chance->Percent(65) ? op.set_add(TextFragment(field, word))
                          : op.set_remove(TextFragment(field, word));
      break;
    case kSeals: {
      const std::string seal = NumberFragment(field, chance->Below(3) * 100);
      chance->Percent(65) ? op.set_add(seal) : op.set_remove(seal);
      break;
    }
    case kHands:
    case kForeignLog:
      op.set_append(TextFragment(field, word));
      break;
    case kCopies:
      op.set_key(chance->Pick(Keys()));
      op.set_count(chance->Between(-3, 3));
      break;
    case kPages:
    case kForeignCounter:
      op.set_count(chance->Percent(5) ? -(int64_t{1} << 40) : chance->Between(-2, 5));
      break;
    case kMuddled: {
      const std::string fragment = TextFragment(field, word);
      switch (chance->Below(5)) {
        case 0:
          op.set_set(clears ? "" : fragment);
          break;
        case 1:
          op.set_add(fragment);
          break;
        case 2:
          op.set_remove(fragment);
          break;
        case 3:
          op.set_append(fragment);
          break;
        default:
          op.set_count(chance->Between(-2, 5));
          break;
      }
      break;
    }
    case kStage:
      op.set_set(clears ? "" : NumberFragment(field, 1 + chance->Below(4)));
      break;
    case kCourse:
      op.set_set(clears ? "" : NumberFragment(field, 1 + chance->Below(3)));
      break;
    default:
      op.set_set(clears ? "" : TextFragment(field, word));
      break;
  }
  return op;
}

Past MakePast(const PastWishes& wishes, Chance* chance) {
  const std::vector<uint32_t>& fields = wishes.fields.empty() ? AllFields() : wishes.fields;
  Past past;
  past.record = *sync::RecordId::From(chance->Bytes(16));
  past.dossier = past.record;
  past.type = kPaper;
  past.unit = "unit-a";
  const size_t devices =
      wishes.devices_min + chance->Below(wishes.devices_max - wishes.devices_min + 1);
  std::vector<Writer> writers = MakeWriters(devices, chance);
  std::vector<size_t> silent(devices);  // who has not written yet
  for (size_t i = 0; i < devices; ++i) silent[i] = i;
  std::vector<Version> knows(writers.size());  // what each device has seen
  std::vector<Version> seen_by;
  const size_t count = std::max(devices, 1 + chance->Below(wishes.edits_max));
  for (size_t i = 0; i < count; ++i) {
    const bool of_silent = count - i <= silent.size();
    const size_t who = of_silent ? chance->Pick(silent) : chance->Below(devices);
    silent.erase(std::remove(silent.begin(), silent.end(), who), silent.end());
    Writer& writer = writers[who];
    Version& known = knows[who];
    // Now and then it has heard of some other edits, and of all they were made on.
    for (size_t other = 0; other < i; ++other) {
      if (!chance->Percent(i == 1 ? 60 : 25)) continue;
      known.insert(other);
      known.insert(seen_by[other].begin(), seen_by[other].end());
    }
    // One edit creates the record; whoever writes it has seen at least that.
    if (known.empty() && i > 0) {
      const size_t other = chance->Below(i);
      known = seen_by[other];
      known.insert(other);
    }
    PastEdit edit;
    edit.edit.set_record_id(past.record.str());
    edit.edit.set_type(past.type);
    std::vector<size_t> parents = HeadsOf(known, seen_by);
    if (chance->Percent(10) && !known.empty()) {
      parents.push_back(*known.begin());  // redundant, and maybe twice
    }
    if (chance->Percent(10) && parents.size() == 1 &&
        past.edits[parents[0]].author.device == writer.device) {
      parents.clear();  // its own last edit it need not name
    }
    for (size_t parent : parents) {
      edit.edit.add_parents(past.edits[parent].author.change.str());
    }
    sync::Stamp newest = 0;
    for (size_t seen : known) newest = std::max(newest, past.edits[seen].author.stamp);
    const sync::Stamp step = chance->Percent(wishes.same_stamp_percent) ? 0 : chance->Below(5);
    writer.sequence += 1 + (chance->Percent(30) ? chance->Below(3) : 0);
    edit.author = {*sync::ChangeId::From(chance->Bytes(32)),
                   writer.device,
                   writer.sequence,
                   StampAfter(newest, step, chance->Percent(wishes.unknown_percent)),
                   writer.user,
                   chance->Between(-5, 1'000'000),
                   writer.authority};
    if (chance->Percent(50)) edit.reason = chance->Pick(Words());
    edit.applied = i == 0 || !chance->Percent(wishes.refused_percent);
    seen_by.push_back(known);
    known.insert(i);
    past.edits.push_back(edit);

    // The operations, on what the author reads.
    absl::optional<Oracle> oracle;  // of whoever writes a text
    std::map<uint32_t, std::string> texts;
    v1::RecordEdit* target = &past.edits.back().edit;
    for (size_t ops = chance->Below(wishes.ops_max + 1) + (i == 0 ? 1 : 0); ops > 0; --ops) {
      const uint32_t field = chance->Pick(fields);
      const bool is_text = field == kBody || field == kForeignText;
      if (is_text && texts.count(field) == 0) {
        if (!oracle.has_value()) oracle.emplace(TypeOf(wishes.build, kPaper), past);
        texts[field] = oracle->TextAt(field, seen_by[i]);
      }
      *target->add_ops() = MakeOp(field, is_text ? texts[field] : "", chance);
      const v1::FieldOp& op = *target->ops().rbegin();
      if (is_text) texts[field] = Splice(texts[field], op.text()).value_or("");
    }
    if (chance->Percent(15)) past.edits.back().assigned.push_back(MakeAssigned(chance));
  }
  return past;
}

Past WithOtherStamps(const Past& past, Chance* chance) {
  Past other = past;
  const Oracle oracle(nullptr, past);
  std::vector<size_t> order(oracle.all().begin(), oracle.all().end());
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return oracle.SeenBy(a).size() < oracle.SeenBy(b).size(); });
  for (size_t i : order) {
    sync::Stamp newest = 0;
    for (size_t seen : oracle.SeenBy(i)) newest = std::max(newest, other.edits[seen].author.stamp);
    const sync::Stamp step = chance->Below(chance->Percent(20) ? 1'000 : 4);
    // Of which a time is unknown stays so.
    other.edits[i].author.stamp =
        StampAfter(newest, step, sync::IsTimeUnknown(past.edits[i].author.stamp));
    other.edits[i].author.claimed_ms = chance->Between(-1'000'000, 1'000'000);
  }
  return other;
}

}  // namespace sotay::laws
