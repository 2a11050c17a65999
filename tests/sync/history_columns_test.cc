// A record's history in columns: all of it comes back and merges to the same, and what is cut or
// changed on the way is refused or another whole history, never half of one.
#include "sync/history_columns.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/blame.h"
#include "sync/limits.h"
#include "sync/seal/packed_history.h"
#include "tests/laws/chance.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"
#include "tests/text/word_past.h"

namespace sotay::sync {
namespace {

using laws::Chance;
using testing::HasSubstr;
using tests::IsOk;
using tests::RecordNamed;
using tests::StatusIs;

constexpr absl::StatusCode kRefused = absl::StatusCode::kInvalidArgument;
constexpr uint32_t kBody = 3;

const RecordId& Note() {
  static const RecordId id = RecordNamed("note");
  return id;
}

// In one line each, everything there is to tell; the order of parents means nothing.
std::vector<std::string> Told(const std::vector<AdmittedEdit>& edits) {
  std::vector<std::string> told;
  for (const AdmittedEdit& one : edits) {
    v1::LogEntry entry;
    v1::Change change;
    change.set_device_id(one.device.str());
    change.set_sequence(one.sequence);
    change.set_claimed_ms(one.claimed_ms);
    change.set_reason(one.reason);
    *change.add_edits() = one.edit;
    auto* const parents = change.mutable_edits(0)->mutable_parents();
    std::sort(parents->begin(), parents->end());
    entry.set_change(change.SerializeAsString());
    entry.set_change_id(one.change.str());
    *entry.mutable_admission() = one.admission;
    one.told.ToProto(entry.mutable_seen());
    told.push_back(entry.SerializeAsString());
  }
  return told;
}

absl::StatusOr<std::vector<AdmittedEdit>> Back(const std::vector<AdmittedEdit>& edits) {
  return ReadHistory(WriteHistory(edits), Note());
}

using Text = seal::HistoryText;

std::string Form(const std::vector<AdmittedEdit>& edits, Text text) {
  return seal::PackColumns(WriteHistory(edits), text).data();
}

absl::StatusOr<std::vector<AdmittedEdit>> Unpacked(const std::string& form) {
  v1::Packed packed;
  packed.set_codec(v1::CODEC_PLAIN);
  packed.set_size(static_cast<uint32_t>(form.size()));
  packed.set_data(form);
  return seal::UnpackHistory(packed, Note());
}

std::string UnknownField(Chance* chance) {
  v1::RecordEdit odd;
  odd.GetReflection()->MutableUnknownFields(&odd)->AddVarint(999, chance->Next());
  return odd.SerializeAsString();
}

// Everything but the text: what a server may note and a person may do besides.
void Decorate(Chance* chance, AdmittedEdit* one) {
  v1::Admission& admission = one->admission;
  const uint64_t ms = 1'700'000'000'000 + chance->Below(100'000'000);
  admission.set_stamp(ms << 16 | chance->Below(3));
  admission.set_received_ms(static_cast<int64_t>(ms) + chance->Between(-5'000, 500'000));
  one->claimed_ms =
      chance->Percent(5) ? chance->Between(INT64_MIN / 2, INT64_MAX / 2) : static_cast<int64_t>(ms);
  admission.set_user_id(chance->Percent(80) ? one->device.str().substr(0, 1) : "ngọc");
  admission.set_authority(static_cast<uint32_t>(chance->Below(3)));
  if (chance->Percent(30)) admission.set_skew_ms(chance->Between(-900'000, 900'000));
  if (chance->Percent(10)) admission.add_marks(v1::MARK_CLOCK_BOUNDED);
  if (chance->Percent(10)) {
    v1::AssignedOp* const assigned = admission.add_assigned();
    assigned->set_record_id(Note().str());
    assigned->mutable_op()->set_set("bytes");
  }
  if (chance->Percent(10)) one->reason = "lý do";
  if (chance->Percent(10)) one->told.Add(one->device, chance->Next());
  if (chance->Percent(10)) one->edit.MergeFromString(UnknownField(chance));
  for (size_t more = chance->Below(3); more > 0; --more) {
    v1::FieldOp* const op = one->edit.add_ops();
    op->set_field(static_cast<uint32_t>(chance->Below(9)));
    if (chance->Percent(30)) op->set_key("khoá");
    switch (chance->Below(4)) {
      case 0:
        op->set_set(chance->Bytes(chance->Below(20)));
        break;
      case 1:
        op->set_count(chance->Between(-100, 100));
        break;
      case 2:  // of a kind this build does not know
        op->MergeFromString(UnknownField(chance));
        break;
      default:
        op->mutable_text()->set_length_before(static_cast<uint32_t>(chance->Next()));
        op->mutable_text()->add_splices()->set_position(static_cast<uint32_t>(chance->Next()));
        op->mutable_text()->mutable_splices(0)->set_deleted(chance->Percent(50) ? UINT32_MAX : 1);
        if (chance->Percent(50)) op->mutable_text()->MergeFromString(UnknownField(chance));
    }
  }
}

// A past of one text as a log has it; sequences may have gaps, as devices edit other records too.
std::vector<AdmittedEdit> MakeHistory(Chance* chance, size_t edits_max, bool decorated) {
  const tests::WordPast past = tests::MakeWordPast(chance, edits_max);
  std::vector<AdmittedEdit> edits;
  std::map<std::string, uint64_t> sequences;
  for (size_t i = 0; i < past.edits.size(); ++i) {
    const tests::MergeEdit& made = past.edits[i];
    AdmittedEdit& one = edits.emplace_back();
    one.change = *ChangeId::From(made.id);
    one.device = *DeviceId::From(made.device);
    one.sequence = sequences[made.device] += 1 + chance->Below(3);
    one.edit.set_record_id(Note().str());
    one.edit.set_type("casework.v1.Note");
    for (const size_t seen : made.seen) {  // the heads of what it had seen
      const bool under = std::any_of(made.seen.begin(), made.seen.end(), [&](size_t later) {
        return past.edits[later].seen.count(seen) > 0;
      });
      if (!under) one.edit.add_parents(past.edits[seen].id);
    }
    v1::FieldOp* const op = one.edit.add_ops();
    op->set_field(kBody);
    *op->mutable_text() = past.splices[i];
    one.admission.set_position(i == 0 ? 1
                                      : edits[i - 1].admission.position() + 1 + chance->Below(3));
    if (decorated) Decorate(chance, &one);
  }
  return edits;
}

History Merged(const std::vector<AdmittedEdit>& edits) {
  History history(MergedRecord(nullptr, Note(), "casework.v1.Note", "kv1", Note()));
  for (const AdmittedEdit& one : edits) EXPECT_THAT(history.Add(NodeOf(one)), IsOk());
  return history;
}

std::string Shown(const std::vector<AdmittedEdit>& edits) {
  History history = Merged(edits);
  std::string shown;
  std::vector<VersionVector> versions = {history.Everything()};
  for (const AdmittedEdit& one : edits) versions.push_back(*VersionOf(history, one.change));
  for (const VersionVector& version : versions) {
    shown += history.At(version).Serialize();
    for (const BlameRun& run : Blame(&history, kBody, version)) {
      shown += run.text + run.author.change.Hex() + std::to_string(run.position);
    }
  }
  return shown;
}

TEST(HistoryColumns, EverythingComesBack) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    Chance chance(seed);
    const std::vector<AdmittedEdit> edits = MakeHistory(&chance, 14, true);
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back, Back(edits));
    ASSERT_EQ(Told(back), Told(edits)) << seed;
    for (const Text text : {Text::kPlain, Text::kBrotli}) {
      EXPECT_EQ(Form(back, text), Form(edits, text)) << seed;
      SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> unpacked,
                                 Unpacked(Form(edits, text)));
      EXPECT_EQ(Told(unpacked), Told(edits)) << seed;
    }
  }
}

