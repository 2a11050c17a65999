#include "sync/seal/seal.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "sync/seal/digest.h"
#include "sync/seal/key.h"

namespace sotay::seal {
namespace {

sync::ChangeId ChangeOf(char c) { return *sync::ChangeId::From(std::string(32, c)); }

struct Example {
  std::vector<sync::ChangeId> ids = {ChangeOf('\x11'), ChangeOf('\x22')};
  PushSeal push;

  Example() {
    push.organisation_id = absl::HexStringToBytes("000102030405060708090a0b0c0d0e0f");
    push.device = *sync::DeviceId::From(std::string(16, '\xd0'));
    push.first_sequence = 258;
    push.last_sequence = 259;
    push.previous = std::string(32, '\xab');
    push.ids = ids;
  }
};

// Put together with printf and xxd, ids hashed with openssl dgst -sha256.
TEST(SealText, IsExactlyTheDocumentedBytes) {
  const Example example;
  EXPECT_EQ(absl::BytesToHexString(SealText(example.push)),
            "736f7461792f707573682f763100"
            "000102030405060708090a0b0c0d0e0f"
            "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0"
            "0000000000000102"
            "0000000000000103"
            "abababababababababababababababababababababababababababababababab"
            "5189c77d29fe5d546a045ec46986852785fea5c13ac7da9c115ff5fb6edf817c");
  // openssl dgst -sha256 over the whole.
  const auto hash = Sha256(SealText(example.push));
  EXPECT_EQ(absl::BytesToHexString(std::string(hash.begin(), hash.end())),
            "d793d80d9c5a4223e26a8fb6cf734855f7985291e8cffe03944b1849a9b03230");
}

TEST(SealText, WritesZerosBeforeTheFirstChange) {
  Example example;
  example.push.first_sequence = 1;
  example.push.previous.clear();
  const std::string text = SealText(example.push);
  ASSERT_EQ(text.size(), 126u);
  EXPECT_EQ(text.substr(62, 32), std::string(32, '\0'));
}

TEST(SealText, WritesTheLargestSequence) {
  Example example;
  example.push.last_sequence = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(SealText(example.push).substr(54, 8), std::string(8, '\xff'));
}

TEST(SealText, DiffersWhenAnythingItVouchesForDoes) {
  std::set<std::string> texts;
  const auto add = [&texts](auto change) {
    Example example;
    change(example);
    texts.insert(SealText(example.push));
  };
  add([](Example&) {});
  add([](Example& e) { e.push.organisation_id[15] = 'x'; });
  add([](Example& e) { e.push.device = *sync::DeviceId::From(std::string(16, 'x')); });
  add([](Example& e) { e.push.first_sequence = 257; });
  add([](Example& e) { e.push.last_sequence = 260; });
  add([](Example& e) { e.push.previous[0] = 'x'; });
  add([](Example& e) { e.push.previous.clear(); });
  add([](Example& e) { std::swap(e.ids[0], e.ids[1]); });
  add([](Example& e) { e.push.ids = absl::MakeConstSpan(e.ids).subspan(0, 1); });
  add([](Example& e) { e.push.ids = {}; });
  add([](Example& e) { e.ids[1] = ChangeOf('x'); });
  EXPECT_EQ(texts.size(), 11u);
}

TEST(SealText, OfMalformedPartsIsEmptyAndNeverSealed) {
  const SigningKey key = *SigningKey::Generate();
  for (size_t size : {0u, 1u, 15u, 17u, 32u}) {
    Example example;
    example.push.organisation_id = std::string(size, 'o');
    EXPECT_EQ(SealText(example.push), "") << size;
  }
  for (size_t size : {1u, 31u, 33u, 64u}) {
    Example example;
    example.push.previous = std::string(size, 'p');
    EXPECT_EQ(SealText(example.push), "") << size;
    EXPECT_FALSE(key.Sign(SealText(example.push)).ok());
  }
}

TEST(Seal, BreaksWithEveryByteOfTextAndSignature) {
  const SigningKey key = *SigningKey::Generate();
  const Example example;
  std::string text = SealText(example.push);
  std::string signature = *key.Sign(text);
  ASSERT_TRUE(key.verifying_key().Verify(text, signature));
  for (char& byte : text) {
    byte = static_cast<char>(byte ^ 1);
    EXPECT_FALSE(key.verifying_key().Verify(text, signature)) << &byte - text.data();
    byte = static_cast<char>(byte ^ 1);
  }
  for (char& byte : signature) {
    for (int flip : {0x01, 0x80, 0xff}) {
      byte = static_cast<char>(byte ^ flip);
      EXPECT_FALSE(key.verifying_key().Verify(text, signature)) << &byte - signature.data();
      byte = static_cast<char>(byte ^ flip);
    }
  }
  EXPECT_TRUE(key.verifying_key().Verify(text, signature));
}

}  // namespace
}  // namespace sotay::seal
