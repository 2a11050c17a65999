// Gathering a dossier while people write in it.
#include "mobile-sdk/cli/dossier_export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "mobile-sdk/core/builtin_schema.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/notebook.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::cli {
namespace {

using options::v1::ROLE_PROSECUTOR;
using tests::IsOk;

sdk::Edit Field(sdk::Edit::Kind kind, const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.kind = kind;
  edit.field = field;
  edit.value = value;
  return edit;
}

// A head of the log is signed once a second: what is written meanwhile is in none that an export
// could be proven under, and the next one comes.
TEST(DossierExport, WaitsForTheHeadThatHasWhatWasJustWritten) {
  tests::ServedOffice office;
  office.PutUser("dam", {{"vkskv1", ROLE_PROSECUTOR}});
  const std::string dir = office.space() / "dam";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office.Invite("dam"), "máy của Đàm"), IsOk());
  const auto notebook = sdk::Notebook::Open(dir);
  ASSERT_THAT(notebook, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  constexpr auto kText = sdk::Edit::Kind::kText;
  const auto matter = (*notebook)->Create("case", "vkskv1", absl::nullopt,
                                          {Field(sdk::Edit::Kind::kSet, "kind", "criminal"),
                                           Field(sdk::Edit::Kind::kSet, "title", "Vụ va chạm")});
  ASSERT_THAT(matter, IsOk());
  const auto note = (*notebook)->Create("note", "", *matter, {Field(kText, "body", "4,2 m")});
  ASSERT_THAT(note, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());

  const auto vault = sdk::Vault::Open(dir);
  ASSERT_THAT(vault, IsOk());
  const auto server = Office::Connect({*vault, "127.0.0.1:" + std::to_string(office.port())});
  ASSERT_THAT(server, IsOk());
  const auto gather = [&] {
    return GatherDossier(server->get(), *sdk::BuiltinSchema(), Names(), matter->str());
  };
  // Several times, as a second may pass between an export and the next on a busy machine.
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(gather(), IsOk());
    ASSERT_THAT((*notebook)->Change(*note, {Field(kText, "body", std::to_string(i) + " m")}),
                IsOk());
    ASSERT_THAT((*notebook)->Sync(), IsOk());
    const auto dossier = gather();
    ASSERT_THAT(dossier, IsOk());
    EXPECT_EQ(dossier->changes_size(), i + 3);
  }
}

}  // namespace
}  // namespace sotay::cli
