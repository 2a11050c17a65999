#include "tests/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace sotay::tests {
namespace {

// Where files are kept in memory, if the system has that and a story fits.
std::string InMemory() {
  constexpr uintmax_t kRoomBytes = uintmax_t{1} << 30;
  const std::filesystem::path memory = "/dev/shm";
  std::error_code none;
  const std::filesystem::space_info room = std::filesystem::space(memory, none);
  return !none && room.available >= kRoomBytes && access(memory.c_str(), W_OK) == 0
             ? memory
             : std::filesystem::temp_directory_path();
}

}  // namespace

std::string FileContents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Everything that allocates is done before the fork.
pid_t Spawn(const std::vector<std::string>& command, const Redirect& streams,
            const std::map<std::string, std::string>& env) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  for (const auto& [name, value] : env) variables.push_back(name + "=" + value);
  std::vector<char*> envp;
  for (std::string& variable : variables) envp.push_back(variable.data());
  envp.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  const auto redirect = [](const std::string& path, int to) {
    if (path.empty()) return;
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) dup2(fd, to);
  };
  redirect(streams.out, STDOUT_FILENO);
  redirect(streams.err, STDERR_FILENO);
  if (streams.in >= 0) dup2(streams.in, STDIN_FILENO);
  execvpe(argv[0], argv.data(), envp.data());
  _exit(127);
}

Ended Run(const std::vector<std::string>& command, const std::map<std::string, std::string>& env) {
  const Workspace space;
  const pid_t pid = Spawn(command, {space / "out", space / "err"}, env);
  Ended ended;
  int status = 0;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.out = FileContents(space / "out");
  ended.err = FileContents(space / "err");
  return ended;
}

Process::Process(const std::vector<std::string>& command, const std::string& log,
                 const std::map<std::string, std::string>& env)
    : pid_(Spawn(command, {log, log}, env)) {}

Process::~Process() {
  if (Running()) Signal(SIGKILL);
  Wait();
}

void Process::Signal(int signal) const {
  if (!reaped_ && pid_ > 0) kill(pid_, signal);
}

bool Process::Running() {
  if (reaped_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  reaped_ = true;
  if (WIFEXITED(status)) ended_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
  return false;
}

Ended Process::Wait(std::chrono::milliseconds at_most) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  while (Running()) {
    if (std::chrono::steady_clock::now() > until) Signal(SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return ended_;
}

Workspace::Workspace(Place place) {
  const std::filesystem::path parent =
      place == kInMemory ? InMemory() : std::filesystem::temp_directory_path().string();
  std::string pattern = parent / "sotay-XXXXXX";
  path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "";
}

Workspace::~Workspace() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace sotay::tests
