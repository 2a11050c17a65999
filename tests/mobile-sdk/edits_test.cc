#include "mobile-sdk/core/edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>

#include "casework/v1/inspection.pb.h"
#include "casework/v1/note.pb.h"
#include "sync/fragment.h"
#include "sync/text.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::Add;
using tests::Append;
using tests::Count;
using tests::Remove;
using tests::Set;
using tests::StatusIs;
using tests::Text;

absl::StatusOr<sync::FieldEdit> Read(const std::string& type, const Edit& edit) {
  const auto schema = tests::CaseworkSchema();
  const sync::RecordType& found = *schema->Find(type);
  auto wish = ReadEdit(*schema, found, edit);
  // Whatever we accept, the core must accept as well formed.
  if (wish.ok()) {
    const v1::FieldOp& op = wish->op;
    const std::string& fragment = op.has_set()      ? op.set()
                                  : op.has_add()    ? op.add()
                                  : op.has_remove() ? op.remove()
                                                    : op.append();
    if (op.has_set() || op.has_add() || op.has_remove() || op.has_append()) {
      EXPECT_THAT(sync::CheckFragment(*schema, found, *found.Field(op.field()), op.key(), fragment,
                                      op.has_set()),
                  tests::IsOk());
    }
  }
  return wish;
}

casework::v1::Note NoteOf(const std::string& fragment) {
  casework::v1::Note note;
  EXPECT_TRUE(note.ParseFromString(fragment));
  return note;
}

TEST(Edits, EnumsGoByNameOrShortNameInAnyCase) {
  for (const char* name : {"NOTE_KIND_COURT_SESSION", "court_session", "Court_Session"}) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto wish, Read("note", Set("kind", name)));
    EXPECT_EQ(NoteOf(wish.op.set()).kind(), casework::v1::NOTE_KIND_COURT_SESSION) << name;
  }
  EXPECT_THAT(Read("note", Set("kind", "court session")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("field kind"), HasSubstr("court_session"),
                             Not(HasSubstr("court session")))));
}

TEST(Edits, NumbersAreWholeAndFit) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto wish, Read("note", Set("occurred_ms", "1794000000000")));
  EXPECT_EQ(NoteOf(wish.op.set()).occurred_ms(), 1'794'000'000'000);
  for (const char* bad : {"1,5", "1.5", "9223372036854775808", "mười", "0x10"}) {
    EXPECT_THAT(Read("note", Set("occurred_ms", bad)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("whole number of 64 bits")))
        << bad;
  }
}

TEST(Edits, RecordsAreNamedInHexadecimal) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto wish,
                             Read("note", Set("case_id", "00ff102030405060708090A0b0c0d0e0")));
  EXPECT_EQ(NoteOf(wish.op.set()).case_id().size(), 16u);
  for (const char* bad : {"0", "xy", "00f"}) {
    EXPECT_THAT(Read("note", Set("case_id", bad)), StatusIs(absl::StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(Edits, AnEmptyValueClears) {
  for (const char* field : {"kind", "occurred_ms", "case_id"}) {
    SOTAY_ASSERT_OK_AND_ASSIGN(const auto wish, Read("note", Set(field, "")));
    EXPECT_TRUE(wish.op.has_set());
    EXPECT_TRUE(wish.op.set().empty());
  }
}

TEST(Edits, AMapEntryComesWithItsKey) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto wish,
      Read("note", Set("measurements", R"({"value": "4,2", "unit": "m"})", "vết phanh")));
  EXPECT_EQ(wish.op.key(), "vết phanh");
  const auto note = NoteOf(wish.op.set());
  EXPECT_EQ(note.measurements().at("vết phanh").value(), "4,2");
  EXPECT_THAT(Read("note", Set("measurements", "{}")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a key")));
  EXPECT_THAT(Read("note", Set("kind", "scene", "k")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("takes no key")));
  EXPECT_THAT(Read("note", Set("measurements", R"({"length": 4})", "k")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("JSON of a casework.v1.")));
}

TEST(Edits, AChecklistAnswerIsAnEnumUnderAKey) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto wish,
                             Read("inspection", Set("checklist", "violation", "so_tiep_nhan")));
  casework::v1::Inspection inspection;
  ASSERT_TRUE(inspection.ParseFromString(wish.op.set()));
  EXPECT_EQ(inspection.checklist().at("so_tiep_nhan"), casework::v1::CHECKLIST_ANSWER_VIOLATION);
}

TEST(Edits, TheSameElementIsTheSameBytes) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto add, Read("note", Add("next_steps", "Gọi nhân chứng")));
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto remove,
                             Read("note", Remove("next_steps", "Gọi nhân chứng")));
  EXPECT_EQ(add.op.add(), remove.op.remove());
}

