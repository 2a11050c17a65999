#include "tests/e2e/office.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace sotay::tests {
namespace {

// A port nobody listens on right now.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  bind(fd, generic, size);
  getsockname(fd, generic, &size);
  close(fd);
  return ntohs(address.sin_port);
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

uint64_t SeedOr(uint64_t fallback) {
  const char* const text = std::getenv("SOTAY_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : fallback;
}

int KillsOr(int fallback) {
  const char* const text = std::getenv("SOTAY_KILLS");
  return text != nullptr ? std::atoi(text) : fallback;
}

Office::Office(Pace pace)
    : space_(pace == kQuick ? Workspace::kInMemory : Workspace::kOnDisk),
      address_("127.0.0.1:" + std::to_string(FreePort())),
      hand_(pace == kQuick ? std::make_unique<Hand>() : nullptr) {
  const Ended init = tests::Run({SOTAYD, "init", "--data", space_ / "server", "--organisation",
                                 "VKSND tỉnh Sông Mây", "--address", address_, "--admin",
                                 "mac-khoa", "--admin-name", "Mạc Khoá"});
  EXPECT_EQ(init.exit_code, 0) << init.err;
}

Office::~Office() {
  if (!testing::Test::HasFailure()) return;
  constexpr std::streamoff kTailBytes = 4'000;
  std::ifstream log(space_ / "server.log", std::ios::ate);
  const std::streamoff size = log.tellg();
  log.seekg(std::max<std::streamoff>(0, size - kTailBytes));
  const std::string tail((std::istreambuf_iterator<char>(log)), {});
  std::fprintf(stderr, "the end of the server's log, which %s:\n%s\n",
               server_ != nullptr && server_->Running() ? "runs" : "does not run", tail.c_str());
}

void Office::StartServer(const std::vector<std::string>& flags) {
  const std::string port_file = space_ / "port";
  std::filesystem::remove(port_file);
  std::vector<std::string> command = {SOTAYD,     "run",    "--data",      space_ / "server",
                                      "--listen", address_, "--port-file", port_file};
  command.insert(command.end(), flags.begin(), flags.end());
  server_ = std::make_unique<Process>(command, space_ / "server.log");
  for (int i = 0; i < 2000 && !std::filesystem::exists(port_file); ++i) {
    ASSERT_TRUE(server_->Running()) << "sotayd ended; see its log";
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_TRUE(std::filesystem::exists(port_file)) << "sotayd does not listen";
}

void Office::KillServer() {
  server_->Signal(SIGKILL);
  server_->Wait();
}

int Office::StopServer() {
  server_->Signal(SIGTERM);
  return server_->Wait().exit_code;
}

Ended Office::Run(const std::vector<std::string>& words) {
  if (hand_ != nullptr) return hand_->Run(words);
  std::vector<std::string> command = words;
  command.front() = command.front() == "sotay" ? SOTAY : SOTAYCTL;
  return tests::Run(command);
}

Ended Office::Administrator(const std::vector<std::string>& words) {
  std::vector<std::string> command = {"sotayctl", "--dir", space_ / "administrator", "--json"};
  command.insert(command.end(), words.begin(), words.end());
  Ended ended = Run(command);
  EXPECT_EQ(ended.exit_code, 0) << words.front() << ": " << ended.err;
  return ended;
}

void Office::MakeUnit(const std::vector<std::string>& users) {
  const std::string invitation = FileContents(space_ / "server/first-administrator.invite");
  Administrator({"enroll", Trimmed(invitation)});
  Administrator({"units", "put", "vkskv1", "--name", "VKSND khu vực 1 – Sông Mây"});
  for (const std::string& user : users) {
    Administrator({"users", "put", user, "--name", user, "--member", "vkskv1:prosecutor"});
  }
}

std::string Office::Invite(const std::string& user) {
  const Ended ended = Administrator({"invite", user, "--valid", "60m"});
  return nlohmann::json::parse(ended.out).at("invitation").get<std::string>();
}

Ended Office::Check(const std::vector<std::string>& flags) {
  std::vector<std::string> command = {SOTAYD, "check", "--data", space_ / "server"};
  command.insert(command.end(), flags.begin(), flags.end());
  return tests::Run(command);
}

}  // namespace sotay::tests
