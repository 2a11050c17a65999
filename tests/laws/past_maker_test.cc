// What the laws are tried on: pasts of two to five devices, other ones for another seed.
#include "tests/laws/past_maker.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/laws/cases.h"
#include "tests/laws/laws.h"

namespace sotay::laws {
namespace {

// The pasts a law is tried on from that seed on, in words.
std::vector<std::string> PastsFrom(uint64_t seed, size_t count) {
  std::vector<std::string> pasts;
  for (uint64_t at = seed; at < seed + count; ++at) {
    Chance chance(at);
    pasts.push_back(Describe(MakePast(LawM2().wishes, &chance)));
  }
  return pasts;
}

TEST(PastMaker, OneSeedIsOnePastAndAnotherIsAnother) {
  EXPECT_EQ(PastsFrom(1, 50), PastsFrom(1, 50));
  const std::vector<std::string> one = PastsFrom(1, 200);
  const std::vector<std::string> other = PastsFrom(250'117'883'911'424, 200);
  std::set<std::string> all(one.begin(), one.end());
  all.insert(other.begin(), other.end());
  EXPECT_EQ(all.size(), one.size() + other.size());
}

TEST(PastMaker, TwoToFiveDevicesWriteAndEachDoes) {
  std::map<size_t, size_t> times;
  for (uint64_t seed = 1; seed <= 4'000; ++seed) {
    Chance chance(seed);
    std::set<sync::DeviceId> devices;
    for (const PastEdit& edit : MakePast({}, &chance).edits) devices.insert(edit.author.device);
    ++times[devices.size()];
  }
  ASSERT_EQ(times.size(), 4u);
  for (size_t devices = 2; devices <= 5; ++devices) EXPECT_GT(times[devices], 800u) << devices;
}

TEST(PastMaker, OneDeviceWritesAloneWhereThatIsWished) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Chance chance(seed);
    const Past past = MakePast(LawM2OfOneDevice().wishes, &chance);
    for (const PastEdit& edit : past.edits) {
      ASSERT_EQ(edit.author.device, past.edits.front().author.device);
    }
  }
}

// A name of the environment for a test, put back as it was.
class Named {
 public:
  Named(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Named() { before_.empty() ? unsetenv(name_) : setenv(name_, before_.c_str(), 1); }
  Named(const Named&) = delete;
  Named& operator=(const Named&) = delete;

 private:
  const char* name_;
  std::string before_;
};

TEST(Cases, TheSoakNamesTheFirstSeed) {
  {
    const Named none("SOTAY_SEED", nullptr);
    EXPECT_EQ(FirstSeed(), 1u);
  }
  const Named soak("SOTAY_SEED", "250117883911424");
  EXPECT_EQ(FirstSeed(), 250'117'883'911'424u);
}

// What a failure tells to repeat it: that case, and no other.
TEST(Cases, AFailureIsRepeatedAlone) {
  const Named one("SOTAY_CASES", "1");
  EXPECT_EQ(CasesFor(260), 1u);
  EXPECT_NE(HowToRepeat(77).find("SOTAY_SEED=77 SOTAY_CASES=1"), std::string::npos);
}

}  // namespace
}  // namespace sotay::laws
