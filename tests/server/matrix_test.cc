// Reading a table of rights: what it takes, and how it says what it does not take.
#include "sync/matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/access_rules.h"
#include "sync/seal/whole_file.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

constexpr char kHead[] = R"(version 1
since 2026-07-01
field hinh_su Hình sự / Criminal cases
)";
constexpr char kRule[] = "rule a KSV note read unit\n";

absl::Status Read(absl::string_view text) {
  return Matrix::Parse(text, "office.rules", *tests::CaseworkSchema()).status();
}

void ExpectWrong(absl::string_view line, absl::string_view message) {
  EXPECT_THAT(Read(absl::StrCat(kHead, line, "\n", kRule)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(std::string(absl::StrCat("office.rules:4: ", message)))))
      << line;
}

TEST(Matrix, SaysFileLineWhatAndWhatIsAllowed) {
  ExpectWrong("regel x", "no line begins with regel; lines begin with version, since, field");
  ExpectWrong("version 2", "version is said twice");
  ExpectWrong("since 2026-08-01", "since is said twice");
  ExpectWrong("field hinh_su A / B", "field hinh_su is said twice");
  ExpectWrong("field dan_su", "expected: field CODE");
  ExpectWrong("field dan_su Dân sự", "expected: field CODE");
  ExpectWrong("field Dan_su Dân sự / Civil", "expected: field CODE");
  ExpectWrong("field-of hinh_su case.kind", "expected: field-of");
  ExpectWrong("field-of dan_su case.kind CASE_KIND_CIVIL",
              "no field of work dan_su is declared above; there are hinh_su");
  ExpectWrong("field-of hinh_su affair.kind X",
              "no record type affair is loaded; there are assignment, attachment, case");
  ExpectWrong("field-of hinh_su case.title X", "case has no field title that holds one of");
  ExpectWrong("field-of hinh_su case.kind MURDER",
              "CaseKind has no value MURDER; it has CASE_KIND");
  ExpectWrong("submitted note", "expected: submitted TYPE STATE");
  ExpectWrong("submitted comment X", "comment has no state");
  ExpectWrong("submitted note SENT", "NoteState has no value SENT; it has NOTE_STATE");
  ExpectWrong("rule b KSV note read", "expected: rule NAME CAPACITY");
  ExpectWrong("rule B KSV note read unit", "no name for a rule: B");
  ExpectWrong("rule b CHIEF note read unit",
              "no capacity that reads or writes: CHIEF; there are HEAD");
  ExpectWrong("rule b ADM note read unit", "no capacity that reads or writes: ADM");
  ExpectWrong("rule b KSV memo read unit",
              "no kind of record memo; there are other, device, audit");
  ExpectWrong("rule b KSV note,note read unit", "kind note is said twice");
  ExpectWrong("rule b KSV note write unit", "no verb write; there are create, read");
  ExpectWrong("rule b KSV note read,read unit", "verb read is said twice");
  ExpectWrong("rule b KSV note read world", "no scope world; there are own, unit, tree");
  ExpectWrong("rule b KSV note read unit ever", "no condition ever; there are in-field");
  ExpectWrong("rule b KSV note read unit in-field in-field", "condition in-field is said twice");
  ExpectWrong("rule b KSV note read unit always always", "condition always is said twice");
  ExpectWrong("assigned", "expected: assigned TYPE[,TYPE]");
  ExpectWrong("assigned case inspection", "expected: assigned TYPE[,TYPE]");
  ExpectWrong("assigned affair", "no record type affair is loaded; there are");
  ExpectWrong("assigned case,note", "a note opens no dossier");
  ExpectWrong("assigned case,case", "assigned case is said twice");
  ExpectWrong("\xff", "not text in UTF-8");
}

