#include "sync/fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "casework/v1/inspection.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "sync/limits.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::HasSubstr;
using tests::CaseworkSchema;
using tests::IsOk;
using tests::StatusIs;

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

// --- values of known fields ----------------------------------------------------------------

class CheckNote : public ::testing::Test {
 protected:
  absl::Status Check(absl::string_view field, absl::string_view fragment,
                     absl::string_view key = "", bool may_clear = true) {
    return CheckFragment(*schema_, note_, *note_.Field(field), key, fragment, may_clear);
  }
  std::string Entry(absl::string_view inside) { return StringFragment(5, inside); }

  std::shared_ptr<const Schema> schema_ = CaseworkSchema();
  const RecordType& note_ = *schema_->Find("note");
};

auto Refused(absl::string_view what) {
  return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(what)));
}

TEST_F(CheckNote, TakesAValueOfEachKind) {
  EXPECT_THAT(Check("kind", VarintFragment(3, 6)), IsOk());
  EXPECT_THAT(Check("accountable_leader_id", StringFragment(102, "pham.thuy.trieu")), IsOk());
  EXPECT_THAT(Check("case_id", StringFragment(1, std::string(16, '\xFF'))), IsOk()) << "bytes";
  EXPECT_THAT(Check("occurred_ms", VarintFragment(100, static_cast<uint64_t>(-1))), IsOk())
      << "before 1970";
  EXPECT_THAT(Check("measurements",
                    Entry(Bytes("0a0161"
                                "1200")),
                    "a"),
              IsOk());
}

TEST_F(CheckNote, TakesAnEnumValueOfANewerBuild) {
  EXPECT_THAT(Check("kind", VarintFragment(3, 12345)), IsOk());
}

TEST_F(CheckNote, ClearsOnlyWhereItMay) {
  EXPECT_THAT(Check("kind", ""), IsOk());
  EXPECT_THAT(Check("next_steps", "", "", false), Refused("field next_steps: no value"));
}

TEST_F(CheckNote, RefusesACutAtEveryByte) {
  const std::string fragment = StringFragment(102, "pham.thuy.trieu");
  for (size_t cut = 1; cut < fragment.size(); ++cut) {
    EXPECT_THAT(Check("accountable_leader_id", fragment.substr(0, cut)),
                Refused("field accountable_leader_id: is not one well-formed value"))
        << "cut at " << cut;
  }
  const std::string entry =
      Entry(Bytes("0a0161"
                  "1204"
                  "0a02312c"));
  ASSERT_THAT(Check("measurements", entry, "a"), IsOk());
  for (size_t cut = 1; cut < entry.size(); ++cut) {
    EXPECT_THAT(Check("measurements", entry.substr(0, cut), "a"), Refused("field measurements"))
        << "cut at " << cut;
  }
}

TEST_F(CheckNote, RefusesWhatIsNoSingleValueOfTheField) {
  const struct {
    const char* what;
    const char* field;
    std::string fragment;
    const char* message;
  } cases[] = {
      {"another field's value", "kind", VarintFragment(4, 1), "not one well-formed value"},
      {"two occurrences", "kind", VarintFragment(3, 1) + VarintFragment(3, 2),
       "not one well-formed value"},
      {"a value and garbage", "kind", VarintFragment(3, 1) + "\x0b", "not one well-formed value"},
      {"a string where a number belongs", "kind", StringFragment(3, "a"), "wrong wire type"},
      {"a number where a string belongs", "body", VarintFragment(4, 1), "wrong wire type"},
      {"four bytes where a varint belongs", "occurred_ms",
       Bytes("a506"
             "01020304"),
       "wrong wire type"},
      {"eight bytes where a varint belongs", "occurred_ms",
       Bytes("a106"
             "0102030405060708"),
       "wrong wire type"},
      {"an enum over 32 bits", "kind", VarintFragment(3, uint64_t{1} << 31), "out of range"},
      {"an enum over 64 bits", "kind", Bytes("18ffffffffffffffffff02"),
       "not one well-formed value"},
      {"a string that is not UTF-8", "next_steps", StringFragment(6, "Vi ph\xE1\xBA"),
       "byte 5 is not UTF-8"},
      {"a surrogate", "next_steps", StringFragment(6, "\xED\xA0\x80"), "byte 0 is not UTF-8"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Check(c.field, c.fragment), Refused(c.message)) << c.what;
  }
}

TEST_F(CheckNote, RefusesAPileOfMarks) {
  std::string pile = "e";
  for (int i = 0; i < 65; ++i) pile += "\u0301";
  EXPECT_THAT(Check("next_steps", StringFragment(6, pile)),
              Refused("more than 64 combining marks on one letter"));
}

