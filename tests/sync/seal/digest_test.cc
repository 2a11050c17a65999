#include "sync/seal/digest.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace sotay::seal {
namespace {

std::string Hex(const std::array<uint8_t, 32>& hash) {
  return absl::BytesToHexString(std::string(hash.begin(), hash.end()));
}

// FIPS 180-2, appendix B, and the hash of nothing.
TEST(Digest, IsSha256) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, OfPartsIsTheDigestOfTheWhole) {
  EXPECT_EQ(Sha256({"a", "", "bc"}), Sha256("abc"));
  EXPECT_EQ(Sha256({"", ""}), Sha256(""));
}

// printf 'sotay/change/v1\0Có mặt …' | openssl dgst -sha256
TEST(Digest, NamesAChangeByItsBytesAndKind) {
  EXPECT_EQ(HashChange("Có mặt tại Km 12+300 đường tỉnh 9X").Hex(),
            "0ed4e87e3700698441c44a0407431b6315a4ebbfe7987d146db1970fd880474d");
  EXPECT_NE(HashChange("x").view(),
            absl::string_view(reinterpret_cast<const char*>(Sha256("x").data()), 32));
}

// (printf 'sotay/device/v1\0'; xxd -r -p) | openssl dgst -sha256, over the public key of
// RFC 6979, A.2.5; the first 32 digits.
TEST(Digest, NamesADeviceByItsKey) {
  const std::string spki = absl::HexStringToBytes(
      "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
      "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  EXPECT_EQ(DeviceIdOf(spki).Hex(), "d60eb4dedd350586394cbf75f789d476");
}

TEST(Digest, ChangesWithEveryByte) {
  std::string change(700, '\0');
  std::set<sync::ChangeId> ids = {HashChange(change)};
  for (size_t i = 0; i < change.size(); ++i) {
    change[i] = 1;
    ids.insert(HashChange(change));
    change[i] = 0;
  }
  change.push_back('\0');
  ids.insert(HashChange(change));
  EXPECT_EQ(ids.size(), 702u);
}

TEST(Digest, IsTheSameOnAllThreadsAtOnce) {
  const sync::ChangeId expected = HashChange("một");
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&count, &expected] {
      for (int i = 0; i < 2000; ++i) count += HashChange("một") == expected ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace sotay::seal
