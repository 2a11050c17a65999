// A notebook of a build that knows less of a type than others do, or more than it did before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_replace.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/note.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/status_matchers.h"

namespace sotay::sdk {
namespace {

using sync::RecordId;
using tests::Add;
using tests::IsOk;
using tests::NoteIn;
using tests::Office;
using tests::Phone;
using tests::Set;
using tests::Text;

// A type that is not compiled in, so that two builds may know it differently: casework's note
// under another name, whole or without the fields that came later.
std::shared_ptr<const sync::Schema> FieldSchema(const std::set<std::string>& unknown,
                                                bool state_field = true) {
  google::protobuf::FileDescriptorSet set;
  google::protobuf::FileDescriptorProto proto;
  casework::v1::Note::descriptor()->file()->CopyTo(&proto);
  for (google::protobuf::DescriptorProto& message : *proto.mutable_message_type()) {
    auto& fields = *message.mutable_field();
    for (int i = fields.size() - 1; i >= 0; --i) {
      if (unknown.count(fields[i].name()) != 0) fields.DeleteSubrange(i, 1);
    }
    if (unknown.count("measurements") != 0) message.clear_nested_type();
  }
  const std::string text = absl::StrReplaceAll(
      proto.DebugString(), {{".casework.v1.Note", ".field.v1.Note"},
                            {".casework.v1.Measurement", ".field.v1.Measurement"},
                            {"package: \"casework.v1\"", "package: \"field.v1\""},
                            {"name: \"casework/v1/note.proto\"", "name: \"field/v1/note.proto\""},
                            {state_field ? "\a" : "state_field: \"state\"", ""}});
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, set.add_file()));
  return sync::Schema::Build({casework::v1::Inspection::descriptor()->file()}, {set}).value();
}

// Any record whose type is casework's note under another name.
casework::v1::Note FieldNote(Phone& phone, const RecordId& id) {
  const auto view = phone->Read(id);
  EXPECT_THAT(view, IsOk());
  return view.ok() ? NoteIn(*view) : casework::v1::Note();
}

TEST(NotebookSchema, CarriesFieldsItDoesNotKnowThroughAnEdit) {
  const auto newer = FieldSchema({});
  const auto older = FieldSchema({"measurements", "occurred_ms", "next_steps"});
  Office office(newer);
  Phone nguyet(&office, "nguyet");
  Phone binh(&office, "binh");
  for (const auto& [phone, schema] : {std::pair(&nguyet, newer), std::pair(&binh, older)}) {
    phone->Close();
    ASSERT_THAT(phone->Open(schema), IsOk());
    ASSERT_THAT((*phone)->Sync(), IsOk());
  }
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId root,
      nguyet->Create("inspection", "", absl::nullopt, {Set("kind", "scene_examination")}));
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId note,
      nguyet->Create("note", "", root,
                     {Text("body", "Vết phanh dài."), Set("occurred_ms", "1794000000000"),
                      Set("measurements", R"({"value":"4,2","unit":"m"})", "vết phanh"),
                      Add("next_steps", "Chụp ảnh"), Add("next_steps", "Vẽ sơ đồ")}));
  ASSERT_THAT(nguyet->Sync(), IsOk());
  ASSERT_THAT(binh->Sync(), IsOk());
  EXPECT_EQ(binh->schema().Find("note")->Field("measurements"), nullptr);
  ASSERT_THAT(binh->Change(note, {Text("body", "Vết phanh dài, mặt đường ướt.")}), IsOk());

  // Unknown here, and still here.
  EXPECT_EQ(FieldNote(binh, note).measurements().at("vết phanh").value(), "4,2");
  ASSERT_THAT(binh->Sync(), IsOk());
  ASSERT_THAT(nguyet->Sync(), IsOk());
  const casework::v1::Note merged = FieldNote(nguyet, note);
  EXPECT_EQ(merged.body(), "Vết phanh dài, mặt đường ướt.");
  EXPECT_EQ(merged.occurred_ms(), 1'794'000'000'000);
  EXPECT_EQ(merged.measurements().at("vết phanh").value(), "4,2");
  EXPECT_EQ(merged.measurements().at("vết phanh").unit(), "m");
  EXPECT_THAT(merged.next_steps(), ::testing::UnorderedElementsAre("Chụp ảnh", "Vẽ sơ đồ"));
  EXPECT_EQ(nguyet->Digest().value(), binh->Digest().value());
  EXPECT_EQ(nguyet->Digest().value(), office.hub.Digest(nguyet.device()));
}

TEST(NotebookSchema, MakesItsListAnewWhenTheBuildLearnsMore) {
  // The older build takes the state for a plain field, and shows none.
  const auto newer = FieldSchema({});
  const auto older = FieldSchema({"state"}, /*state_field=*/false);
  Office office(newer);
  Phone nguyet(&office, "nguyet");
  nguyet.Close();
  ASSERT_THAT(nguyet.Open(older), IsOk());
  ASSERT_THAT(nguyet->Sync(), IsOk());
  SOTAY_ASSERT_OK_AND_ASSIGN(
      const RecordId root,
      nguyet->Create("inspection", "", absl::nullopt, {Set("kind", "scene_examination")}));
  ASSERT_THAT(nguyet->Create("note", "", root, {Text("body", "Dòng đầu.")}), IsOk());
  ListFilter notes;
  notes.type = "note";
  EXPECT_EQ(nguyet->List(notes).value().at(0).state, "");
  nguyet.Close();
  ASSERT_THAT(nguyet.Open(newer), IsOk());
  EXPECT_EQ(nguyet->List(notes).value().at(0).state, "NOTE_STATE_UNSPECIFIED");
  EXPECT_EQ(nguyet->List(notes).value().at(0).title, "Dòng đầu.");
}

}  // namespace
}  // namespace sotay::sdk