TEST(Edits, ALogEntryIsJson) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto wish,
      Read("inspection", Append("scores", R"({"criterion": "tranh luận", "points": "8,5"})")));
  casework::v1::Inspection inspection;
  ASSERT_TRUE(inspection.ParseFromString(wish.op.append()));
  ASSERT_EQ(inspection.scores_size(), 1);
  EXPECT_EQ(inspection.scores(0).points(), "8,5");
}

TEST(Edits, ACounterTakesSignedSteps) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto up, Read("inspection", Count("tallies", "+3", "hồ sơ")));
  EXPECT_EQ(up.op.count(), 3);
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto down, Read("inspection", Count("tallies", "-1", "hồ sơ")));
  EXPECT_EQ(down.op.count(), -1);
  EXPECT_THAT(Read("inspection", Count("tallies", "three", "hồ sơ")),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(Edits, SayWhichKindAFieldTakes) {
  EXPECT_THAT(Read("note", Set("body", "x")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("takes a whole text")));
  EXPECT_THAT(Read("note", Set("next_steps", "x")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("add or remove")));
  EXPECT_THAT(Read("note", Text("kind", "scene")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("takes one value")));
  EXPECT_THAT(Read("inspection", Set("tallies", "3", "k")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a counter")));
  EXPECT_THAT(Read("inspection", Set("scores", "{}")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is a log")));
  EXPECT_THAT(Read("note", Set("received_ms", "1")),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("given by the server")));
  EXPECT_THAT(Read("note", Set("colour", "red")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("no field colour"), HasSubstr("body"))));
}

TEST(Edits, TextBecomesNfcWithPlainLineEnds) {
  // "Phường" written by a keyboard that sends letters and marks apart.
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string composed,
                             CleanText("t", "Phu\u031bo\u031b\u0300ng"));
  EXPECT_EQ(composed, "Ph\u01b0\u1eddng");
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string again, CleanText("t", composed));
  EXPECT_EQ(again, composed);
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string lines, CleanText("t", "một\r\nhai\rba\n"));
  EXPECT_EQ(lines, "một\nhai\nba\n");
  SOTAY_ASSERT_OK_AND_ASSIGN(const std::string none, CleanText("t", ""));
  EXPECT_EQ(none, "");
}

TEST(Edits, TextWithNulOrBrokenBytesIsRefusedWithoutQuotingIt) {
  EXPECT_THAT(Read("note", Text("body", std::string("bí mật\0!", 11))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("field body: byte 9 is a NUL"), Not(HasSubstr("mật")))));
  EXPECT_THAT(Read("note", Text("body", "tốt\xff")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("byte 5 is not UTF-8")));
}

TEST(Edits, StringsWithinMessagesAreCleanedToo) {
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const auto wish,
      Read("note",
           Set("measurements", "{\"value\": \"4\", \"unit\": \"trie\u0302\u0323u\"}", "k")));
  EXPECT_EQ(NoteOf(wish.op.set()).measurements().at("k").unit(), "tri\u1ec7u");
}

// What is taken to be NFC at a glance is what the library makes of it, alone and beside letters
// and marks it might become one with.
TEST(CleanText, KnowsAtAGlanceWhatTheLibraryLeavesAsItIs) {
  for (char32_t scalar = 1; scalar < 0x3000; ++scalar) {
    if (scalar == U'\r') continue;
    std::string one;
    sync::AppendScalar(scalar, &one);
    for (const std::string& text :
         {one, "a" + one, "ơ" + one, "ằ" + one, one + "\u0301", one + one}) {
      utf8proc_uint8_t* const nfc =
          utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
      const std::string expected = reinterpret_cast<const char*>(nfc);
      std::free(nfc);
      ASSERT_EQ(*CleanText("text", text), expected) << static_cast<uint32_t>(scalar);
    }
  }
}

}  // namespace
}  // namespace sotay::sdk
