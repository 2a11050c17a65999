// One inspection with files, told by real phones to a real server, and what a member of the unit
// makes of it: exports, and what sotay-verify says of them.  One thread.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/e2e/office.h"

namespace sotay::tests {

constexpr char kDam[] = "nguyen-uu-dam";
constexpr char kQue[] = "vo-nguyet-que";
// What sotay-verify ends with when what is there holds and files are missing.
constexpr int kIncomplete = 6;

inline std::string Bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

inline void Write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string Photograph(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  std::mt19937 chance(seed);
  for (char& byte : bytes) byte = static_cast<char>(chance());
  return bytes;
}

class DossierScene {
 public:
  DossierScene() {
    office_.StartServer();
    office_.MakeUnit({kDam, kQue});
    for (const char* user : {kDam, kQue}) {
      Phone(user, {"enroll", office_.Invite(user)});
      Phone(user, {"sync"});
    }
    inspection_ =
        Phone(kDam, {"new", "inspection", "kind=scene_examination", "place=Đường tỉnh 9X"})["id"];
  }

  nlohmann::json Phone(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> command = {SOTAY, "--dir", office_.space() / user, "--json"};
    command.insert(command.end(), words.begin(), words.end());
    const Ended ended = tests::Run(command);
    EXPECT_EQ(ended.exit_code, 0) << user << " " << words.front() << ": " << ended.err;
    return nlohmann::json::parse(ended.out, nullptr, /*allow_exceptions=*/false);
  }
  // A photograph of that name, attached by the one who was there; its id.
  std::string Attach(const std::string& name, const std::string& bytes, const std::string& in) {
    const std::string directory = office_.space() / "anh";
    std::filesystem::create_directories(directory);
    Write(directory + "/" + name, bytes);
    return Phone(kDam, {"attach", directory + "/" + name, "--in", in, "--kind", "photo"})["id"];
  }
  std::vector<std::string> CtlWords(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {SOTAYCTL, "--dir", office_.space() / kQue, "--lang", "en"};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  }
  Ended Ctl(const std::vector<std::string>& words) const { return tests::Run(CtlWords(words)); }
  static Ended Verify(const std::string& path, const std::vector<std::string>& more = {}) {
    std::vector<std::string> command = {SOTAY_VERIFY, path, "--lang", "en"};
    command.insert(command.end(), more.begin(), more.end());
    return tests::Run(command);
  }
  static nlohmann::json Verified(const std::string& path) {
    return nlohmann::json::parse(Verify(path, {"--json"}).out, nullptr, /*allow_exceptions=*/false);
  }
  Office& office() { return office_; }
  const std::string& inspection() const { return inspection_; }

 private:
  Office office_;
  std::string inspection_;
};

}  // namespace sotay::tests
