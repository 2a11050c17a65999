#include "sync/seal/invitation.h"

#include <cctype>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/random.h"

namespace sotay::seal {
namespace {

v1::Invitation Example() {
  v1::Invitation invitation;
  invitation.set_address("sotay.song-may.example:7443");
  // As large as real certificates and as hard to pack.
  for (std::string* part : {invitation.mutable_authority(), invitation.mutable_certificate(),
                            invitation.mutable_private_key()}) {
    part->resize(part == invitation.mutable_private_key() ? 138 : 470);
    for (size_t i = 0; i < part->size(); i += 32) {
      const auto hash = Sha256(absl::StrCat(part == invitation.mutable_authority(), i));
      std::copy(
          hash.begin(),
          hash.begin() + std::min<long>(32, part->end() - part->begin() - static_cast<long>(i)),
          part->begin() + static_cast<long>(i));
    }
  }
  invitation.set_code("7K3M-9QXA-0B2C");
  invitation.set_full_name("Nguyễn Ưu Đàm");
  return invitation;
}

void ExpectSame(const absl::StatusOr<v1::Invitation>& decoded) {
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->SerializeAsString(), Example().SerializeAsString());
}

// Refused with a message that has `words` in it.
void ExpectRefused(absl::string_view text, absl::string_view words) {
  const auto refused = Decode(text);
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_TRUE(absl::StrContains(refused.status().message(), words)) << refused.status();
}

TEST(Invitation, IsReadAsItWasWritten) {
  const std::string text = Encode(Example());
  EXPECT_TRUE(absl::StartsWith(text, "sotay1:"));
  ExpectSame(Decode(text));
}

TEST(Invitation, FitsAQrCodeAndALink) {
  const std::string text = Encode(Example());
  // A QR code of the largest kind holds 2,331 bytes at medium correction.
  EXPECT_LT(text.size(), 2'331u);
  for (char c : text.substr(7)) {
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') << c;
  }
}

TEST(Invitation, SurvivesLineBreaksAndSpacesAnywhere) {
  const std::string text = Encode(Example());
  ExpectSame(Decode(absl::StrCat(" \t\r\n", text, "\n\n ")));
  ExpectSame(Decode(absl::StrCat("\xef\xbb\xbf", text, "\xc2\xa0")));
  std::string broken;
  for (size_t i = 0; i < text.size(); i += 61) {
    absl::StrAppend(&broken, "  ", text.substr(i, 61), "\r\n");
  }
  ExpectSame(Decode(broken));
  for (size_t i = 0; i <= text.size(); i += 7) {
    ExpectSame(Decode(absl::StrCat(text.substr(0, i), "\xe2\x80\x8b\n", text.substr(i))));
  }
}

TEST(Invitation, SurvivesACapitalAtItsBeginning) {
  const std::string text = Encode(Example());
  ExpectSame(Decode("S" + text.substr(1)));
  ExpectSame(Decode("SOTAY1:" + text.substr(7)));
}

TEST(Invitation, IsRefusedCutShortAnywhere) {
  const std::string text = Encode(Example());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_TRUE(absl::IsInvalidArgument(Decode(text.substr(0, size)).status())) << size;
  }
  ExpectRefused(text.substr(0, text.size() - 20), "copy it again");
}

TEST(Invitation, IsRefusedWithAnyLetterChanged) {
  const std::string text = Encode(Example());
  for (size_t i = 7; i < text.size(); ++i) {
    for (char other : {'A', 'B', 'z', '_', '-', '%'}) {
      if (text[i] == other) continue;
      std::string damaged = text;
      damaged[i] = other;
      EXPECT_FALSE(Decode(damaged).ok()) << i << other;
    }
    std::string lost = text;
    lost.erase(i, 1);
    EXPECT_FALSE(Decode(lost).ok()) << i;
    EXPECT_FALSE(Decode(absl::StrCat(text.substr(0, i), "A", text.substr(i))).ok()) << i;
  }
  ExpectRefused(text + "A", "damaged");
  ExpectRefused(text + "====", "damaged");
}

// The last letter holds 6, 4 or 2 bits that count, depending on the length.
TEST(Invitation, EndsInOneLetterOnly) {
  constexpr absl::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (absl::string_view name : {"", "B", "Bù", "Bùi", "Bùi R", "Bùi Rạng"}) {
    v1::Invitation invitation = Example();
    invitation.set_full_name(std::string(name));
    std::string text = Encode(invitation);
    const char last = text.back();
    for (char other : kLetters) {
      text.back() = other;
      EXPECT_EQ(Decode(text).ok(), other == last) << name << other;
    }
  }
}

TEST(Invitation, SaysWhereAForeignCharacterIs) {
  std::string text = Encode(Example());
  text[99] = '?';
  ExpectRefused(text, "character 100 is none of ours");
}

TEST(Invitation, SaysWhatToDoWithOtherTexts) {
  ExpectRefused("", "begins with sotay1:");
  ExpectRefused("xin chào", "begins with sotay1:");
  ExpectRefused("https://example.org/", "begins with sotay1:");
  ExpectRefused(Encode(Example()).substr(3), "from its beginning");
  ExpectRefused("sotay1:", "copy it again");
  ExpectRefused("sotay2:AAAA", "update this program");
  ExpectRefused(std::string(20'000, 'x'), "limit 16384");
}

TEST(Invitation, LacksNothingEnrolmentNeeds) {
  const auto without = [](auto clear) {
    v1::Invitation invitation = Example();
    clear(invitation);
    return Encode(invitation);
  };
  ExpectRefused(without([](v1::Invitation& i) { i.clear_address(); }), "no address");
  ExpectRefused(without([](v1::Invitation& i) { i.clear_authority(); }), "no authority");
  ExpectRefused(without([](v1::Invitation& i) { i.clear_certificate(); }), "no certificate");
  ExpectRefused(without([](v1::Invitation& i) { i.clear_private_key(); }), "no private key");
  ExpectRefused(without([](v1::Invitation& i) { i.clear_code(); }), "no code");
  EXPECT_TRUE(Decode(without([](v1::Invitation& i) { i.clear_full_name(); })).ok());
}

// Whoever can compute the four check bytes can write any text; it must still be harmless.
TEST(Invitation, SurvivesTextsMadeToHarm) {
  const auto sealed = [](const std::string& packed) {
    const auto check = Sha256({absl::string_view("sotay/invitation/v1\0", 20), packed});
    return absl::StrCat("sotay1:", absl::WebSafeBase64Escape(
                                       packed + std::string(check.begin(), check.begin() + 4)));
  };
  ASSERT_EQ(sealed(Pack(Example().SerializeAsString(), 19).SerializeAsString()), Encode(Example()));
  ExpectRefused(sealed("garbage"), "packing");
  ExpectRefused(sealed(Pack("\xff\xff garbage").SerializeAsString()), "content");
  v1::Packed bomb = Pack(Example().SerializeAsString());
  bomb.set_size(0xffffffff);
  ExpectRefused(sealed(bomb.SerializeAsString()), "limit 65536");
  ExpectRefused(sealed(v1::Packed().SerializeAsString()), "damaged");
}

TEST(Code, IsTwelveLettersInThreeGroups) {
  std::set<std::string> codes;
  std::set<char> letters;
  for (int i = 0; i < 1000; ++i) {
    const std::string code = NewCode();
    ASSERT_EQ(code.size(), 14u);
    EXPECT_EQ(code[4], '-');
    EXPECT_EQ(code[9], '-');
    codes.insert(code);
    letters.insert(code.begin(), code.end());
    EXPECT_EQ(NormalizeCode(code), absl::StrReplaceAll(code, {{"-", ""}}));
  }
  EXPECT_EQ(codes.size(), 1000u);
  // All 32 letters turn up in 12,000, and the dash; none of those easily mistaken.
  EXPECT_EQ(letters.size(), 33u);
  for (char c : {'I', 'L', 'O', 'U'}) EXPECT_EQ(letters.count(c), 0u) << c;
}

TEST(Code, IsTheSameHoweverItIsTyped) {
  const std::string expected = "7K3M91XA0B2C";
  EXPECT_EQ(NormalizeCode("7K3M-91XA-0B2C"), expected);
  EXPECT_EQ(NormalizeCode("7k3m-9lxa-ob2c"), expected);
  EXPECT_EQ(NormalizeCode("  7K3M 9IXA\tOB2C\n"), expected);
  EXPECT_EQ(NormalizeCode("7k3m9ixaob2c"), expected);
  EXPECT_EQ(NormalizeCode("7K3M–91XA—0B2C"), expected);
  EXPECT_NE(NormalizeCode("7K3M-91XA-0B2D"), expected);
  EXPECT_EQ(NormalizeCode("u!"), "U!");
  EXPECT_EQ(NormalizeCode(""), "");
}

}  // namespace
}  // namespace sotay::seal
