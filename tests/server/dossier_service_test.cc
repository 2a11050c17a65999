// Acts about dossiers, through the running server: what is said is in the backup at once, as no
// phone could give it back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "server/backup_chain.h"
#include "server/backup_lives.h"
#include "server/config.h"
#include "sotay/notebook.h"
#include "sotay/v1/dossier_service.pb.h"
#include "sync/durable/open.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;

sdk::Edit Set(const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.kind = sdk::Edit::Kind::kSet;
  edit.field = field;
  edit.value = value;
  return edit;
}

// Acts in the newest segment.
size_t ActsIn(const std::string& directory, const seal::VerifyingKey& key) {
  const durable::StoreOptions files;
  const auto life = server::FindLife(directory, files);
  if (!life.ok()) return 0;
  server::BackupChain chain(*life, key, files);
  size_t acts = 0;
  const auto count = [&](const server::KeyParts& parts, absl::string_view, absl::string_view) {
    acts += parts.table == server::Table::kDossierAct ? 1 : 0;
    return absl::OkStatus();
  };
  for (;;) {
    const size_t before = acts;
    acts = 0;
    if (!chain.TakeNext(count).ok()) return before;
  }
}

TEST(DossierService, AnActIsInABackupAtOnce) {
  const Workspace backup;
  ServedOffice office({backup.path(), /*every_s=*/86'400});
  office.PutUser("dam", {{"vkskv1", ROLE_PROSECUTOR}});
  const std::string dir = office.space() / "dam";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office.Invite("dam"), "máy của Đàm"), IsOk());
  const auto notebook = sdk::Notebook::Open(dir);
  ASSERT_THAT(notebook, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  const auto matter = (*notebook)->Create("case", "vkskv1", absl::nullopt,
                                          {Set("kind", "criminal"), Set("title", "Vụ va chạm")});
  ASSERT_THAT(matter, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  const auto head = office.NewDevice("ngu", {{"vkskv1", ROLE_SUPERVISOR}});
  const auto log_key = seal::SigningKey::Load(server::LogKeyPath(office.server_directory()));
  ASSERT_THAT(log_key, IsOk());
  const auto become = [&](size_t count) {
    const seal::VerifyingKey& key = log_key->verifying_key();
    for (int i = 0; i < 1'000 && ActsIn(backup.path(), key) != count; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return ActsIn(backup.path(), key) == count;
  };
  EXPECT_EQ(ActsIn(backup.path(), log_key->verifying_key()), 0u);
  v1::RestrictDossierRequest restrict;
  restrict.set_record_id(matter->str());
  restrict.add_people()->set_user_id("dam");
  restrict.set_reason("Phân công 4/PC-VKS");
  ASSERT_EQ(ServedOffice::Call(head.address, "/sotay.v1.DossierService/RestrictDossier",
                               restrict.SerializeAsString())
                .code,
            0);
  EXPECT_TRUE(become(1));
  v1::OpenDossierRequest open;
  open.set_record_id(matter->str());
  open.set_reason("Kết thúc phân công");
  ASSERT_EQ(ServedOffice::Call(head.address, "/sotay.v1.DossierService/OpenDossier",
                               open.SerializeAsString())
                .code,
            0);
  EXPECT_TRUE(become(2));
}

}  // namespace
}  // namespace sotay::tests
