// Numbers of records, against somebody who looks at each.
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/finding.pb.h"
#include "sync/fragment.h"
#include "tests/server/tally_room.h"

namespace sotay::server {
namespace {

using casework::v1::Finding;
using tests::IsOk;
using tests::RecordNamed;
using tests::SealedPhone;

// Whatever people link, unlink, withdraw and restrict, in whatever order it comes: the numbers are
// those of somebody who looks at each record by itself.
class TallyLaw : public TallyRoom, public ::testing::WithParamInterface<uint32_t> {
 protected:
  static constexpr size_t kFindings = 9;
  static std::string NameOfOne(size_t i) { return absl::StrCat("f", i); }
  static std::string DossierOf(size_t i) { return i % 3 == 0 ? "m" : "k"; }

  size_t Below(size_t bound) { return chance_() % bound; }
  sync::MergedRecord Stored(const std::string& name) {
    const auto stored = room_.store->LoadRecord(RecordNamed(name));
    EXPECT_TRUE(stored.ok() && stored->has_value());
    return *sync::MergedRecord::Parse(room_.store->schema(), (*stored)->bytes);
  }
  // As Counted, by looking.
  std::string Naively(const std::string& user) {
    const std::set<std::string> all = {"ngu"};
    std::vector<size_t> counted;
    std::map<size_t, std::string> links;
    size_t disputed = 0;
    size_t withdrawn = 0;
    for (size_t i = 0; i < kFindings; ++i) {
      if (DossierOf(i) == "k" && restricted_ && all.count(user) == 0 && user != "dam") continue;
      const sync::MergedRecord record = Stored(NameOfOne(i));
      if (record.StateInForce(Finding::kWithdrawalFieldNumber) ==
          casework::v1::WITHDRAWAL_WITHDRAWN) {
        ++withdrawn;
        continue;
      }
      counted.push_back(i);
      std::set<std::string> said;
      if (const auto* slot = record.Slot(Finding::kDuplicateOfFieldNumber)) {
        for (const auto& reading : slot->readings) said.insert(reading.value);
      }
      if (said.size() > 1) ++disputed;
      if (said.size() == 1) links[i] = std::string(*sync::StringOf(*said.begin()));
    }
    std::set<std::set<size_t>> groups;
    for (const size_t from : counted) {
      std::set<size_t> group;
      std::vector<size_t> todo = {from};
      while (!todo.empty()) {
        const size_t at = todo.back();
        todo.pop_back();
        if (!group.insert(at).second) continue;
        for (const size_t to : counted) {
          const bool there = links.count(at) != 0 && links[at] == RecordNamed(NameOfOne(to)).str();
          const bool back = links.count(to) != 0 && links[to] == RecordNamed(NameOfOne(at)).str();
          if ((there || back) && DossierOf(at) == DossierOf(to)) todo.push_back(to);
        }
      }
      groups.insert(group);
    }
    return absl::StrCat(groups.size(), "/", counted.size(), "/", disputed, "/", withdrawn);
  }
  void Step() {
    const size_t i = Below(kFindings);
    SealedPhone* const phone = restricted_ || Below(2) == 0 ? &dam_ : &que_;
    switch (Below(8)) {
      case 0:
        ngu_.Write(DossierOf(i), {OfFinding(NameOfOne(i))
                                      .SetNumber(Finding::kWithdrawalFieldNumber,
                                                 withdrawn_.insert(i).second
                                                     ? casework::v1::WITHDRAWAL_WITHDRAWN
                                                     : casework::v1::WITHDRAWAL_RESTORED)});
        room_.Exchange(&ngu_);
        if (Last(ngu_).verdict() == v1::VERDICT_APPLIED &&
            Stored(NameOfOne(i)).StateInForce(Finding::kWithdrawalFieldNumber) !=
                casework::v1::WITHDRAWAL_WITHDRAWN) {
          withdrawn_.erase(i);
        }
        return;
      case 1:
        phone->Write(DossierOf(i),
                     {OfFinding(NameOfOne(i)).Clear(Finding::kDuplicateOfFieldNumber)});
        return;
      case 2:
        Everybody();
        restricted_ = !restricted_;
        if (restricted_) {
          ASSERT_THAT(Restrict("ngu", "k", {{"dam", 0}}), IsOk());
        } else {
          ASSERT_THAT(Open("ngu", "k"), IsOk());
        }
        Everybody();
        return;
      case 3:
        return Everybody();
      default:
        phone->Write(DossierOf(i), {Repeats(NameOfOne(i), NameOfOne(Below(kFindings + 1)))});
    }
  }

  std::mt19937 chance_{GetParam()};
  std::set<size_t> withdrawn_;
  bool restricted_ = false;  // "k", to Đàm
};

TEST_P(TallyLaw, CountsAsSomebodyWouldWhoLooksAtEach) {
  for (size_t i = 0; i < kFindings; ++i) {
    dam_.Write(DossierOf(i), {OfFinding(NameOfOne(i))});
  }
  Everybody();
  Everybody();
  for (int step = 0; step < 40; ++step) {
    Step();
    if (step % 4 != 3) continue;
    for (const char* user : {"ngu", "dam", "que", "so"}) {
      ASSERT_EQ(Counted(user), Naively(user)) << user << " at step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TallyLaw, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace sotay::server