TEST(HistoryColumns, MergesToTheSame) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Chance chance(seed);
    const std::vector<AdmittedEdit> edits = MakeHistory(&chance, 14, false);
    SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back, Back(edits));
    ASSERT_EQ(Shown(back), Shown(edits)) << seed;
  }
}

TEST(HistoryColumns, APartStandsAlone) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Chance chance(seed);
    const std::vector<AdmittedEdit> edits = MakeHistory(&chance, 14, true);
    const auto cut = static_cast<std::ptrdiff_t>(chance.Below(edits.size() + 1));
    std::vector<AdmittedEdit> all;
    for (const auto& part : {std::vector<AdmittedEdit>(edits.begin(), edits.begin() + cut),
                             std::vector<AdmittedEdit>(edits.begin() + cut, edits.end())}) {
      SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back, Back(part));
      all.insert(all.end(), back.begin(), back.end());
    }
    ASSERT_EQ(Told(all), Told(edits)) << seed;
  }
}

TEST(HistoryColumns, ManyDevicesAndTextsComeBack) {
  Chance chance(1);
  std::vector<AdmittedEdit> edits;
  for (size_t i = 0; i < 600; ++i) {
    AdmittedEdit& one = edits.emplace_back();
    one.change = *ChangeId::From(chance.Bytes(ChangeId::kSize));
    one.device = tests::DeviceNamed("d" + std::to_string(chance.Below(200)));
    one.sequence = i + 1;
    one.edit.set_record_id(Note().str());
    std::set<size_t> parents;
    for (size_t p = chance.Below(5); p > 0 && i > 0; --p) parents.insert(chance.Below(i));
    for (const size_t parent : parents) one.edit.add_parents(edits[parent].change.str());
    for (int text = 0; text < 3; ++text) {
      v1::FieldOp* const op = one.edit.add_ops();
      op->set_field(static_cast<uint32_t>(chance.Below(40)));
      v1::TextSplice* const splice = op->mutable_text()->add_splices();
      splice->set_position(static_cast<uint32_t>(chance.Below(100)));
      splice->set_inserted("chữ");
    }
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back, Back(edits));
  EXPECT_EQ(Told(back), Told(edits));
}

