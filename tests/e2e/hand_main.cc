// What hand.h asks: reads the words of a command from its standard input, which is a socket, runs
// it as `sotay` or `sotayctl` would, and answers how that ended and what it wrote.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "mobile-sdk/cli/commands.h"

namespace {

// The next command; none when nobody asks more.
std::vector<std::string> Asked(int channel) {
  uint32_t size = 0;
  if (recv(channel, &size, sizeof(size), MSG_WAITALL) != sizeof(size)) return {};
  std::string asked(size, '\0');
  if (recv(channel, asked.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return {};
  std::vector<std::string> words;
  for (size_t at = 0; at < asked.size();) {
    words.emplace_back(asked.c_str() + at);
    at += words.back().size() + 1;
  }
  return words;
}

bool Answer(int channel, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool AnswerSized(int channel, const std::string& text) {
  const auto size = static_cast<uint32_t>(text.size());
  return Answer(channel, {reinterpret_cast<const char*>(&size), sizeof(size)}) &&
         Answer(channel, text);
}

}  // namespace

int main() {
  // What a command starts has neither the socket nor an input.
  const int channel = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (channel < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) != STDIN_FILENO) return 1;
  std::signal(SIGPIPE, SIG_IGN);
  for (;;) {
    std::vector<std::string> words = Asked(channel);
    if (words.empty()) return 0;
    const bool office = words.front() == "sotayctl";
    words.erase(words.begin());
    std::istringstream in;
    std::ostringstream out, err;
    sotay::cli::Invocation run;
    run.streams.in = &in;
    run.streams.out = &out;
    run.streams.err = &err;
    const int32_t code =
        office ? sotay::cli::Sotayctl(words, &run) : sotay::cli::Sotay(words, &run);
    if (!Answer(channel, {reinterpret_cast<const char*>(&code), sizeof(code)}) ||
        !AnswerSized(channel, out.str()) || !AnswerSized(channel, err.str())) {
      return 1;
    }
  }
}
