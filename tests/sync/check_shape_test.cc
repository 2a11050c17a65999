// CheckShape: what a change must look like before anybody asks what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/validate.h"
#include "tests/support/builders.h"

namespace sotay::sync {
namespace {

using ::testing::HasSubstr;
using N = casework::v1::Note;

v1::Change GoodChange() {
  v1::Change change;
  change.set_format(1);
  change.set_device_id(std::string(16, 'd'));
  change.set_sequence(1);
  change.set_salt(std::string(16, 's'));
  change.set_unit_id("vkskv1");
  change.set_dossier_id(std::string(16, 'k'));
  v1::RecordEdit* edit = change.add_edits();
  edit->set_record_id(std::string(16, 'n'));
  edit->set_type("casework.v1.Note");
  v1::FieldOp* op = edit->add_ops();
  op->set_field(N::kNextStepsFieldNumber);
  op->set_add(StringFragment(N::kNextStepsFieldNumber, "đo lại"));
  return change;
}

absl::optional<Refusal> Shape(const v1::Change& change) {
  return CheckShape(change, change.SerializeAsString());
}

struct ShapeCase {
  const char* what;
  std::function<void(v1::Change*)> spoil;
  v1::Reason reason;
  const char* message;
};

TEST(CheckShape, TakesAGoodChange) { EXPECT_FALSE(Shape(GoodChange()).has_value()); }

TEST(CheckShape, TakesAnEditWithoutOperations) {
  v1::Change change = GoodChange();
  change.mutable_edits(0)->clear_ops();
  EXPECT_FALSE(Shape(change).has_value()) << "it joins concurrent branches";
}

TEST(CheckShape, RefusesEachThingThatIsWrong) {
  const auto edit = [](v1::Change* change) { return change->mutable_edits(0); };
  const auto op = [](v1::Change* change) { return change->mutable_edits(0)->mutable_ops(0); };
  const ShapeCase cases[] = {
      {"nothing at all", [](v1::Change* c) { c->Clear(); }, v1::REASON_NEEDS_NEWER, "format 0"},
      {"a format to come", [](v1::Change* c) { c->set_format(2); }, v1::REASON_NEEDS_NEWER,
       "change format 2, this build knows 1"},
      {"no salt", [](v1::Change* c) { c->clear_salt(); }, v1::REASON_MALFORMED, "salt"},
      {"a long salt", [](v1::Change* c) { c->set_salt(std::string(17, 's')); },
       v1::REASON_MALFORMED, "salt"},
      {"a short dossier", [](v1::Change* c) { c->set_dossier_id("k"); }, v1::REASON_MALFORMED,
       "dossier id is not 16 bytes"},
      {"no unit", [](v1::Change* c) { c->clear_unit_id(); }, v1::REASON_MALFORMED, "unit id"},
      {"a unit with a slash", [](v1::Change* c) { c->set_unit_id("vks/kv1"); },
       v1::REASON_MALFORMED, "unit id"},
      {"a long reason", [](v1::Change* c) { c->set_reason(std::string(1001, 'x')); },
       v1::REASON_TOO_LARGE, "bytes of a reason: 1001, limit 1000"},
      {"no edits", [](v1::Change* c) { c->clear_edits(); }, v1::REASON_MALFORMED,
       "a change without edits"},
      {"65 edits",
       [](v1::Change* c) {
         for (int i = 0; i < 64; ++i) *c->add_edits() = c->edits(0);
       },
       v1::REASON_TOO_LARGE, "edits: 65, limit 64"},
      {"a record twice", [](v1::Change* c) { *c->add_edits() = c->edits(0); }, v1::REASON_MALFORMED,
       "a record is edited twice in one change"},
      {"a short record id", [&](v1::Change* c) { edit(c)->set_record_id("n"); },
       v1::REASON_MALFORMED, "record id is not 16 bytes"},
      {"no type", [&](v1::Change* c) { edit(c)->clear_type(); }, v1::REASON_MALFORMED,
       "record type"},
      {"a type of 256 letters", [&](v1::Change* c) { edit(c)->set_type(std::string(256, 't')); },
       v1::REASON_MALFORMED, "record type"},
      {"a short parent", [&](v1::Change* c) { edit(c)->add_parents("p"); }, v1::REASON_MALFORMED,
       "parent is not 32 bytes"},
      {"65 parents",
       [&](v1::Change* c) {
         for (int i = 0; i < 65; ++i) edit(c)->add_parents(std::string(32, static_cast<char>(i)));
       },
       v1::REASON_TOO_LARGE, "parents: 65, limit 64"},
      {"257 operations",
       [&](v1::Change* c) {
         for (int i = 0; i < 256; ++i) *edit(c)->add_ops() = edit(c)->ops(0);
       },
       v1::REASON_TOO_LARGE, "operations: 257, limit 256"},
      {"no field", [&](v1::Change* c) { op(c)->clear_field(); }, v1::REASON_MALFORMED, "field"},
      {"a field past 29 bits", [&](v1::Change* c) { op(c)->set_field(1u << 29); },
       v1::REASON_MALFORMED, "field"},
      {"a field whose tag would be the body's",
       [&](v1::Change* c) {
         op(c)->set_field((1u << 29) + N::kBodyFieldNumber);
         op(c)->mutable_text()->add_splices()->set_inserted("not what the author wrote");
       },
       v1::REASON_MALFORMED, "field"},
      {"an operation to come", [&](v1::Change* c) { op(c)->clear_add(); }, v1::REASON_NEEDS_NEWER,
       "an operation this build does not know"},
      {"a key of 256 bytes", [&](v1::Change* c) { op(c)->set_key(std::string(256, 'k')); },
       v1::REASON_TOO_LARGE, "bytes of a key: 256, limit 255"},
      {"a key with NUL", [&](v1::Change* c) { op(c)->set_key(std::string("a\0b", 3)); },
       v1::REASON_BAD_VALUE, "key is not text"},
  };
  for (const ShapeCase& c : cases) {
    v1::Change change = GoodChange();
    c.spoil(&change);
    const auto refusal = Shape(change);
    ASSERT_TRUE(refusal.has_value()) << c.what;
    EXPECT_EQ(refusal->reason, c.reason) << c.what << ": " << refusal->message;
    EXPECT_THAT(refusal->message, HasSubstr(c.message)) << c.what;
  }
}

TEST(CheckShape, CountsTheBytesThatCame) {
  EXPECT_FALSE(CheckShape(GoodChange(), std::string(kChangeBytesMax, 'x')).has_value());
  const auto refusal = CheckShape(GoodChange(), std::string(kChangeBytesMax + 1, 'x'));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, v1::REASON_TOO_LARGE);
  EXPECT_THAT(refusal->message, HasSubstr("65537, limit 65536"));
}

TEST(CheckShape, TakesFieldsOfANewerBuild) {
  const std::string bytes =
      GoodChange().SerializeAsString() + StringFragment(999, "from next year");
  v1::Change change;
  ASSERT_TRUE(change.ParseFromString(bytes));
  EXPECT_FALSE(CheckShape(change, bytes).has_value());
}

}  // namespace
}  // namespace sotay::sync
