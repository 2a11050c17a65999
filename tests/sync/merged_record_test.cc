// What MergedRecord makes of bytes; how it merges is proven in tests/laws.
#include "sync/merged_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sotay/v1/record.pb.h"
#include "sync/limits.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using tests::CaseworkSchema;
using tests::IsOk;
using tests::kProsecutor;
using tests::NewCase;
using tests::Note;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::RecordNamed;
using tests::StatusIs;
using N = casework::v1::Note;

// A note two people have written to at once.
MergedRecord Disputed() {
  PaperOffice office(CaseworkSchema());
  PaperPhone a = office.Enrol("nguyet", kProsecutor);
  PaperPhone b = office.Enrol("que", kProsecutor);
  a.Write("k", {NewCase("k"), Note("n").Says("một").Add(6, "đo lại").Count(901, 5)});
  office.Exchange(&a);
  office.Exchange(&b);
  a.Write("k", {Note("n").Says("một hai")});
  b.Write("k", {Note("n").Says("một ba").SetNumber(3, 2)});
  office.Exchange(&a);
  office.Exchange(&b);
  return *office.Find("n");
}

v1::Record Message() {
  v1::Record record;
  Disputed().ToProto(&record);
  return record;
}

TEST(MergedRecord, SurvivesItsBytes) {
  const MergedRecord record = Disputed();
  SOTAY_ASSERT_OK_AND_ASSIGN(const MergedRecord again,
                             MergedRecord::Parse(*CaseworkSchema(), record.Serialize()));
  EXPECT_EQ(again.Serialize(), record.Serialize());
  EXPECT_EQ(VisibleBytes(again), VisibleBytes(record));
  EXPECT_EQ(again.heads(), record.heads());
  EXPECT_EQ(again.seen(), record.seen());
  EXPECT_EQ(again.newest_stamp(), record.newest_stamp());
  EXPECT_EQ(again.birth().change, record.birth().change);
  EXPECT_EQ(again.bytes(), record.bytes());
}

TEST(MergedRecord, RefersOnlyToChangesThatStand) {
  const v1::Record record = Message();
  std::set<uint32_t> used = {record.birth()};
  for (uint32_t head : record.heads()) used.insert(head);
  for (const v1::FieldState& field : record.fields()) {
    for (const v1::Reading& reading : field.readings()) used.insert(reading.change());
  }
  EXPECT_EQ(used.size(), static_cast<size_t>(record.changes_size()));
  for (int i = 1; i < record.changes_size(); ++i) {
    EXPECT_LT(record.changes(i - 1).stamp(), record.changes(i).stamp()) << "in order of stamp";
  }
}

TEST(MergedRecord, KeepsATypeNoSchemaKnows) {
  v1::Record message = Message();
  message.set_type("casework.v9.Dream");
  SOTAY_ASSERT_OK_AND_ASSIGN(const MergedRecord record,
                             MergedRecord::FromProto(*CaseworkSchema(), message));
  EXPECT_EQ(record.type(), nullptr);
  EXPECT_EQ(record.Serialize(), message.SerializeAsString());
}

TEST(MergedRecord, RefusesBytesThatContradictThemselves) {
  const struct {
    const char* what;
    std::function<void(v1::Record*)> spoil;
  } cases[] = {
      {"a short id", [](v1::Record* r) { r->set_record_id("n"); }},
      {"a short dossier", [](v1::Record* r) { r->set_dossier_id("k"); }},
      {"no change at all", [](v1::Record* r) { r->clear_changes(); }},
      {"a birth that is none", [](v1::Record* r) { r->set_birth(99); }},
      {"a head that is none", [](v1::Record* r) { r->add_heads(99); }},
      {"a reading by nobody",
       [](v1::Record* r) { r->mutable_fields(0)->mutable_readings(0)->set_change(99); }},
      {"a short change id", [](v1::Record* r) { r->mutable_changes(0)->set_change_id("c"); }},
      {"a short device id", [](v1::Record* r) { r->mutable_changes(0)->set_device_id("d"); }},
      {"no heads", [](v1::Record* r) { r->clear_heads(); }},
      {"changes it has not seen", [](v1::Record* r) { r->mutable_seen()->RemoveLast(); }},
      {"a change twice", [](v1::Record* r) { *r->add_changes() = r->changes(0); }},
      {"changes out of order", [](v1::Record* r) { r->mutable_changes()->SwapElements(0, 1); }},
  };
  for (const auto& c : cases) {
    v1::Record message = Message();
    c.spoil(&message);
    EXPECT_THAT(MergedRecord::FromProto(*CaseworkSchema(), message),
                StatusIs(absl::StatusCode::kDataLoss))
        << c.what;
  }
  EXPECT_THAT(MergedRecord::Parse(*CaseworkSchema(), "\xFF"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(MergedRecord, IsEmptyUntilItsFirstEdit) {
  const MergedRecord record(CaseworkSchema()->Find("note"), RecordNamed("n"), "casework.v1.Note",
                            "vkskv1", RecordNamed("k"));
  EXPECT_TRUE(record.empty());
  EXPECT_TRUE(record.heads().empty());
  EXPECT_EQ(record.newest_stamp(), 0u);
  EXPECT_EQ(record.ShownText(N::kBodyFieldNumber), "");
  EXPECT_EQ(record.StateInForce(N::kStateFieldNumber), 0);
  EXPECT_EQ(record.Slot(N::kBodyFieldNumber), nullptr);
}

TEST(MergedRecord, CountsKeysAmongItsBytes) {
  MergedRecord record = Disputed();
  const size_t before = record.bytes();
  v1::RecordEdit edit;
  v1::FieldOp* op = edit.add_ops();
  op->set_field(902);
  op->set_key(std::string(kKeyBytesMax, 'k'));
  op->set_count(1);
  Author author;
  author.change = tests::ChangeNamed("c");
  author.device = tests::DeviceNamed("c");
  author.sequence = 1;
  record.Apply(edit, author, record.seen(), {});
  EXPECT_GE(record.bytes(), before - 128 + kKeyBytesMax) << "two heads became one";
}

TEST(MergedRecord, SumsPast64BitsTheSameEverywhere) {
  MergedRecord record = Disputed();
  uint64_t sequence = 0;
  for (int64_t step : {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN}) {
    v1::RecordEdit edit;
    v1::FieldOp* op = edit.add_ops();
    op->set_field(902);
    op->set_count(step);
    Author author;
    author.change = tests::ChangeNamed("c" + std::to_string(sequence));
    author.device = tests::DeviceNamed("c");
    author.sequence = ++sequence;
    record.Apply(edit, author, record.seen(), {});
  }
  EXPECT_EQ(record.Slot(902)->total, -3);
}

}  // namespace
}  // namespace sotay::sync
