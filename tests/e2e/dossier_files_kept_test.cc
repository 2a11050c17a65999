// Exports that cannot be whole: of a server that lacks files, and of one that goes away in the
// middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

#include "tests/e2e/dossier_scene.h"

namespace sotay::tests {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(DossierFilesOfAServer, ThatLacksAFileSaysWhich) {
  DossierScene scene;
  scene.Attach("mot.jpg", Photograph(5'000, 1), scene.inspection());
  const std::string second = scene.Attach("hai.jpg", Photograph(5'000, 2), scene.inspection());
  const std::string third = scene.Attach("ba.jpg", Photograph(5'000, 3), scene.inspection());
  scene.Phone(kDam, {"sync"});
  const std::string before = scene.office().space() / "truoc";
  ASSERT_EQ(scene.Ctl({"export", scene.inspection(), before}).exit_code, 0);
  // One is gone from the server, one is another than it was.
  const json files = DossierScene::Verified(before)["files"];
  const std::string blobs = scene.office().space() / "server/blobs/" + scene.inspection() + "/";
  ASSERT_TRUE(fs::remove(blobs + files[1]["sha256"].get<std::string>()));
  std::string rotten = Bytes(blobs + files[2]["sha256"].get<std::string>());
  ASSERT_THAT(rotten, SizeIs(5'000));
  rotten[17] = static_cast<char>(rotten[17] ^ 1);
  Write(blobs + files[2]["sha256"].get<std::string>(), rotten);

  const std::string after = scene.office().space() / "sau";
  const Ended exported = scene.Ctl({"export", scene.inspection(), after});
  EXPECT_EQ(exported.exit_code, kIncomplete) << exported.err;
  EXPECT_THAT(exported.err, HasSubstr("of 3 files 2 were not to be had"));
  EXPECT_THAT(exported.out, HasSubstr("Files: 1 of 3"));
  const Ended ended = DossierScene::Verify(after, {"--quiet"});
  EXPECT_EQ(ended.exit_code, kIncomplete) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("the server had not got it when it was exported"));
  EXPECT_THAT(ended.out, HasSubstr("the server gave another file when it was exported"));
  EXPECT_THAT(ended.out, HasSubstr(second.substr(0, 8)));
  EXPECT_THAT(ended.out, HasSubstr(third.substr(0, 8)));
  // From elsewhere the file can be put where it belongs.
  for (size_t i : {1, 2}) {
    const std::string path = files[i]["path"];
    fs::copy_file(before + "/" + path, after + "/" + path);
  }
  EXPECT_EQ(DossierScene::Verify(after, {"--quiet"}).exit_code, 0);
}

TEST(DossierFilesBrokenOff, GoesOnOrLeavesNothing) {
  DossierScene scene;
  constexpr size_t kFiles = 6;
  constexpr size_t kBytes = 6'000'000;
  for (size_t i = 0; i < kFiles; ++i) {
    scene.Attach("anh-" + std::to_string(i) + ".jpg", Photograph(kBytes, static_cast<uint32_t>(i)),
                 scene.inspection());
  }
  scene.Phone(kDam, {"sync"});
  const std::string out = scene.office().space() / "vu";
  const std::string part = out + ".part";
  const auto here = [&] {
    std::error_code none;
    return std::distance(fs::directory_iterator(part + "/files", none), fs::directory_iterator());
  };
  // The server goes away in the middle.
  {
    Process exporting(scene.CtlWords({"export", scene.inspection(), out}),
                      scene.office().space() / "export.log");
    while (exporting.Running() && here() < 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    scene.office().KillServer();
    EXPECT_EQ(exporting.Wait().exit_code, 5);
  }
  EXPECT_THAT(Bytes(scene.office().space() / "export.log"),
              HasSubstr("the same command goes on from there"));
  EXPECT_FALSE(fs::exists(out));
  ASSERT_TRUE(fs::exists(part));
  scene.office().StartServer();
  // The program itself is killed, by a disk that takes no file of that size.
  {
    const Ended full =
        tests::Run({"/bin/bash", "-c", "ulimit -f 2000; exec \"$@\"", "bash", SOTAYCTL, "--dir",
                    scene.office().space() / kQue, "export", scene.inspection(), out});
    EXPECT_NE(full.signal, 0) << full.exit_code << full.err;
    EXPECT_FALSE(fs::exists(out));
    ASSERT_TRUE(fs::exists(part));
  }
  // The disk says that it is full, and the program goes on living.
  {
    const Ended full = tests::Run({"/bin/bash", "-c", "ulimit -f 2000; trap '' XFSZ; exec \"$@\"",
                                   "bash", SOTAYCTL, "--dir", scene.office().space() / kQue,
                                   "export", scene.inspection(), out});
    EXPECT_EQ(full.exit_code, 1) << full.err;
    EXPECT_FALSE(fs::exists(out));
  }
  // A slip of the pen costs nothing of what is here.
  const auto before = here();
  ASSERT_GE(before, 1);
  const Ended slip = scene.Ctl({"export", "00112233445566778899aabbccddeeff", out});
  EXPECT_EQ(slip.exit_code, 3) << slip.err;
  EXPECT_THAT(slip.err, HasSubstr("is of another record, and stays"));
  const Ended no_file = scene.Ctl({"export", scene.inspection(), out, "--earlier", out + ".none"});
  EXPECT_EQ(no_file.exit_code, 3) << no_file.err;
  const std::string note = scene.Phone(
      kDam, {"new", "inspection", "kind=scene_examination", "place=Đường tỉnh 9Y"})["id"];
  scene.Phone(kDam, {"sync"});
  const Ended another = scene.Ctl({"export", note, out});
  EXPECT_EQ(another.exit_code, 4) << another.err;
  EXPECT_THAT(another.err, HasSubstr("of another dossier"));
  EXPECT_EQ(here(), before);
  const Ended whole = scene.Ctl({"export", scene.inspection(), out, "--json"});
  ASSERT_EQ(whole.exit_code, 0) << whole.err;
  const json told = json::parse(whole.out);
  EXPECT_EQ(told["files"], kFiles);
  EXPECT_GE(told["files_kept"], 1) << "what was here was not fetched again";
  EXPECT_FALSE(fs::exists(part));
  EXPECT_EQ(DossierScene::Verify(out, {"--quiet"}).exit_code, 0);

  // Broken off again; meanwhile it is no longer theirs to read: nothing of it stays.
  const std::string second = scene.office().space() / "vu-2";
  {
    Process exporting(scene.CtlWords({"export", scene.inspection(), second}),
                      scene.office().space() / "export.log");
    while (exporting.Running() && !fs::exists(second + ".part/files")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    exporting.Signal(SIGKILL);
    exporting.Wait();
  }
  ASSERT_TRUE(fs::exists(second + ".part"));
  scene.office().Administrator({"users", "put", kQue, "--name", kQue});
  const Ended refused = scene.Ctl({"export", scene.inspection(), second});
  EXPECT_EQ(refused.exit_code, 3) << refused.err;
  EXPECT_FALSE(fs::exists(second + ".part"));
  EXPECT_FALSE(fs::exists(second));
}

}  // namespace
}  // namespace sotay::tests
