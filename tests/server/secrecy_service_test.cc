// Dossiers that prove to be secret, through the running server: every file of its data directory,
// its backup, and every call that might tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "server/backup_lives.h"
#include "sotay/notebook.h"
#include "sotay/v1/secrecy_service.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "tests/server/served_office.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {
namespace {

using options::v1::ROLE_PROSECUTOR;
using options::v1::ROLE_SUPERVISOR;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr char kNeedle[] = "Qx7Zk0Vt2Mf9Wb4";
constexpr char kSecrecy[] = "/sotay.v1.SecrecyService/";

sdk::Edit Set(const std::string& field, const std::string& value) {
  sdk::Edit edit;
  edit.kind = sdk::Edit::Kind::kSet;
  edit.field = field;
  edit.value = value;
  return edit;
}

std::vector<std::string> FilesWith(const fs::path& directory, const std::string& bytes) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string read((std::istreambuf_iterator<char>(file)), {});
    if (read.find(bytes) != std::string::npos) files.push_back(entry.path());
  }
  return files;
}

template <typename Response>
Response Answered(const ServedOffice::Device& by, const std::string& method,
                  const google::protobuf::Message& request) {
  const RawAnswer answer = ServedOffice::Call(by.address, method, request.SerializeAsString());
  EXPECT_EQ(answer.code, 0) << method << ": " << answer.message;
  Response response;
  EXPECT_TRUE(response.ParseFromString(answer.bytes));
  return response;
}

TEST(SecrecyService, NothingOfItIsLeftInAnyFileAndEveryStepHasItsName) {
  const Workspace backup;
  ServedOffice office({backup.path(), /*every_s=*/1});
  office.PutUser("dam", {{"vkskv1", ROLE_PROSECUTOR}});
  const std::string dir = office.space() / "dam";
  ASSERT_THAT(sdk::Notebook::Enroll(dir, office.Invite("dam"), "máy của Đàm"), IsOk());
  const auto notebook = sdk::Notebook::Open(dir);
  ASSERT_THAT(notebook, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  const auto matter = (*notebook)->Create("case", "vkskv1", absl::nullopt,
                                          {Set("kind", "criminal"), Set("title", kNeedle)});
  ASSERT_THAT(matter, IsOk());
  const auto other = (*notebook)->Create("case", "vkskv1", absl::nullopt,
                                         {Set("kind", "civil"), Set("title", "Vụ va chạm")});
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  const auto head = office.NewDevice("ngu", {{"vkskv1", ROLE_SUPERVISOR}});
  v1::ProveRecordRequest prove;
  prove.set_record_id(matter->str());
  Answered<v1::ProveRecordResponse>(head, "/sotay.v1.SupervisionService/ProveRecord", prove);
  // The backup has it, too.
  for (int i = 0; i < 1'000 && FilesWith(backup.path(), kNeedle).empty(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_THAT(FilesWith(backup.path(), kNeedle), Not(IsEmpty()));
  ASSERT_THAT(FilesWith(office.server_directory(), kNeedle), Not(IsEmpty()));

  v1::SealDossierRequest seal;
  seal.set_record_id(matter->str());
  seal.set_alias("Hồ sơ 17");
  seal.set_holder("Tủ số 3");
  seal.set_reason("Công văn 9/VKS");
  bool swept = Answered<v1::SealDossierResponse>(head, std::string(kSecrecy) + "SealDossier", seal)
                   .sealed()
                   .swept();
  // A backup may have been reading just then; what is left is tried again.
  for (int i = 0; i < 60 && !swept; ++i) {
    office.ahead_ms += 10'000;
    office.Tick();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    swept = Answered<v1::SealDossierResponse>(head, std::string(kSecrecy) + "SealDossier", seal)
                .sealed()
                .swept();
  }
  ASSERT_TRUE(swept);
  EXPECT_THAT(FilesWith(office.server_directory(), kNeedle), IsEmpty());
  // The phone had not heard; it asks before it sends, and says that it is done.
  ASSERT_THAT((*notebook)->Change(*matter, {Set("title", std::string(kNeedle) + " II")}), IsOk());
  ASSERT_THAT((*notebook)->Sync(), IsOk());
  EXPECT_THAT(FilesWith(office.server_directory(), kNeedle), IsEmpty());

  // The backup begins anew, and the old chain is on the list.
  v1::ListHoldersRequest ask;
  ask.set_dossier_id(matter->str());
  v1::ListHoldersResponse holders;
  for (int i = 0; i < 600 && (holders.backups_size() != 1 ||
                              holders.backups(0).find(server::kBefore) == std::string::npos);
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    holders = Answered<v1::ListHoldersResponse>(head, std::string(kSecrecy) + "ListHolders", ask);
  }
  ASSERT_EQ(holders.backups_size(), 1);
  for (const std::string& file : FilesWith(backup.path(), kNeedle)) {
    EXPECT_THAT(file, HasSubstr(server::kBefore));
  }
  ASSERT_EQ(holders.devices_size(), 1);
  EXPECT_EQ(holders.devices(0).user_id(), "dam");
  EXPECT_TRUE(holders.devices(0).wrote());
  EXPECT_GT(holders.devices(0).reported_ms(), 0);
  ASSERT_EQ(holders.readers_size(), 1);
  EXPECT_EQ(holders.readers(0).user_id(), "ngu");
  EXPECT_EQ(holders.readers(0).exports(), 1u);

  // To an administrator it has no name; they confirm, and do not ask.
  const ServedOffice::Device& administrator = office.administrator();
  v1::DestroyRequest destroy;
  destroy.set_dossier_id(matter->str());
  destroy.set_reason("Quyết định 20/QĐ-VKS");
  EXPECT_EQ(ServedOffice::Call(administrator.address, std::string(kSecrecy) + "Destroy",
                               destroy.SerializeAsString())
                .code,
            5);
  Answered<v1::DestroyResponse>(head, std::string(kSecrecy) + "Destroy", destroy);
  v1::ListSealedRequest pending;
  pending.set_pending(true);
  const auto listed = Answered<v1::ListSealedResponse>(
      administrator, std::string(kSecrecy) + "ListSealed", pending);
  ASSERT_EQ(listed.sealed_size(), 1);
  EXPECT_EQ(listed.sealed(0).act().sealed().alias(), "");
  EXPECT_EQ(listed.sealed(0).act().reason(), "");
  v1::ConfirmRequest confirm;
  confirm.set_dossier_id(matter->str());
  confirm.set_reason("Biên bản 21");
  const auto destroyed =
      Answered<v1::ConfirmResponse>(administrator, std::string(kSecrecy) + "Confirm", confirm);
  EXPECT_TRUE(destroyed.sealed().destroyed());
  // What was beside it in one push is proven as it was.
  v1::ProveRecordRequest beside;
  beside.set_record_id(other->str());
  const auto proven =
      Answered<v1::ProveRecordResponse>(head, "/sotay.v1.SupervisionService/ProveRecord", beside);
  EXPECT_EQ(proven.changes_size(), 1);
  EXPECT_EQ(proven.pushes(0).change_ids().size(), 2 * sync::ChangeId::kSize);
}

}  // namespace
}  // namespace sotay::tests
