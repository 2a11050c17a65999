#include "tests/e2e/hand.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>

namespace sotay::tests {

Hand::Hand(const std::vector<std::string>& before, const std::map<std::string, std::string>& env) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  channel_ = ends[0];
  std::vector<std::string> command = before;
  command.push_back(HAND);
  std::map<std::string, std::string> bound = env;
  bound["LD_BIND_NOW"] = "1";  // once, not in every child
  pid_ = Spawn(command, Redirect{"", "", ends[1]}, bound);
  close(ends[1]);
}

Hand::~Hand() {
  close(channel_);  // it ends
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

Ended Hand::Run(const std::vector<std::string>& words) {
  std::string asked;
  for (const std::string& word : words) asked.append(word).push_back('\0');
  const std::string out = space_ / "out", err = space_ / "err";
  asked.append(out).push_back('\0');
  asked.append(err).push_back('\0');
  const auto size = static_cast<uint32_t>(asked.size());
  asked.insert(0, reinterpret_cast<const char*>(&size), sizeof(size));
  Ended ended;
  int status = 0;
  // One that has died leaves the answer as it is: no exit code.
  if (send(channel_, asked.data(), asked.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(asked.size()) ||
      recv(channel_, &status, sizeof(status), MSG_WAITALL) != sizeof(status)) {
    ended.err = "the process that runs commands has died";
    return ended;
  }
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.out = FileContents(out);
  ended.err = FileContents(err);
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return ended;
}

}  // namespace sotay::tests