TEST_F(CheckNote, RefusesAMapEntryOfAnotherShape) {
  const struct {
    const char* what;
    std::string entry;
    const char* message;
  } cases[] = {
      {"another key",
       Bytes("0a0162"
             "1200"),
       "not of the key the operation names"},
      {"no key", Bytes("1200"), "not of the key the operation names"},
      {"a key that is a number",
       Bytes("0801"
             "1200"),
       "not of the key the operation names"},
      {"no value", Bytes("0a0161"), "holds no single value"},
      {"two values",
       Bytes("0a0161"
             "1200"
             "1200"),
       "holds no single value"},
      {"value before key",
       Bytes("1200"
             "0a0161"),
       "not of the key the operation names"},
      {"a third part",
       Bytes("0a0161"
             "1200"
             "1801"),
       "holds no single value"},
      {"a second key behind",
       Bytes("0a0161"
             "1200"
             "0a0162"),
       "holds no single value"},
      {"a value that is no message",
       Bytes("0a0161"
             "1201ff"),
       "or is nested deeper"},
      {"a value of the wrong type",
       Bytes("0a0161"
             "1001"),
       "wrong wire type"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Check("measurements", Entry(c.entry), "a"), Refused(c.message)) << c.what;
  }
  EXPECT_THAT(Check("measurements", Bytes("2a00"), "a"), Refused("not of the key")) << "nothing";
  EXPECT_THAT(Check("measurements", VarintFragment(5, 1), "a"), Refused("wrong wire type"));
}

TEST_F(CheckNote, SaysWhatButNeverTheValue) {
  const absl::Status status = Check("next_steps", StringFragment(6, "bi mat\xFF"));
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("mat")));
}

// --- types no casework message uses -------------------------------------------------------

// A type with a field of every scalar kind, and one that holds itself.
class CheckProbe : public ::testing::Test {
 protected:
  void SetUp() override {
    using F = google::protobuf::FieldDescriptorProto;
    google::protobuf::FileDescriptorSet set;
    google::protobuf::FileDescriptorProto* file = set.add_file();
    file->set_name("probe/v1/probe.proto");
    file->set_package("probe.v1");
    file->set_syntax("proto3");
    google::protobuf::DescriptorProto* message = file->add_message_type();
    message->set_name("Probe");
    message->mutable_options()->MutableExtension(options::v1::record)->set_short_name("probe");
    const auto add = [&](int number, const char* name, F::Type type) -> F* {
      F* field = message->add_field();
      field->set_number(number);
      field->set_name(name);
      field->set_type(type);
      field->set_label(F::LABEL_OPTIONAL);
      return field;
    };
    add(1, "flag", F::TYPE_BOOL);
    add(2, "narrow", F::TYPE_INT32);
    add(3, "unsigned_narrow", F::TYPE_UINT32);
    add(4, "zigzag", F::TYPE_SINT32);
    add(5, "wide", F::TYPE_UINT64);
    add(6, "fixed", F::TYPE_FIXED32);
    add(7, "fixed_wide", F::TYPE_SFIXED64);
    add(8, "self", F::TYPE_MESSAGE)->set_type_name(".probe.v1.Probe");
    add(9, "short", F::TYPE_STRING)
        ->mutable_options()
        ->MutableExtension(options::v1::field)
        ->set_bytes_max(4);
    auto schema = Schema::Build({}, {set});
    ASSERT_THAT(schema, IsOk());
    schema_ = *std::move(schema);
    probe_ = schema_->Find("probe");
  }
  absl::Status Check(absl::string_view field, absl::string_view fragment) {
    return CheckFragment(*schema_, *probe_, *probe_->Field(field), "", fragment, true);
  }
  // `self` in `self` …, that many of them.
  std::string Nested(int depth) {
    std::string inside;
    for (int i = 0; i < depth; ++i) {
      inside = inside.empty() ? Bytes("4200") : StringFragment(8, inside);
    }
    return inside;
  }

  std::shared_ptr<const Schema> schema_;
  const RecordType* probe_ = nullptr;
};

TEST_F(CheckProbe, HoldsNumbersToTheirRange) {
  const uint64_t minus_one = UINT64_MAX;
  EXPECT_THAT(Check("flag", VarintFragment(1, 1)), IsOk());
  EXPECT_THAT(Check("flag", VarintFragment(1, 2)), Refused("number out of range"));
  EXPECT_THAT(Check("narrow", VarintFragment(2, minus_one)), IsOk());
  EXPECT_THAT(Check("narrow", VarintFragment(2, 0x7FFFFFFF)), IsOk());
  EXPECT_THAT(Check("narrow", VarintFragment(2, 0x80000000)), Refused("number out of range"));
  EXPECT_THAT(Check("narrow", VarintFragment(2, 0xFFFFFFFF)), Refused("number out of range"))
      << "-1 cut to 32 bits is a second spelling of it";
  EXPECT_THAT(Check("unsigned_narrow", VarintFragment(3, 0xFFFFFFFF)), IsOk());
  EXPECT_THAT(Check("unsigned_narrow", VarintFragment(3, 0x100000000)), Refused("out of range"));
  EXPECT_THAT(Check("zigzag", VarintFragment(4, 0xFFFFFFFF)), IsOk());
  EXPECT_THAT(Check("zigzag", VarintFragment(4, 0x100000000)), Refused("out of range"));
  EXPECT_THAT(Check("wide", VarintFragment(5, minus_one)), IsOk());
  EXPECT_THAT(Check("fixed", Bytes("3501020304")), IsOk());
  EXPECT_THAT(Check("fixed", Bytes("3001")), Refused("wrong wire type"));
  EXPECT_THAT(Check("fixed_wide", Bytes("39"
                                        "0102030405060708")),
              IsOk());
}