TEST(HistoryColumns, NothingIsAHistoryToo) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back,
                             seal::UnpackHistory(seal::PackHistory({}), Note()));
  EXPECT_TRUE(back.empty());
}

TEST(HistoryColumns, OnePartTakesAsMuchAsItMay) {
  Chance chance(1);
  AdmittedEdit one = MakeHistory(&chance, 3, false).front();
  HistoryPart by_count;
  for (size_t i = 0; i < kHistoryPartChangesMax; ++i) ASSERT_TRUE(by_count.Take(one)) << i;
  EXPECT_FALSE(by_count.Take(one));
  // Splices at their dearest: far apart, nothing typed.
  v1::TextEdit& text = *one.edit.mutable_ops(0)->mutable_text();
  text.clear_splices();
  for (int i = 0; i < kSplicesMax; ++i) {
    text.add_splices()->set_position(i % 2 == 0 ? UINT32_MAX : 0);
  }
  HistoryPart by_bytes;
  std::vector<AdmittedEdit> edits;
  while (by_bytes.Take(one)) edits.push_back(one);
  EXPECT_GT(edits.size(), 8u);
  EXPECT_LE(Form(edits, Text::kPlain).size(), kHistoryPartBytesMax);
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back,
                             Unpacked(Form(edits, Text::kPlain)));
  EXPECT_EQ(back.size(), edits.size());
}

