#include "tests/mobile-sdk/phone.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "mobile-sdk/core/enrolment.h"
#include "sync/seal/key.h"
#include "sync/view.h"

namespace sotay::tests {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "the phone of a test cannot be made: %s\n", status.ToString().c_str());
  std::abort();
}

sdk::Edit EditOf(sdk::Edit::Kind kind, std::string field, std::string value, std::string key) {
  sdk::Edit edit;
  edit.kind = kind;
  edit.field = std::move(field);
  edit.key = std::move(key);
  edit.value = std::move(value);
  return edit;
}

}  // namespace

Office::Office(std::shared_ptr<const sync::Schema> schema)
    : hub(std::move(schema), [this] { return now_ms; }) {
  hub.AddUnit(kOffice, "Viện KSND khu vực 1");
}

Phone::Phone(Office* office, const std::string& user_id)
    : office_(*office), env_(std::make_unique<testing::FaultEnv>()) {
  auto key = seal::SigningKey::Generate();
  Must(key.status());
  const std::string spki = key->PublicKey();
  vault_ = std::make_shared<const sdk::Vault>(*std::move(key), "", "");
  office->hub.SetRoles(user_id, kOffice, kProsecutor);
  office->hub.AddDevice(vault_->device(), spki, user_id);
  stored::v1::NotebookMeta meta;
  meta.set_device_id(vault_->device().str());
  meta.set_organisation_id(office->hub.organisation_id());
  meta.set_user_id(user_id);
  meta.set_full_name(user_id);
  meta.set_server("hub.example:7443");
  Must(sdk::Found(dir_, meta, surroundings()));
  Must(Open());
}

sdk::Surroundings Phone::surroundings() {
  sdk::Surroundings around;
  around.env = env_.get();
  around.now_ms = [this] { return clock_ms++; };
  around.since_boot = [this] { return since_boot; };
  around.sync_directory = [env = env_.get()](const std::string& directory) {
    return env->SyncDirectory(directory).ok();
  };
  around.free_bytes = [this] { return free_bytes; };
  around.vault = vault_;
  around.keystore = keystore;
  return around;
}

absl::Status Phone::Open(std::shared_ptr<const sync::Schema> schema) {
  auto link = std::make_unique<MemoryLink>(&office_.hub, device(), weather);
  auto opened = sdk::Notebook::Open(dir_, std::move(schema), surroundings(), std::move(link));
  if (!opened.ok()) return opened.status();
  notebook_ = *std::move(opened);
  return absl::OkStatus();
}

sdk::Edit Set(std::string field, std::string value, std::string key) {
  return EditOf(sdk::Edit::Kind::kSet, std::move(field), std::move(value), std::move(key));
}
sdk::Edit Text(std::string field, std::string value) {
  return EditOf(sdk::Edit::Kind::kText, std::move(field), std::move(value), "");
}
sdk::Edit Add(std::string field, std::string value) {
  return EditOf(sdk::Edit::Kind::kAdd, std::move(field), std::move(value), "");
}
sdk::Edit Remove(std::string field, std::string value) {
  return EditOf(sdk::Edit::Kind::kRemove, std::move(field), std::move(value), "");
}
sdk::Edit Append(std::string field, std::string value) {
  return EditOf(sdk::Edit::Kind::kAppend, std::move(field), std::move(value), "");
}
sdk::Edit Count(std::string field, std::string step, std::string key) {
  return EditOf(sdk::Edit::Kind::kCount, std::move(field), std::move(step), std::move(key));
}

casework::v1::Note NoteIn(const sdk::RecordView& view) {
  casework::v1::Note note;
  note.ParseFromString(sync::ContentBytes(view.record));
  return note;
}

}  // namespace sotay::tests
