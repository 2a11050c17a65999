#include "tests/cli/laptop.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <regex>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/core/enrolment.h"
#include "sync/offline_lease.h"
#include "sync/seal/key.h"
#include "tests/support/memory_link.h"

namespace sotay::tests {

Precinct::Precinct() : hub(CaseworkSchema(), [this] { return now_ms; }) {
  hub.AddUnit(kUnit, "VKSND khu vực 3 – Sông Mây");
}

nlohmann::json Printed::Json() const {
  auto document = nlohmann::json::parse(out, nullptr, /*allow_exceptions=*/false);
  EXPECT_FALSE(document.is_discarded()) << out << err;
  return document;
}

Laptop::Laptop(Precinct* precinct, const std::string& user_id, const std::string& full_name)
    : precinct_(*precinct),
      full_name_(full_name),
      user_id_(user_id),
      chance_(std::hash<std::string>()(user_id)) {
  std::string dir = absl::StrCat(::testing::TempDir(), "sotay-XXXXXX");
  dir_ = absl::StrCat(mkdtemp(dir.data()), "/so");
  std::filesystem::create_directory(dir_);
  auto key = seal::SigningKey::Generate();
  EXPECT_TRUE(key.ok()) << key.status();
  const std::string spki = key->PublicKey();
  vault_ = std::make_shared<const sdk::Vault>(*std::move(key), "", "");
  precinct_.hub.SetRoles(user_id, kUnit, kProsecutor);
  precinct_.hub.AddDevice(vault_->device(), spki, user_id);
  stored::v1::NotebookMeta meta;
  meta.set_device_id(vault_->device().str());
  meta.set_organisation_id(precinct_.hub.organisation_id());
  meta.set_user_id(user_id);
  meta.set_full_name(full_name);
  meta.set_server("hub.example:7443");
  const absl::Status found = sdk::Found(dir_, meta, Around());
  EXPECT_TRUE(found.ok()) << found;
}

Laptop::~Laptop() {
  std::error_code failed;
  std::filesystem::remove_all(std::filesystem::path(dir_).parent_path(), failed);
}

sdk::Surroundings Laptop::Around() {
  sdk::Surroundings around;
  around.now_ms = [this] { return clock_ms; };
  around.random_bytes = [this](void* out, size_t size) {
    auto* bytes = static_cast<unsigned char*>(out);
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(chance_());
  };
  around.vault = vault_;
  return around;
}

Printed Laptop::Sotay(std::vector<std::string> args, const std::string& in) {
  std::istringstream input(in);
  std::ostringstream out;
  std::ostringstream err;
  cli::Invocation run;
  run.streams = {&input, &out, &err, /*columns=*/0, /*err_shown=*/false, nullptr};
  run.surroundings = Around();
  args.insert(args.begin(), {"--lang", "vi", "--dir", dir_});
  Printed printed;
  printed.code = cli::Sotay(args, &run);
  printed.out = out.str();
  printed.err = err.str();
  return printed;
}

nlohmann::json Laptop::Json(std::vector<std::string> args) {
  args.push_back("--json");
  const Printed printed = Sotay(std::move(args));
  EXPECT_EQ(printed.code, 0) << printed.err;
  return printed.Json();
}

void Laptop::Exchange() {
  auto weather = std::make_shared<Weather>();
  // The hub in memory knows no names; ours does.
  weather->alter = [this](v1::SyncResponse* response) {
    for (const v1::SecretDossier& dossier : secret) *response->add_secret_dossiers() = dossier;
    if (!classified.empty()) response->clear_records();
    for (v1::ChangeOutcome& outcome : *response->mutable_outcomes()) {
      if (classified.count(outcome.sequence()) == 0) continue;
      outcome.set_verdict(v1::VERDICT_QUARANTINED);
      outcome.set_reason(v1::REASON_CLASSIFIED);
      outcome.set_message("the dossier is a stub: no other record is written in it");
    }
    if (!response->has_directory()) return;
    if (offline_days != 0) sync::SayOfflineDays(offline_days, response->mutable_directory());
    for (v1::DirectoryPerson& person : *response->mutable_directory()->mutable_people()) {
      if (person.user_id() == "uu-dam") person.set_full_name("Nguyễn Ưu Đàm");
      if (person.user_id() == "nguyet-que") person.set_full_name("Võ Nguyệt Quế");
    }
  };
  auto notebook =
      sdk::Notebook::Open(dir_, nullptr, Around(),
                          std::make_unique<MemoryLink>(&precinct_.hub, vault_->device(), weather));
  ASSERT_TRUE(notebook.ok()) << notebook.status();
  const absl::Status synced = (*notebook)->Sync();
  ASSERT_TRUE(synced.ok()) << synced;
}

void Laptop::At(const std::function<void(sdk::Notebook*)>& act) {
  auto notebook = sdk::Notebook::Open(dir_, nullptr, Around());
  ASSERT_TRUE(notebook.ok()) << notebook.status();
  act(notebook->get());
}

std::string Laptop::Constant(std::string text) const {
  text = absl::StrReplaceAll(
      text, {{vault_->device().Hex(), "<device>"}, {vault_->device().Short(), "<device>"}});
  return std::regex_replace(text, std::regex("\\b[0-9a-f]{64}\\b"), "<change>");
}

}  // namespace sotay::tests
