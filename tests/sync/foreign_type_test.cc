// A record type an organisation brought, through the whole corridor: every rule of it once, two
// people at a time, and never a line of generated code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "sync/fragment.h"
#include "sync/view.h"
#include "tests/support/paper_world.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::kProsecutor;
using tests::kSupervisor;
using tests::PaperOffice;
using tests::PaperPhone;
using tests::StatusIs;
using tests::Wish;

enum Field : uint32_t {
  kPlotName = 1,
  kMapColour = 2,
  kRemarks = 3,
  kSpecies = 4,
  kReadings = 5,
  kTrees = 6,
  kState = 7,
  kCornerPost = 8,
  kRegisterNo = 9,
  kCanopyM = 10,
};

std::string Tree(absl::string_view tag, absl::string_view girth) {
  return StringFragment(1, tag) + StringFragment(2, girth);
}

Wish Census() { return Wish("plot", "foreign.v1.TreeCensus"); }

class ForeignType : public ::testing::Test {
 protected:
  static std::shared_ptr<const Schema> Brought() {
    return Schema::Build({}, {tests::ReadDescriptorSet(SOTAY_CENSUS_SCHEMA)}).value();
  }
  static std::string Json(const MergedRecord& record, const Schema& schema) {
    const auto content = Content(schema, record);
    if (content == nullptr) return "no content";
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    EXPECT_TRUE(google::protobuf::util::MessageToJsonString(*content, &json, options).ok());
    return json;
  }

  std::shared_ptr<const Schema> schema_ = Brought();
  PaperOffice office_{schema_};
  PaperPhone ha_ = office_.Enrol("ha", kProsecutor);
  PaperPhone rang_ = office_.Enrol("rang", kProsecutor);
  PaperPhone leader_ = office_.Enrol("trieu", kSupervisor);
};

TEST_F(ForeignType, GoesThroughTheWholeCorridor) {
  ha_.Write("plot", {Census()
                         .Set(kPlotName, "Cồn Sậy 4")
                         .Set(kMapColour, "xanh")
                         .Text(kRemarks, "Đất ướt.")
                         .Add(kSpecies, "bần")
                         .Append(kReadings, Tree("1", "42,5"))
                         .Count(kTrees, 14, "bần")
                         .Set(kCornerPost, "C-7")
                         .Set(kCanopyM, "11,5")});
  office_.Exchange(&ha_);
  office_.Exchange(&rang_);

  // Both go on, neither having seen the other.
  ha_.Write("plot", {Census()
                         .Set(kPlotName, "Cồn Sậy 4A")
                         .Set(kMapColour, "đỏ")
                         .Text(kRemarks, "Đất ướt, có cua.")
                         .Add(kSpecies, "đước")
                         .Remove(kSpecies, "bần")
                         .Append(kReadings, Tree("2", "38"))
                         .Count(kTrees, 2, "bần")
                         .SetNumber(kState, 1)});
  rang_.clock_ms += 5000;
  rang_.Write("plot", {Census()
                           .Set(kPlotName, "Cồn Sậy 4B")
                           .Set(kMapColour, "vàng")
                           .Add(kSpecies, "bần")
                           .Append(kReadings, Tree("3", "51"))
                           .Count(kTrees, 9, "bần")
                           .Count(kTrees, 1, "đước")});
  office_.Exchange(&rang_);
  office_.Exchange(&ha_);
  office_.Exchange(&rang_);
  ASSERT_THAT(office_.SetAside(), IsEmpty());

  for (const PaperPhone* phone : {&ha_, &rang_}) {
    const MergedRecord shown = *phone->Shown("plot");
    EXPECT_EQ(shown.Serialize(), office_.Find("plot")->Serialize());
    const auto conflicts = Conflicts(shown);
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0].type->name, "plot_name");
    EXPECT_EQ(conflicts[0].readings.size(), 2u);
    EXPECT_EQ(Json(shown, *schema_),
              R"({"plot_name":"Cồn Sậy 4B","map_colour":"vàng","remarks":"Đất ướt, có cua.",)"
              R"("species":["bần","đước"],"readings":[{"tag":"1","girth_cm":"42,5"},)"
              R"({"tag":"2","girth_cm":"38"},{"tag":"3","girth_cm":"51"}],)"
              R"("trees":{"bần":"25","đước":"1"},"state":"PLOT_STATE_COUNTED",)"
              R"("corner_post":"C-7","canopy_m":"11,5"})");
  }

  // One pick settles the name; the leader's step follows the table.
  ha_.Write("plot", {Census().Set(kPlotName, "Cồn Sậy 4A")});
  office_.Exchange(&ha_);
  office_.Exchange(&leader_);
  leader_.Write("plot", {Census().SetNumber(kState, 2)});
  office_.Exchange(&leader_);
  EXPECT_EQ(ConflictCount(*office_.Find("plot")), 0u);
  EXPECT_THAT(Json(*office_.Find("plot"), *schema_), HasSubstr("PLOT_STATE_CHECKED"));
}

TEST_F(ForeignType, IsHeldToItsOwnDeclaration) {
  ha_.Write("plot", {Census().Set(kPlotName, "Cồn Sậy 4").Set(kCornerPost, "C-7")});
  const struct {
    Wish wish;
    const char* message;
  } cases[] = {
      {Census().Set(kMapColour, std::string(33, 'x')), "field map_colour: 33 bytes, limit 32"},
      {Census().Set(kCornerPost, "C-8"), "field corner_post is written once"},
      {Census().Set(kRegisterNo, "1"), "field register_no is assigned by the server"},
      {Census().SetNumber(kState, 2), "field state: no step leads from 0 to 2"},
      {Census().Set(kSpecies, "bần"), "field species: the operation does not fit RULE_SET"},
      {Census().Append(kReadings, "\xFF"), "is no foreign.v1.TreeReading"},
  };
  for (const auto& c : cases) {
    const auto composed = ha_.TryWrite("plot", {c.wish});
    EXPECT_FALSE(composed.ok()) << c.message;
    EXPECT_THAT(std::string(composed.status().message()), HasSubstr(c.message));
  }
  EXPECT_THAT(ha_.TryWrite("other", {Wish("other", "foreign.v1.TreeCensus")}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("plot_name is required")));
}

// A server that was not given the file keeps the changes and says why.
TEST_F(ForeignType, IsSetAsideWhereNobodyKnowsIt) {
  PaperOffice elsewhere(tests::CaseworkSchema());
  elsewhere.Enrol("ha", kProsecutor);
  ha_.Write("plot", {Census().Set(kPlotName, "Cồn Sậy 4")});
  const PushOutcome outcome = elsewhere.Push(ha_);
  EXPECT_EQ(outcome.outcomes[0].reason(), v1::REASON_TYPE_UNKNOWN);
  EXPECT_EQ(elsewhere.SetAside()[0].change(), ha_.Written(1)[0].bytes);
}

}  // namespace
}  // namespace sotay::sync
