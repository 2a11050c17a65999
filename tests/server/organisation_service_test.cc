// Posts through the service: a real server, real TLS, and a clock that goes on by days.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/access_rules.h"
#include "sotay/notebook.h"
#include "sotay/v1/access_grounds.pb.h"
#include "sotay/v1/access_service.pb.h"
#include "sotay/v1/organisation_service.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/day.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;

constexpr int kOk = 0;
constexpr int kPermissionDenied = 7;
constexpr char kUnit[] = "vkskv1";
constexpr int64_t kDayMs = 86'400'000;

class OrganisationServiceTest : public ::testing::Test {
 protected:
  template <typename Response>
  Response Asked(const ServedOffice::Device& device, const std::string& method,
                 const google::protobuf::Message& request, int code = kOk) {
    const RawAnswer answer =
        ServedOffice::Call(device.address, "/sotay.v1." + method, request.SerializeAsString());
    EXPECT_EQ(answer.code, code) << method << ": " << answer.message;
    Response response;
    EXPECT_TRUE(response.ParseFromString(answer.bytes));
    return response;
  }
  v1::Post Put(const std::string& user, v1::Capacity capacity, sync::Day from, sync::Day to,
               const std::string& field = "") {
    v1::PutPostRequest request;
    request.mutable_post()->set_user_id(user);
    request.mutable_post()->set_unit_id(kUnit);
    request.mutable_post()->set_capacity(capacity);
    request.mutable_post()->set_valid_from(from);
    request.mutable_post()->set_valid_to(to);
    if (!field.empty()) request.mutable_post()->add_fields_of_work(field);
    request.mutable_post()->set_reason("12/QĐ-VKS");
    return Asked<v1::PutPostResponse>(office_.administrator(), "OrganisationService/PutPost",
                                      request)
        .post();
  }
  // How many units the device's user is told they may read.
  int Units(const ServedOffice::Device& device) {
    return Asked<v1::ListUnitsResponse>(device, "SupervisionService/ListUnits",
                                        v1::ListUnitsRequest())
        .units_size();
  }
  sync::Day Today() const {
    return sync::DayOf(absl::ToUnixMillis(absl::Now()) + office_.ahead_ms.load());
  }

  ServedOffice office_;
};

TEST_F(OrganisationServiceTest, APostBeginsAndEndsByTheServersClock) {
  const auto dam = office_.NewDevice("dam", {});
  const sync::Day today = Today();
  EXPECT_EQ(Units(dam), 0);
  office_.ahead_ms = kDayMs;
  const sync::Day tomorrow = Today();
  office_.ahead_ms = 0;
  const v1::Post post = Put("dam", v1::CAPACITY_INS, tomorrow, tomorrow);
  EXPECT_EQ(post.number(), 1u);
  EXPECT_EQ(post.set_by(), "khoa");
  EXPECT_EQ(Units(dam), 0) << today;
  office_.ahead_ms = kDayMs;
  EXPECT_EQ(Units(dam), 1) << tomorrow;
  office_.ahead_ms = 2 * kDayMs;
  EXPECT_EQ(Units(dam), 0);
  // Nothing was written for it to end.
  v1::ListPostsRequest all;
  all.set_history(true);
  EXPECT_EQ(
      Asked<v1::ListPostsResponse>(office_.administrator(), "OrganisationService/ListPosts", all)
          .posts_size(),
      1);
  v1::EndPostRequest end;
  end.set_user_id("dam");
  end.set_number(1);
  end.set_valid_to(Today());
  end.set_reason("13/QĐ-VKS");
  EXPECT_EQ(Asked<v1::EndPostResponse>(office_.administrator(), "OrganisationService/EndPost", end)
                .post()
                .replaces(),
            1u);
  EXPECT_EQ(Units(dam), 1);
}

TEST_F(OrganisationServiceTest, PostsAreForAdministratorsAndTheTableIsForEverybody) {
  const auto ngu = office_.NewDevice("ngu", {{kUnit, ROLE_SUPERVISOR}});
  for (const char* method : {"PutPost", "EndPost", "ListPosts", "PutUnitTerm", "ListUnitTerms"}) {
    Asked<v1::ListPostsResponse>(ngu, std::string("OrganisationService/") + method,
                                 v1::ListPostsRequest(), kPermissionDenied);
  }
  const auto rules =
      Asked<v1::GetRulesResponse>(ngu, "OrganisationService/GetRules", v1::GetRulesRequest());
  EXPECT_EQ(rules.source(), "compiled in");
  EXPECT_EQ(rules.text(), server::BuiltInRules());
  EXPECT_EQ(rules.sha256().size(), 32u);
  EXPECT_GT(rules.lines_size(), 20);
}

TEST_F(OrganisationServiceTest, TheAccessLogSaysByWhichLine) {
  office_.PutUser("nguyet", {{kUnit, ROLE_PROSECUTOR}});
  const std::string dir = office_.space() / "nguyet";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office_.Invite("nguyet"), "máy của Nguyệt"), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(const auto nguyet, sdk::Notebook::Open(dir));
  ASSERT_THAT(nguyet->Sync(), IsOk());
  sdk::Edit kind, title;
  kind.field = "kind";
  kind.value = "criminal";
  title.field = "title";
  title.value = "Vụ trộm cắp tài sản";
  ASSERT_THAT(nguyet->Create("case", kUnit, absl::nullopt, {kind, title}), IsOk());
  ASSERT_THAT(nguyet->Sync(), IsOk());
  const auto ngu = office_.NewDevice("ngu", {{kUnit, ROLE_SUPERVISOR}});
  v1::ListRecordsRequest list;
  const auto listed = Asked<v1::ListRecordsResponse>(ngu, "SupervisionService/ListRecords", list);
  ASSERT_EQ(listed.records_size(), 1);
  v1::ListAccessRequest access;
  access.set_unit_id(kUnit);
  const auto log = Asked<v1::ListAccessResponse>(ngu, "AccessService/ListAccess", access);
  ASSERT_GE(log.entries_size(), 1);
  v1::AccessGrounds grounds;
  ASSERT_TRUE(grounds.ParseFromString(log.entries(0).SerializeAsString()));
  EXPECT_EQ(grounds.lines(), "head.case");
}

}  // namespace
}  // namespace sotay::tests
