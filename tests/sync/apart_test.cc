#include "sync/apart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/builders.h"

namespace sotay::sync {
namespace {

using casework::v1::NOTE_STATE_DRAFT;
using casework::v1::NOTE_STATE_WITHDRAWN;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::CaseworkSchema;
using tests::ChangeNamed;
using tests::DeviceNamed;
using tests::Note;
using tests::RecordNamed;
using tests::Wish;

class ApartTest : public ::testing::Test {
 protected:
  ApartTest() { Write("birth", Note("n").Measured("vết phanh", "4,2", "m"), {}); }
  // What `user` makes of the version `seen`; the version they leave.
  VersionVector Write(const std::string& user, const Wish& wish, VersionVector seen) {
    v1::RecordEdit edit;
    for (const FieldEdit& field : wish.wish().fields) *edit.add_ops() = field.op;
    Author author;
    author.change = ChangeNamed(user);
    author.device = DeviceNamed(user);
    author.sequence = 1;
    author.stamp = ++stamp_;
    author.user_id = user;
    author.authority = 10;
    record_.Apply(edit, author, seen, {});
    seen.Add(author.device, author.sequence);
    return seen;
  }
  std::vector<std::string> Apart() {
    std::vector<std::string> users;
    for (const Author& author : ApartFromState(record_)) users.push_back(author.user_id);
    return users;
  }

  MergedRecord record_{CaseworkSchema()->Find("note"), RecordNamed("n"), "casework.v1.Note",
                       "vkskv1", RecordNamed("k")};
  Stamp stamp_ = 0;
};

TEST_F(ApartTest, AreThoseWhoWroteWithoutKnowingOfTheStep) {
  const VersionVector born = record_.seen();
  EXPECT_THAT(Apart(), IsEmpty()) << "nobody has moved it";
  Write("dam", Note("n").Moves(NOTE_STATE_WITHDRAWN), born);
  EXPECT_THAT(Apart(), IsEmpty()) << "the step has seen all there was";
  Write("que", Note("n").Measured("vết phanh", "4,5", "m"), born);
  EXPECT_THAT(Apart(), ElementsAre("que"));
  Write("an", Note("n").Measured("vết phanh", "4,7", "m"), born);
  EXPECT_THAT(Apart(), ElementsAre("an", "que")) << "by change id";
  Write("quoc", Note("n").Moves(NOTE_STATE_DRAFT), record_.seen());
  EXPECT_THAT(Apart(), IsEmpty()) << "somebody knew of all and decided";
}

TEST_F(ApartTest, AreTheSameWhoeverCameFirst) {
  const VersionVector born = record_.seen();
  Write("que", Note("n").Measured("vết phanh", "4,5", "m"), born);
  Write("dam", Note("n").Moves(NOTE_STATE_WITHDRAWN), born);
  EXPECT_THAT(Apart(), ElementsAre("que"));
}

TEST_F(ApartTest, AreNoneOnceOneOfThemKnewOfTheStep) {
  const VersionVector born = record_.seen();
  const VersionVector withdrawn = Write("dam", Note("n").Moves(NOTE_STATE_WITHDRAWN), born);
  Write("que", Note("n").Measured("vết phanh", "4,5", "m"), withdrawn);
  EXPECT_THAT(Apart(), IsEmpty());
}

}  // namespace
}  // namespace sotay::sync