TEST_F(CheckProbe, NestsSixteenDeepAndNotSeventeen) {
  EXPECT_THAT(Check("self", Nested(16)), IsOk());
  EXPECT_THAT(Check("self", Nested(17)), Refused("nested deeper than 16"));
  EXPECT_THAT(Check("self", Nested(101)), Refused("nested deeper than 16"));
  EXPECT_THAT(Check("self", Nested(5000)), Refused("nested deeper than 16"));
}

TEST_F(CheckProbe, HoldsAFieldToItsOwnLimit) {
  EXPECT_THAT(Check("short", StringFragment(9, "1234")), IsOk());
  EXPECT_THAT(Check("short", StringFragment(9, "12345")), Refused("5 bytes, limit 4"));
}

// --- fields no schema knows -----------------------------------------------------------------

TEST(CheckUnknownFragment, TakesAnyNumberOfOccurrencesOfItself) {
  EXPECT_THAT(CheckUnknownFragment(900, ""), IsOk());
  EXPECT_THAT(CheckUnknownFragment(900, StringFragment(900, "x")), IsOk());
  EXPECT_THAT(CheckUnknownFragment(900, StringFragment(900, "x") + VarintFragment(900, 5)), IsOk());
}

// A record's content is the concatenation of its fragments: an occurrence of another field in
// one of them would put words into that field past its rule, its writers and its history.
TEST(CheckUnknownFragment, RefusesAnOccurrenceOfAnotherFieldWhereverItStands) {
  const std::string own = StringFragment(900, "x");
  const std::string other = StringFragment(4, "words of somebody else");
  EXPECT_THAT(CheckUnknownFragment(900, other), Refused("field 900"));
  EXPECT_THAT(CheckUnknownFragment(900, other + own), Refused("field 900"));
  EXPECT_THAT(CheckUnknownFragment(900, own + other), Refused("field 900"));
  EXPECT_THAT(CheckUnknownFragment(900, own + other + own), Refused("field 900"));
}

TEST(CheckUnknownFragment, RefusesACutAtEveryByte) {
  const std::string fragment = StringFragment(900, "abc");
  for (size_t cut = 1; cut < fragment.size(); ++cut) {
    EXPECT_THAT(CheckUnknownFragment(900, fragment.substr(0, cut)), Refused("well-formed"))
        << "cut at " << cut;
  }
}

// --- making and reading ---------------------------------------------------------------------

TEST(Fragments, AreWhatProtobufWrites) {
  casework::v1::Inspection inspection;
  inspection.set_place("Km 12+300");
  EXPECT_EQ(inspection.SerializeAsString(), StringFragment(7, "Km 12+300"));
  inspection.Clear();
  inspection.set_started_ms(-5);
  EXPECT_EQ(inspection.SerializeAsString(), VarintFragment(9, static_cast<uint64_t>(-5)));
  inspection.Clear();
  inspection.set_received_ms(1'794'000'000'000);
  EXPECT_EQ(inspection.SerializeAsString(), VarintFragment(104, 1'794'000'000'000));
}

TEST(Fragments, OfADefaultValueAreEmpty) {
  EXPECT_EQ(StringFragment(7, ""), "");
  EXPECT_EQ(VarintFragment(9, 0), "");
  EXPECT_EQ(StringOf(""), absl::string_view());
  EXPECT_EQ(VarintOf(""), 0u);
}

TEST(Fragments, AreReadBackAndOnlyAsWhatTheyAre) {
  EXPECT_EQ(StringOf(StringFragment(7, "Cồn Sậy")), "Cồn Sậy");
  EXPECT_EQ(VarintOf(VarintFragment(9, UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(StringOf(VarintFragment(9, 1)), absl::nullopt);
  EXPECT_EQ(VarintOf(StringFragment(7, "x")), absl::nullopt);
  EXPECT_EQ(StringOf(StringFragment(7, "x") + StringFragment(7, "y")), absl::nullopt);
  EXPECT_EQ(VarintOf(VarintFragment(9, 1) + VarintFragment(9, 2)), absl::nullopt);
}

TEST(CounterFragment, IsAMapEntryOfTheSumInBothEncodings) {
  const RecordType& inspection = *CaseworkSchema()->Find("inspection");
  const FieldType& tallies = *inspection.Field("tallies");
  for (int64_t total : {int64_t{0}, int64_t{23}, int64_t{-9}, INT64_MAX, INT64_MIN}) {
    casework::v1::Inspection read;
    ASSERT_TRUE(read.ParseFromString(CounterFragment(tallies, "người", total)));
    EXPECT_EQ(read.tallies().at("người"), total);
  }
}

}  // namespace
}  // namespace sotay::sync