// Every number as large as may be, and none like the one before.
TEST(HistoryColumns, APartOfLargeNumbersFitsToo) {
  Chance chance(1);
  HistoryPart part;
  std::vector<AdmittedEdit> edits;
  for (;;) {
    AdmittedEdit one;
    one.change = *ChangeId::From(chance.Bytes(ChangeId::kSize));
    one.device = *DeviceId::From(chance.Bytes(DeviceId::kSize));
    one.sequence = chance.Next();
    one.claimed_ms = static_cast<int64_t>(chance.Next());
    one.edit.set_record_id(Note().str());
    one.edit.set_type("t" + std::to_string(edits.size()));
    one.admission.set_position(chance.Next());
    one.admission.set_stamp(chance.Next());
    one.admission.set_received_ms(static_cast<int64_t>(chance.Next()));
    one.admission.set_user_id("u" + std::to_string(edits.size()));
    one.admission.set_authority(static_cast<uint32_t>(chance.Next()));
    for (int i = 0; i < 3; ++i) one.edit.add_parents(chance.Bytes(ChangeId::kSize));
    for (int i = 0; i < 2; ++i) one.told.Add(*DeviceId::From(chance.Bytes(16)), chance.Next());
    v1::FieldOp* const op = one.edit.add_ops();
    op->set_field(static_cast<uint32_t>(1 + edits.size() % 100'000));
    op->mutable_text()->set_length_before(static_cast<uint32_t>(chance.Next()));
    for (size_t i = chance.Below(5); i > 0; --i) {
      v1::TextSplice* const splice = op->mutable_text()->add_splices();
      splice->set_position(static_cast<uint32_t>(chance.Next()));
      splice->set_deleted(static_cast<uint32_t>(chance.Next()));
      splice->set_inserted(std::string(chance.Below(4), 'x'));
    }
    if (!part.Take(one)) break;
    edits.push_back(one);
  }
  EXPECT_GT(edits.size(), 1'500u);
  EXPECT_LE(Form(edits, Text::kPlain).size(), kHistoryPartBytesMax);
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back,
                             Unpacked(Form(edits, Text::kPlain)));
  EXPECT_EQ(back.size(), edits.size());
}

TEST(HistoryColumns, WhatIsCutShortIsRefused) {
  Chance chance(7);
  const std::vector<AdmittedEdit> edits = MakeHistory(&chance, 14, true);
  for (const Text text : {Text::kPlain, Text::kBrotli}) {
    const std::string form = Form(edits, text);
    for (size_t size = 0; size < form.size(); ++size) {
      ASSERT_THAT(Unpacked(form.substr(0, size)), StatusIs(kRefused)) << size;
    }
    EXPECT_THAT(Unpacked(form + "x"), StatusIs(kRefused));
    EXPECT_THAT(Unpacked(form + '\0'), StatusIs(kRefused));
  }
}

TEST(HistoryColumns, NumbersAreReadToTheEnd) {
  Chance chance(7);
  const HistoryColumns whole = WriteHistory(MakeHistory(&chance, 14, true));
  HistoryColumns odd = whole;
  odd.numbers.pop_back();
  EXPECT_THAT(ReadHistory(odd, Note()), StatusIs(kRefused));
  odd.numbers = whole.numbers + "x";
  EXPECT_THAT(ReadHistory(odd, Note()), StatusIs(kRefused));
  for (const uint64_t count : {uint64_t{0}, whole.number_count - 1, whole.number_count + 1,
                               uint64_t{kHistoryPartBytesMax}, UINT64_MAX}) {
    odd = whole;
    odd.number_count = count;
    EXPECT_THAT(ReadHistory(odd, Note()), StatusIs(kRefused)) << count;
  }
  odd = whole;
  odd.changes = kHistoryPartChangesMax + 1;
  EXPECT_THAT(ReadHistory(odd, Note()), StatusIs(kRefused, HasSubstr("limit")));
}

TEST(HistoryColumns, AFlippedBitGivesNothingOrAnotherWholeHistory) {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Chance chance(seed);
    const std::vector<AdmittedEdit> edits = MakeHistory(&chance, 10, true);
    const std::string bytes = Form(edits, seed % 2 == 0 ? Text::kPlain : Text::kBrotli);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string flipped = bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      const auto read = Unpacked(flipped);
      if (!read.ok()) {
        ASSERT_THAT(read, StatusIs(kRefused));
        continue;
      }
      ASSERT_EQ(read->size(), edits.size()) << bit;
      SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> again, Back(*read));
      ASSERT_EQ(Told(again), Told(*read)) << bit;
    }
  }
}

TEST(HistoryColumns, AnotherVersionIsNamed) {
  EXPECT_THAT(Unpacked("\x03"), StatusIs(kRefused, HasSubstr("version 3, known is 2")));
  EXPECT_THAT(Unpacked("\x01"), StatusIs(kRefused, HasSubstr("version 1, known is 2")));
}

TEST(HistoryColumns, WhatIsTooLongIsNotLookedAt) {
  EXPECT_THAT(Unpacked(std::string(kHistoryPartBytesMax + 1, '\2')),
              StatusIs(kRefused, HasSubstr("limit")));
}

TEST(HistoryColumns, IsPackedInOneWayOnly) {
  Chance chance(7);
  v1::Packed packed = seal::PackHistory(MakeHistory(&chance, 14, true));
  packed.set_codec(v1::CODEC_ZSTD);
  EXPECT_THAT(seal::UnpackHistory(packed, Note()), StatusIs(kRefused, HasSubstr("codec 2")));
}

// Nor a text that unpacks to more than is paid for.
TEST(HistoryColumns, WhatIsAllTheSameStandsPlain) {
  AdmittedEdit one;
  one.edit.set_record_id(Note().str());
  v1::FieldOp* const op = one.edit.add_ops();
  op->mutable_text()->add_splices()->set_inserted(std::string(50'000, 'a'));
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::vector<AdmittedEdit> back,
                             Unpacked(Form({one}, Text::kBrotli)));
  EXPECT_EQ(Told(back), Told({one}));
  EXPECT_GT(Form({one}, Text::kBrotli).size(), 50'000u);
}

// A long name that each of many changes repeats would be memory for the asking.
TEST(HistoryColumns, ANameIsNotRepeatedWithoutEnd) {
  AdmittedEdit one;
  one.edit.set_record_id(Note().str());
  one.admission.set_user_id(std::string(100'000, 'u'));
  const std::vector<AdmittedEdit> edits(20, one);
  EXPECT_THAT(Back(edits), StatusIs(kRefused));
}

}  // namespace
}  // namespace sotay::sync