TEST(Matrix, IsWholeOrNotRead) {
  EXPECT_THAT(Read(absl::StrCat(kHead, kRule)), IsOk());
  EXPECT_THAT(Read(absl::StrCat(kHead, kRule, kRule)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("office.rules:5: a rule a stands above already")));
  EXPECT_THAT(Read(kHead),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without a rule")));
  EXPECT_THAT(Read(absl::StrCat("since 2026-07-01\n", kRule)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("version NAME")));
  EXPECT_THAT(Read(absl::StrCat("version 1\n", kRule)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("since YYYY-MM-DD")));
  EXPECT_THAT(Read(absl::StrCat("version 1\nsince 2026-02-30\n", kRule)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("office.rules:2: expected")));
}

TEST(Matrix, OneThatHoldsLaterIsNotTakenNow) {
  const auto schema = tests::CaseworkSchema();
  const std::string path = absl::StrCat(::testing::TempDir(), "/later.rules");
  ASSERT_THAT(seal::WriteWholeFile(path, server::BuiltInRules(), 0600), IsOk());
  EXPECT_THAT(server::LoadAccessRules(path, *schema, 20260701), IsOk());
  EXPECT_THAT(server::LoadAccessRules(path, *schema, 20260630).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("holds from 20260701")));
  // The one compiled in is there whatever the clock says.
  EXPECT_THAT(server::LoadAccessRules("", *schema, 20260630), IsOk());
  EXPECT_THAT(server::LoadAccessRules("/nowhere", *schema, 20260701).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(Matrix, TheOneCompiledInIsTheFileAndKnowsEveryBuiltInType) {
  const auto schema = tests::CaseworkSchema();
  SOTAY_ASSERT_OK_AND_ASSIGN(const server::AccessRules rules,
                             server::LoadAccessRules("", *schema, 20260701));
  EXPECT_EQ(rules.source, "compiled in");
  EXPECT_EQ(rules.matrix->text(), server::BuiltInRules());
  EXPECT_THAT(rules.matrix->text(), HasSubstr("rule ksv.work"));
  for (const auto& [name, type] : schema->types()) {
    EXPECT_NE(rules.matrix->TypeOf(name).kind, kOtherKind) << name;
  }
  EXPECT_EQ(rules.matrix->TypeOf("office.v1.TreeCensus").kind, kOtherKind);
  for (const FieldOfWork& field : rules.matrix->fields_of_work()) {
    EXPECT_NE(field.label_vi, "") << field.code;
    EXPECT_NE(field.label_en, "") << field.code;
  }
}

TEST(Matrix, SaysWhichDossiersAreForWhomTheyAreAssignedTo) {
  const auto schema = tests::CaseworkSchema();
  const auto some = Matrix::Parse(absl::StrCat(kHead, "assigned case\n", kRule), "x", *schema);
  ASSERT_THAT(some, IsOk());
  EXPECT_TRUE((*some)->TypeOf("casework.v1.Case").assigned_only);
  EXPECT_FALSE((*some)->TypeOf("casework.v1.Inspection").assigned_only);
  // The one compiled in has the line, and it counts once the mark before it is gone.
  const std::string on =
      absl::StrReplaceAll(server::BuiltInRules(), {{"# assigned case", "assigned case"}});
  const auto off = Matrix::Parse(server::BuiltInRules(), "x", *schema);
  const auto all = Matrix::Parse(on, "x", *schema);
  ASSERT_THAT(off, IsOk());
  ASSERT_THAT(all, IsOk());
  EXPECT_FALSE((*off)->TypeOf("casework.v1.Case").assigned_only);
  EXPECT_TRUE((*all)->TypeOf("casework.v1.Case").assigned_only);
  EXPECT_TRUE((*all)->TypeOf("casework.v1.Inspection").assigned_only);
}

TEST(Matrix, SaysWhichDossiersAreHiddenUntilTheyBegin) {
  const auto schema = tests::CaseworkSchema();
  const auto parse = [&schema](absl::string_view line) {
    return Matrix::Parse(absl::StrCat(kHead, line, "\n", kRule), "x", *schema);
  };
  const std::string line = "hidden inspection.planned INSPECTION_PLANNING_SURPRISE";
  const auto some =
      parse(absl::StrCat(line, " for lead_id,team until INSPECTION_STATE_IN_PROGRESS"));
  ASSERT_THAT(some, IsOk());
  const HiddenUntil& hidden = (*some)->TypeOf("casework.v1.Inspection").hidden;
  EXPECT_EQ(hidden.field, 2u);
  EXPECT_EQ(hidden.value, casework::v1::INSPECTION_PLANNING_SURPRISE);
  EXPECT_THAT(hidden.names, ::testing::ElementsAre(11, 12));
  EXPECT_THAT(hidden.begun, ::testing::ElementsAre(casework::v1::INSPECTION_STATE_IN_PROGRESS));
  EXPECT_TRUE((*some)->opens_for_some());
  EXPECT_EQ((*some)->TypeOf("casework.v1.Case").hidden.field, 0u);
  EXPECT_THAT(parse(absl::StrCat(line, " until INSPECTION_STATE_IN_PROGRESS")), IsOk());
  const std::map<std::string, std::string> wrong = {
      {line, "expected: hidden TYPE.FIELD VALUE"},
      {line + " until", "expected: hidden"},
      {line + " for lead_id until", "expected: hidden"},
      {line + " INSPECTION_STATE_IN_PROGRESS", "expected: hidden"},
      {"hidden inspection INSPECTION_PLANNING_SURPRISE until X", "expected: hidden"},
      {line + " until X", "InspectionState has no value X"},
      {line + " for place,gps,tallies until INSPECTION_STATE_IN_PROGRESS",
       "no field tallies that holds user ids"},
      {"hidden inspection.planned SUDDEN until INSPECTION_STATE_IN_PROGRESS",
       "InspectionPlanning has no value SUDDEN"},
      {"hidden inspection.lead_id X until INSPECTION_STATE_IN_PROGRESS",
       "no field lead_id that holds one of some values"},
      {"hidden note.kind NOTE_KIND_SCENE until NOTE_STATE_SUBMITTED", "a note opens no dossier"},
      {absl::StrCat(line, " until INSPECTION_STATE_IN_PROGRESS\n", line,
                    " until INSPECTION_STATE_DRAFTED"),
       "hidden inspection is said twice"},
  };
  for (const auto& [text, why] : wrong) {
    EXPECT_THAT(parse(text).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)))
        << text;
  }
}

