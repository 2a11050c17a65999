// Every question that shows records, asked over real TLS, and the row it leaves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sotay/notebook.h"
#include "sotay/v1/access_service.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::IsEmpty;

constexpr char kUnit[] = "vkskv1";
constexpr char kSupervision[] = "/sotay.v1.SupervisionService/";
constexpr char kSync[] = "/sotay.v1.SyncService/";
constexpr int kNotFound = 5;
constexpr int kPermissionDenied = 7;

// A case of Đàm's, written on a phone; and a supervisor of the unit, who reads.
class AccessServiceTest : public ::testing::Test {
 protected:
  AccessServiceTest() : reader_(office_.NewDevice("quoc", {{kUnit, ROLE_SUPERVISOR}})) {
    office_.PutUser("dam", {{kUnit, ROLE_PROSECUTOR}});
    const std::string dir = office_.space() / "dam";
    EXPECT_THAT(sdk::Notebook::Enroll(dir, office_.Invite("dam"), "máy của Đàm"), IsOk());
    auto dam = sdk::Notebook::Open(dir);
    EXPECT_THAT(dam, IsOk());
    EXPECT_THAT((*dam)->Sync(), IsOk());
    sdk::Edit kind, title;
    kind.field = "kind";
    kind.value = "criminal";
    title.field = "title";
    title.value = "Vụ trộm cắp tài sản";
    const auto matter = (*dam)->Create("case", kUnit, absl::nullopt, {kind, title});
    EXPECT_THAT(matter, IsOk());
    EXPECT_THAT((*dam)->Sync(), IsOk());
    record_ = matter->str();
    // The phone was sent back what it wrote.
    EXPECT_EQ(Since().size(), 1u);
  }

  RawAnswer Ask(const ServedOffice::Device& device, const std::string& method,
                const google::protobuf::Message& request) {
    return ServedOffice::Call(device.address, method, request.SerializeAsString());
  }
  RawAnswer ListAccess(const ServedOffice::Device& device) {
    v1::ListAccessRequest request;
    request.set_unit_id(kUnit);
    return Ask(device, "/sotay.v1.AccessService/ListAccess", request);
  }
  // What the unit's supervisor is told that was not told before, the newest first.
  std::vector<v1::AccessEntry> Since() {
    const RawAnswer answer = ListAccess(reader_);
    v1::ListAccessResponse response;
    EXPECT_EQ(answer.code, 0) << answer.message;
    EXPECT_TRUE(response.ParseFromString(answer.bytes));
    std::vector<v1::AccessEntry> fresh(
        response.entries().begin(), response.entries().end() - static_cast<std::ptrdiff_t>(told_));
    told_ = static_cast<size_t>(response.entries_size());
    return fresh;
  }
  // Asks, must be answered, and must have left exactly this row.
  void Leaves(v1::AccessKind kind, const std::string& method,
              const google::protobuf::Message& request, bool of_one) {
    SCOPED_TRACE(method);
    const RawAnswer answer = Ask(reader_, method, request);
    ASSERT_EQ(answer.code, 0) << answer.message;
    const auto rows = Since();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].kind(), kind);
    EXPECT_EQ(rows[0].number(), told_);
    EXPECT_EQ(rows[0].user_id(), "quoc");
    EXPECT_EQ(rows[0].device_id(), reader_.id.str());
    EXPECT_EQ(rows[0].rule(), v1::ACCESS_RULE_MEMBER);
    EXPECT_EQ(rows[0].unit_id(), kUnit);
    EXPECT_EQ(rows[0].record_id(), of_one ? record_ : "");
    EXPECT_EQ(rows[0].shown(), 1u);
    EXPECT_EQ(rows[0].from(), 1u);
    EXPECT_EQ(rows[0].to(), 1u);
    EXPECT_EQ(rows[0].times(), 1u);
  }

  ServedOffice office_;
  const ServedOffice::Device reader_;
  std::string record_;
  size_t told_ = 0;
};

TEST_F(AccessServiceTest, EachQuestionLeavesItsRow) {
  v1::GetRecordRequest get;
  get.set_record_id(record_.substr(0, 6));
  Leaves(v1::ACCESS_KIND_RECORD, std::string(kSupervision) + "GetRecord", get, true);
  v1::ProveRecordRequest prove;
  prove.set_record_id(record_);
  Leaves(v1::ACCESS_KIND_PROOF, std::string(kSupervision) + "ProveRecord", prove, true);
  v1::ListRecordHistoryRequest history;
  history.set_record_id(record_);
  Leaves(v1::ACCESS_KIND_HISTORY, std::string(kSync) + "ListRecordHistory", history, true);
  v1::ListRecordsRequest list;
  list.set_type("case");
  Leaves(v1::ACCESS_KIND_LIST, std::string(kSupervision) + "ListRecords", list, false);
  v1::SyncRequest sync;
  sync.set_protocol(1);
  Leaves(v1::ACCESS_KIND_FEED, std::string(kSync) + "Sync", sync, false);
}

TEST_F(AccessServiceTest, WhatShowsNothingLeavesNone) {
  for (const auto& [method, request] : std::vector<std::pair<std::string, std::string>>{
           {"ListConflicts", ""}, {"ListQuarantine", ""}, {"ListDevices", ""}, {"ListUnits", ""}}) {
    EXPECT_EQ(ServedOffice::Call(reader_.address, kSupervision + method, request).code, 0);
  }
  v1::ListRecordsRequest none;
  none.set_type("note");
  EXPECT_EQ(Ask(reader_, std::string(kSupervision) + "ListRecords", none).code, 0);
  v1::GetRecordRequest malformed;
  malformed.set_record_id("abc");
  EXPECT_EQ(Ask(reader_, std::string(kSupervision) + "GetRecord", malformed).code, 3);
  EXPECT_THAT(Since(), IsEmpty());
}

TEST_F(AccessServiceTest, ARefusedReadIsTold) {
  const auto stranger = office_.NewDevice("an", {});
  v1::GetRecordRequest get;
  get.set_record_id(record_);
  EXPECT_EQ(Ask(stranger, std::string(kSupervision) + "GetRecord", get).code, kNotFound);
  v1::ListAccessRequest whole;
  whole.set_record_id(record_);
  const RawAnswer answer = Ask(reader_, "/sotay.v1.AccessService/ListAccess", whole);
  v1::ListAccessResponse response;
  ASSERT_TRUE(response.ParseFromString(answer.bytes));
  ASSERT_EQ(response.entries_size(), 2) << "the author's phone, and this";
  EXPECT_EQ(response.entries(1).rule(), v1::ACCESS_RULE_REFUSED);
  EXPECT_EQ(response.entries(1).user_id(), "an");
  EXPECT_EQ(response.entries(1).device_id(), stranger.id.str());
}

TEST_F(AccessServiceTest, IsForSupervisorsAndNotForAdministrators) {
  EXPECT_EQ(ListAccess(office_.administrator()).code, kNotFound);
  EXPECT_EQ(ListAccess(office_.NewDevice("an", {})).code, kNotFound);
  EXPECT_EQ(ListAccess(office_.NewDevice("que", {{kUnit, ROLE_PROSECUTOR}})).code,
            kPermissionDenied);
  EXPECT_THAT(Since(), IsEmpty()) << "to look at the log is no read of a record";
}

}  // namespace
}  // namespace sotay::tests
