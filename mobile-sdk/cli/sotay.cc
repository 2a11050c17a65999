// The `sotay` command: its groups put together.

#include "mobile-sdk/cli/commands.h"

namespace sotay::cli {

int Sotay(const std::vector<std::string>& args, Invocation* run) {
  run->voice = VoiceOf(args);
  const Voice& voice = run->voice;
  CommandLine line("sotay",
                   voice("Sổ tay của kiểm sát viên: ghi được khi không có mạng, không mất chữ nào.",
                         "A prosecutor's notebook: write with no network, lose not a word."),
                   voice);
  Command app = line.root();
  AddGlobalOptions(app, run);
  AddSyncCommands(app, run);
  AddWriteCommands(app, run);
  AddSignCommand(app, run);
  AddReadCommands(app, run);
  AddDeadlinesCommand(app, run);
  AddFileCommands(app, run);
  AddStatusCommands(app, run);
  AddFieldsCommand(app, run);
  AddImportCommand(app, run);
  app.Footer(voice("Một ngày làm việc:", "A day's work:") + R"(
  sotay enroll "sotay1:…"                      # )" +
             voice("một lần", "once") + R"(
  sotay sync                                   # )" +
             voice("ở nơi có mạng", "where there is a network") + R"(
  sotay new inspection kind=scene_examination place="Km 12+300"
  sotay new note --in 7f3a body=@hien-truong.txt
  sotay attach vet-phanh.jpg --in 9b20 --kind photo
  sotay sync && sotay conflicts
  sotay resolve 9b20 "measurements[vết phanh]" --pick 2

)" +
             voice("Mã thoát: 0 xong · 1 không thành công · 2 lệnh sai · 3 không tìm thấy · "
                   "4 không được phép · 5 không có mạng",
                   "Exit codes: 0 done · 1 failed · 2 wrong command line · 3 not found · "
                   "4 refused by a rule · 5 no network"));
  return Run(&line, args, run);
}

}  // namespace sotay::cli