TEST(Matrix, KnowsWhatWasSubmittedAndOfWhatFieldADossierIs) {
  SOTAY_ASSERT_OK_AND_ASSIGN(const server::AccessRules rules,
                             server::LoadAccessRules("", *tests::CaseworkSchema(), 20260701));
  const TypeInMatrix& note = rules.matrix->TypeOf("casework.v1.Note");
  EXPECT_FALSE(note.Submitted(casework::v1::NOTE_STATE_UNSPECIFIED));
  EXPECT_FALSE(note.Submitted(casework::v1::NOTE_STATE_DRAFT));
  EXPECT_FALSE(note.Submitted(casework::v1::NOTE_STATE_WITHDRAWN));
  EXPECT_TRUE(note.Submitted(casework::v1::NOTE_STATE_SUBMITTED));
  EXPECT_TRUE(note.Submitted(casework::v1::NOTE_STATE_RETURNED));
  EXPECT_TRUE(note.Submitted(casework::v1::NOTE_STATE_SIGNED));
  // Every kind of case is of a field; a case that says none is of none.
  const TypeInMatrix& matter = rules.matrix->TypeOf("casework.v1.Case");
  EXPECT_EQ(matter.field_number, static_cast<uint32_t>(casework::v1::Case::kKindFieldNumber));
  for (int kind = 1; kind < casework::v1::CaseKind_ARRAYSIZE; ++kind) {
    EXPECT_EQ(matter.fields.count(kind), 1u) << kind;
  }
  EXPECT_EQ(matter.fields.count(casework::v1::CASE_KIND_UNSPECIFIED), 0u);
  google::protobuf::RepeatedPtrField<std::string> codes;
  *codes.Add() = "dan_su";
  *codes.Add() = "no_such_field";
  EXPECT_EQ(rules.matrix->FieldsOf(codes), matter.fields.at(casework::v1::CASE_KIND_CIVIL));
  *codes.Add() = "*";
  EXPECT_EQ(rules.matrix->FieldsOf(codes), kEveryField);
}

TEST(Matrix, EveryCapacityWritesInTheRoleTheSchemaKnows) {
  EXPECT_EQ(RoleOf(v1::CAPACITY_HEAD), options::v1::ROLE_SUPERVISOR);
  EXPECT_EQ(RoleOf(v1::CAPACITY_DEP), options::v1::ROLE_SUPERVISOR);
  EXPECT_EQ(RoleOf(v1::CAPACITY_DIV), options::v1::ROLE_SUPERVISOR);
  EXPECT_EQ(RoleOf(v1::CAPACITY_KSV), options::v1::ROLE_PROSECUTOR);
  EXPECT_EQ(RoleOf(v1::CAPACITY_KTV), options::v1::ROLE_PROSECUTOR);
  for (const v1::Capacity none : {v1::CAPACITY_CLK, v1::CAPACITY_STA, v1::CAPACITY_INS}) {
    EXPECT_EQ(RoleOf(none), options::v1::ROLE_UNSPECIFIED) << NameOf(none);
  }
  for (size_t i = 1; i < kCapacities; ++i) {
    const auto capacity = static_cast<v1::Capacity>(i);
    EXPECT_EQ(CapacityNamed(NameOf(capacity)), capacity);
  }
  EXPECT_EQ(CapacityNamed("?"), v1::CAPACITY_UNSPECIFIED);
}

}  // namespace
}  // namespace sotay::sync
