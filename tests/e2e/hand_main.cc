// What hand.h asks: reads the words of a command from its standard input, which is a socket, runs
// it in a child, and answers how that ended.  It has no thread and opens nothing itself, so that a
// child is as a program that has just been loaded.
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/standard_streams.h"

namespace {

// The next command, then the files that its output and errors go to; none when nobody asks more.
std::vector<std::string> Asked() {
  uint32_t size = 0;
  if (recv(STDIN_FILENO, &size, sizeof(size), MSG_WAITALL) != sizeof(size)) return {};
  std::string asked(size, '\0');
  if (recv(STDIN_FILENO, asked.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return {};
  std::vector<std::string> words;
  for (size_t at = 0; at < asked.size();) {
    words.emplace_back(asked.c_str() + at);
    at += words.back().size() + 1;
  }
  return words;
}

// In the child, to its end.
int RunAs(std::vector<std::string> words) {
  const auto redirect = [](const std::string& path, int flags, int to) {
    const int fd = open(path.c_str(), flags, 0600);
    dup2(fd, to);
    close(fd);
  };
  redirect(words.back(), O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
  words.pop_back();
  redirect(words.back(), O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
  words.pop_back();
  redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  const std::string program = words.front();
  words.erase(words.begin());
  sotay::cli::Invocation run;
  run.streams = sotay::cli::StandardStreams();
  return program == "sotay" ? sotay::cli::Sotay(words, &run) : sotay::cli::Sotayctl(words, &run);
}

}  // namespace

int main() {
  // The types and the ciphers are the same for every command; a child draws keys of its own.
  if (!sotay::cli::LoadSchema({}).ok()) return 1;
  SSL_CTX_free(SSL_CTX_new(TLS_method()));
  for (;;) {
    std::vector<std::string> words = Asked();
    if (words.size() < 3) return 0;
    const pid_t pid = fork();
    if (pid == 0) return RunAs(std::move(words));
    int status = 0;
    waitpid(pid, &status, 0);
    if (send(STDIN_FILENO, &status, sizeof(status), MSG_NOSIGNAL) != sizeof(status)) return 1;
  }
}
