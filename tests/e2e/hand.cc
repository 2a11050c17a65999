#include "tests/e2e/hand.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

namespace sotay::tests {

Hand::Hand(const std::vector<std::string>& before, const std::map<std::string, std::string>& env) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
  channel_ = ends[0];
  std::vector<std::string> command = before;
  command.push_back(HAND);
  pid_ = Spawn(command, Redirect{"", "", ends[1]}, env);
  close(ends[1]);
}

Hand::~Hand() {
  close(channel_);  // it ends
  if (pid_ > 0) waitpid(pid_, nullptr, 0);
}

bool Hand::Receive(void* bytes, size_t size) const {
  return recv(channel_, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

bool Hand::ReceiveSized(std::string* text) const {
  uint32_t size = 0;
  if (!Receive(&size, sizeof(size))) return false;
  text->resize(size);
  return size == 0 || Receive(text->data(), size);
}

Ended Hand::Run(const std::vector<std::string>& words) {
  std::string asked;
  for (const std::string& word : words) asked.append(word).push_back('\0');
  const auto size = static_cast<uint32_t>(asked.size());
  asked.insert(0, reinterpret_cast<const char*>(&size), sizeof(size));
  Ended ended;
  int32_t code = 0;
  // One that has died leaves the answer as it is: no exit code.
  if (send(channel_, asked.data(), asked.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(asked.size()) ||
      !Receive(&code, sizeof(code)) || !ReceiveSized(&ended.out) || !ReceiveSized(&ended.err)) {
    ended.err = "the process that runs commands has died";
    return ended;
  }
  ended.exit_code = code;
  return ended;
}

}  // namespace sotay::tests
