// Names of files in a bundle, whatever an attachment calls its file.
#include "mobile-sdk/cli/bundle_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace sotay::cli {
namespace {

const std::string kHash(
    "\x9b\x20\xc3\xd4\xe5\xf6\x07\x18\x29\x3a\x4b\x5c\x6d\x7e\x8f\x90"
    "\x9b\x20\xc3\xd4\xe5\xf6\x07\x18\x29\x3a\x4b\x5c\x6d\x7e\x8f\x90",
    32);

std::string Name(absl::string_view title) { return BundledName(3, kHash, title); }

TEST(BundledName, SaysNumberHashAndWhatItWasCalled) {
  EXPECT_EQ(Name("vet-phanh.jpg"), "0003_9b20c3d4e5f6_vet-phanh.jpg");
  EXPECT_EQ(BundledName(12'345, kHash, "a.png"), "12345_9b20c3d4e5f6_a.png");
}

TEST(BundledName, ReadsVietnameseWithoutItsMarks) {
  EXPECT_EQ(Name("Vết phanh, điểm đầu (Đường tỉnh 9X).JPG"),
            "0003_9b20c3d4e5f6_Vet-phanh-diem-dau-Duong-tinh-9X.jpg");
  // Composed or not, it is one name.
  EXPECT_EQ(Name("Ư\u1EBFt.pdf"), Name("U\u031Be\u0302\u0301t.pdf"));
  EXPECT_EQ(Name("Ư\u1EBFt.pdf"), "0003_9b20c3d4e5f6_Uet.pdf");
}

TEST(BundledName, LeadsNowhereElse) {
  EXPECT_EQ(Name("../../etc/passwd"), "0003_9b20c3d4e5f6_etc-passwd.bin");
  EXPECT_EQ(Name("C:\\Windows\\a.jpg"), "0003_9b20c3d4e5f6_C-Windows-a.jpg");
  EXPECT_EQ(Name(std::string("a\0b.jpg", 7)), "0003_9b20c3d4e5f6_a-b.jpg");
  EXPECT_EQ(Name("a\nb\x1b[2J.jpg"), "0003_9b20c3d4e5f6_a-b-2J.jpg");
  // Turned round, it would be read as "anhgpj.exe".
  EXPECT_EQ(Name("anh\u202Egpj.exe"), "0003_9b20c3d4e5f6_anh-gpj-exe.bin");
  EXPECT_EQ(Name("\xff\xfe.jpg"), "0003_9b20c3d4e5f6_tep.jpg");
  EXPECT_EQ(Name("照片.png"), "0003_9b20c3d4e5f6_tep.png");
  for (const char* nothing : {"", ".", "..", "...", "-", "/", " "}) {
    EXPECT_EQ(Name(nothing), "0003_9b20c3d4e5f6_tep.bin") << nothing;
  }
  EXPECT_EQ(Name("CON"), "0003_9b20c3d4e5f6_CON.bin");
  EXPECT_EQ(Name("anh.jpg."), "0003_9b20c3d4e5f6_anh-jpg.bin");
}

TEST(BundledName, StartsNoProgram) {
  for (const char* title : {"anh.exe", "anh.jpg.exe", "anh.html", "anh.svg", "anh.lnk", "anh.bat",
                            "anh.jpg.desktop", "anh.sh", "anh.hta", "anh.EXE"}) {
    EXPECT_TRUE(absl::EndsWith(Name(title), ".bin")) << title;
  }
}

TEST(BundledName, IsShortAndPlainWhateverItIsMadeOf) {
  EXPECT_LE(Name(std::string(255, 'a') + ".jpg").size(), 100u);
  EXPECT_TRUE(absl::EndsWith(Name(std::string(255, 'a') + ".jpg"), ".jpg"));
  std::mt19937 chance(5);
  std::set<std::string> folded;
  for (uint64_t i = 1; i <= 20'000; ++i) {
    std::string title(chance() % 300, '\0');
    for (char& byte : title) byte = static_cast<char>(chance());
    const std::string name = BundledName(i, kHash, title);
    ASSERT_LE(name.size(), 100u);
    ASSERT_EQ(
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
        std::string::npos)
        << name;
    ASSERT_EQ(name.find('.'), name.rfind('.')) << name;
    ASSERT_TRUE(IsBundledName(name)) << name;
    ASSERT_TRUE(folded.insert(absl::AsciiStrToLower(name)).second) << name;
  }
}

TEST(IsNameOf, TakesWhatTheRuleMayHaveGivenElsewhere) {
  // Another number, as more types are known there; another stem, as its letters are read otherwise.
  for (const char* name : {"0003_9b20c3d4e5f6_vet-phanh.jpg", "0007_9b20c3d4e5f6_vet-phanh.jpg",
                           "12345_9b20c3d4e5f6_tep.bin", "0003_9b20c3d4e5f6_a_b.pdf"}) {
    EXPECT_TRUE(IsNameOf(name, kHash)) << name;
  }
  for (const char* name :
       {"0003_9b20c3d4e5f7_vet-phanh.jpg", "0003_9b20c3d4e5f6_vet-phanh.exe",
        "0003_9b20c3d4e5f6_vet-phanh", "0003_9b20c3d4e5f6_.jpg", "0003_9b20c3d4e5f6_a.b.jpg",
        "0003_9b20c3d4e5f6_vet phanh.jpg", "0003_9b20c3d4e5f6_a.jpg.part", "3_9b20c3d4e5f6_a.jpg",
        "vet-phanh.jpg", ""}) {
    EXPECT_FALSE(IsNameOf(name, kHash)) << name;
  }
  EXPECT_FALSE(IsNameOf("0003_9b20c3d4e5f6_" + std::string(80, 'a') + ".jpg", kHash));
  std::mt19937 chance(7);
  for (int i = 0; i < 2'000; ++i) {
    std::string title(chance() % 100, '\0');
    for (char& byte : title) byte = static_cast<char>(chance());
    ASSERT_TRUE(IsNameOf(Name(title), kHash)) << Name(title);
  }
}

TEST(IsBundledName, IsTrueOfNobodyElses) {
  EXPECT_TRUE(IsBundledName("0003_9b20c3d4e5f6_anh.jpg"));
  EXPECT_TRUE(IsBundledName("0003_9b20c3d4e5f6_anh.jpg.part"));
  for (const char* other : {"", "anh.jpg", "0003", "003_9b20c3d4e5f6_a.jpg", "0003_9b20_a.jpg",
                            "0003_9B20C3D4E5F6_a.jpg", "0003_9b20c3d4e5f6", "0003_9b20c3d4e5f6_/a",
                            ".", "..", "don-thu.docx"}) {
    EXPECT_FALSE(IsBundledName(other)) << other;
  }
}

}  // namespace
}  // namespace sotay::cli
