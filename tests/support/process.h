// A child process of a test: started, waited for, killed.  One thread at a time.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace sotay::tests {

// How a process ended.
struct Ended {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
};

// Runs a command to its end, with `env` added to ours, and returns what it printed.
Ended Run(const std::vector<std::string>& command,
          const std::map<std::string, std::string>& env = {});

// Where a process writes, in files that are appended to, and what it reads; empty: as we do.
struct Redirect {
  std::string out, err;
  int in = -1;
};

// Starts a process, which the caller waits for.
pid_t Spawn(const std::vector<std::string>& command, const Redirect& streams,
            const std::map<std::string, std::string>& env = {});

// The whole file, or nothing.
std::string FileContents(const std::string& path);

// A process that goes on while the test does.
class Process {
 public:
  // Its output goes to the file `log` (appended); empty: to ours.
  Process(const std::vector<std::string>& command, const std::string& log,
          const std::map<std::string, std::string>& env = {});
  // Kills it if it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void Signal(int signal) const;
  // Waits until it ended, at most that long, then kills it.
  Ended Wait(std::chrono::milliseconds at_most = std::chrono::seconds(60));
  bool Running();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  Ended ended_;
};

// A directory of a test's own, gone with it.
class Workspace {
 public:
  // In memory, where there is room: for a test that takes no power away from a disk.
  enum Place { kOnDisk, kInMemory };

  Workspace() : Workspace(kOnDisk) {}
  explicit Workspace(Place place);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace sotay::tests
