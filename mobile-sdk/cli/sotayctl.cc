// The `sotayctl` command: its groups put together.

#include "mobile-sdk/cli/commands.h"

namespace sotay::cli {

int Sotayctl(const std::vector<std::string>& args, Invocation* run) {
  run->voice = VoiceOf(args);
  const Voice& voice = run->voice;
  CommandLine line(
      "sotayctl",
      voice("Dành cho lãnh đạo và quản trị: đọc bản ghi hợp nhất, quản lý đơn vị, người và máy.",
            "For supervisors and administrators: the merged record, units, people, devices."),
      voice);
  Command app = line.root();
  AddGlobalOptions(app, run);
  AddOfficeDeviceCommands(app, run);
  AddOfficeAdminCommands(app, run);
  AddOfficePostCommands(app, run);
  AddOfficeRulesCommand(app, run);
  AddOfficeRecordCommands(app, run);
  AddOfficeDeadlinesCommand(app, run);
  AddOfficeDossierCommands(app, run);
  AddOfficeSecrecyCommands(app, run);
  AddOfficeQuarantineCommands(app, run);
  AddOfficeDuplicatesCommand(app, run);
  AddOfficeCountCommand(app, run);
  AddOfficeAccessCommand(app, run);
  AddOfficeExportCommand(app, run);
  AddOfficeFileCommand(app, run);
  AddOfficeWatchCommand(app, run);
  app.Footer(
      voice("Quản trị:", "An administrator:") + R"(
  sotayctl units put vkskv3 --name "VKSND khu vực 3 – Sông Mây" --parent vks-sm
  sotayctl users put uu-dam --name "Nguyễn Ưu Đàm" --member vkskv3:prosecutor
  sotayctl posts put uu-dam vkskv3 KSV --from 1/12/2026 --reason "12/QĐ-VKS"
  sotayctl invite uu-dam --valid 2h
  sotayctl revoke 7f3a --reason "mất máy"
)" + voice("Lãnh đạo:", "A supervisor:") +
      R"(
  sotayctl devices --unit vks-sm --subtree
  sotayctl records --unit vks-sm --subtree --type finding
  sotayctl conflicts && sotayctl watch
  sotayctl deadlines --unit vks-sm --subtree
  sotayctl duplicates --unit vkskv3
  sotayctl count finding --unit vkskv3
  sotayctl dossiers restrict 7f3a91c2 --for nguyet-que --reason "4/PC-VKS"
  sotayctl access --unit vkskv3
  sotayctl export 7f3a91c2 vu-885

)" +
      voice("Mã thoát như của sotay: 0 xong · 1 không thành công · 2 lệnh sai · 3 không tìm thấy · "
            "4 không được phép · 5 không có mạng · 6 xong, nhưng thiếu tệp",
            "Exit codes as of sotay: 0 done · 1 failed · 2 wrong command line · 3 not found · "
            "4 refused by a rule · 5 no network · 6 done, and files are missing"));
  return Run(&line, args, run);
}

}  // namespace sotay::cli
