// What may be destroyed on a device by an answer, and what may not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sync/absorb.h"
#include "tests/support/builders.h"
#include "tests/support/status_matchers.h"

namespace sotay::sync {
namespace {

using ::testing::HasSubstr;
using tests::IsOk;
using tests::RecordNamed;
using tests::StatusIs;

// What an answer names as secret is destroyed here.
TEST(AbsorbSecret, DestroysNothingByAnAnswerThatNoActCanHaveLedTo) {
  const std::shared_ptr<const Schema> schema = tests::CaseworkSchema();
  AbsorbInput input;
  input.schema = schema.get();
  const auto expect_contradiction = [&](const char* message) {
    EXPECT_THAT(Absorb(input), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  v1::SecretDossier good;
  good.set_dossier_id(RecordNamed("k").str());
  good.set_unit_id("vkskv1");
  good.set_alias(std::string(kAliasBytesMax, 'a'));
  good.set_holder(std::string(kHolderBytesMax, 'h'));
  v1::SecretDossier* const told = input.response.add_secret_dossiers();
  *told = good;
  EXPECT_THAT(Absorb(input), IsOk());
  told->set_dossier_id(std::string(RecordId::kSize, '\0'));
  expect_contradiction("secret_dossiers: no id");
  told->set_dossier_id("k");
  expect_contradiction("secret_dossiers: no id");
  *told = good;
  told->clear_unit_id();
  expect_contradiction("secret_dossiers: no unit");
  *told = good;
  told->mutable_alias()->push_back('a');
  expect_contradiction("secret_dossiers: the alias is too long");
  *told = good;
  told->mutable_holder()->push_back('h');
  expect_contradiction("secret_dossiers: the holder is too long");
  *told = good;
  while (input.response.secret_dossiers_size() <= kSecretDossiersMax) {
    *input.response.add_secret_dossiers() = good;
  }
  expect_contradiction("in one answer, at most 10000");
}

}  // namespace
}  // namespace sotay::sync
