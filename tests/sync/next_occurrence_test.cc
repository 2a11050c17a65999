// NextOccurrence: taking fields off a message one by one.
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sync/fragment.h"

namespace sotay::sync {
namespace {

std::string Bytes(absl::string_view hex) { return absl::HexStringToBytes(hex); }

TEST(NextOccurrence, TakesEachWireTypeWhole) {
  const std::string bytes = Bytes(
      "08ac02"              // 1: varint 300
      "110102030405060708"  // 2: eight bytes
      "1a03616263"          // 3: "abc"
      "2501020304"          // 4: four bytes
      "fa7f00");            // 2047: empty
  absl::string_view rest = bytes;
  Occurrence at;
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.number, 1u);
  EXPECT_EQ(at.wire_type, 0);
  EXPECT_EQ(at.varint, 300u);
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.wire_type, 1);
  EXPECT_EQ(at.whole.size(), 9u);
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.payload, "abc");
  EXPECT_EQ(at.varint, 0u) << "nothing is left of the occurrence before";
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.wire_type, 5);
  EXPECT_EQ(at.whole.size(), 5u);
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.number, 2047u);
  EXPECT_EQ(at.whole, Bytes("fa7f00"));
  EXPECT_FALSE(NextOccurrence(&rest, &at));
  EXPECT_TRUE(rest.empty());
}

TEST(NextOccurrence, TellsAnEndFromACutAtEveryByte) {
  const std::string whole[] = {Bytes("08ac02"), Bytes("110102030405060708"), Bytes("1a03616263"),
                               Bytes("2501020304"), Bytes("fa7f0161")};
  for (const std::string& bytes : whole) {
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      absl::string_view rest = absl::string_view(bytes).substr(0, cut);
      Occurrence at;
      EXPECT_FALSE(NextOccurrence(&rest, &at))
          << absl::BytesToHexString(bytes) << " cut at " << cut;
      EXPECT_EQ(rest.size(), cut) << "what is malformed is left where it is";
    }
  }
}

TEST(NextOccurrence, RefusesEverySecondSpelling) {
  const struct {
    const char* what;
    const char* hex;
  } cases[] = {
      {"a tag longer than needed", "880001"},
      {"a value longer than needed", "088100"},
      {"a zero in two bytes", "088000"},
      {"a length longer than needed", "1a830061"},
      {"eleven bytes of varint", "08ffffffffffffffffffff01"},
      {"more than 64 bits", "08ffffffffffffffffff02"},
      {"field number 0", "0001"},
      {"a field number past 29 bits",
       "8080808010"
       "01"},
      {"a group begins", "0b"},
      {"a group ends", "0c"},
      {"wire type 6", "0e00"},
      {"wire type 7", "0f00"},
      {"a length past the end", "1a04616263"},
      {"a length of 64 bits", "1affffffffffffffffff01"},
  };
  for (const auto& c : cases) {
    const std::string bytes = Bytes(c.hex);
    absl::string_view rest = bytes;
    Occurrence at;
    EXPECT_FALSE(NextOccurrence(&rest, &at)) << c.what;
    EXPECT_FALSE(rest.empty()) << c.what;
  }
}

TEST(NextOccurrence, TakesTheGreatestNumberAndValue) {
  const std::string bytes = Bytes(
      "f8ffffff0f"
      "ffffffffffffffffff01");
  absl::string_view rest = bytes;
  Occurrence at;
  ASSERT_TRUE(NextOccurrence(&rest, &at));
  EXPECT_EQ(at.number, (1u << 29) - 1);
  EXPECT_EQ(at.varint, UINT64_MAX);
}

}  // namespace
}  // namespace sotay::sync
