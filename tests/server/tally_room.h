// An office that counts its findings, for tests of numbers and of what repeats have together.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "casework/v1/finding.pb.h"
#include "server/tally.h"
#include "tests/server/hidden_dossiers_room.h"

namespace sotay::server {

inline tests::Wish OfFinding(const std::string& name) {
  return tests::Wish(name, "casework.v1.Finding");
}
inline tests::Wish Repeats(const std::string& name, const std::string& other) {
  return OfFinding(name).Set(casework::v1::Finding::kDuplicateOfFieldNumber,
                             tests::RecordNamed(other).view());
}
inline tests::Wish Withdraws(const std::string& name) {
  return OfFinding(name).SetNumber(casework::v1::Finding::kWithdrawalFieldNumber,
                                   casework::v1::WITHDRAWAL_WITHDRAWN);
}
inline std::string NameOf(const v1::FeedRecord& fed) {
  v1::Record record;
  EXPECT_TRUE(record.ParseFromString(fed.record()));
  return record.record_id().substr(0, record.record_id().find('.'));
}

// Two cases, "k" and "m", that everybody has; "so" sees the numbers of the unit.
class TallyRoom : public HiddenDossiersRoom {
 protected:
  TallyRoom() {
    Give("so", PostOf("so", "kv1", v1::CAPACITY_STA));
    OpenCases();
    Everybody();
  }
  void Give(const std::string& user, const v1::Post& post) {
    room_.AddUser(user, {});
    EXPECT_THAT(Put(post), tests::IsOk());
  }
  std::unique_ptr<Tally> Made(TallyLimits limits = {}) {
    auto made = Tally::Make(room_.directory.get(), room_.store.get(), &room_.store->schema(),
                            room_.supervision.get(), limits);
    EXPECT_THAT(made, tests::IsOk());
    return *std::move(made);
  }
  absl::StatusOr<v1::CountRecordsResponse> Count(const std::string& user, const std::string& type,
                                                 const std::string& unit = "kv1",
                                                 const std::string& state = "") {
    v1::CountRecordsRequest request;
    request.set_unit_id(unit);
    request.set_type(type);
    request.set_state(state);
    return Made()->CountRecords(*Of(user), request);
  }
  // "things/records/disputed/withdrawn" of kv1.
  std::string Counted(const std::string& user, const std::string& type = "finding",
                      const std::string& state = "") {
    const auto counted = Count(user, type, "kv1", state);
    if (!counted.ok()) return counted.status().ToString();
    EXPECT_EQ(counted->units_size(), 1);
    const v1::UnitTally& tally = counted->units(0);
    return absl::StrCat(tally.things(), "/", tally.records(), "/", tally.disputed(), "/",
                        tally.withdrawn());
  }
  void Write(tests::SealedPhone* phone, const std::string& dossier,
             const std::vector<sync::RecordWish>& wishes) {
    phone->Write(dossier, wishes);
    room_.Exchange(phone);
    EXPECT_EQ(Last(*phone).verdict(), v1::VERDICT_APPLIED) << Last(*phone).message();
    Everybody();
  }
  v1::GetTogetherResponse Together(const std::string& user, const std::string& name,
                                   ShownParts* shown = nullptr) {
    v1::GetTogetherRequest request;
    request.set_record_id(tests::RecordNamed(name).str());
    const auto together = Made()->GetTogether(*Of(user), request, shown);
    EXPECT_THAT(together, tests::IsOk());
    return together.ok() ? *together : v1::GetTogetherResponse();
  }
  std::vector<std::string> RecordsOf(const std::string& user, const std::string& name) {
    std::vector<std::string> names;
    const v1::GetTogetherResponse together = Together(user, name);
    for (const v1::FeedRecord& one : together.records()) names.push_back(NameOf(one));
    return names;
  }
};

}  // namespace sotay::server
