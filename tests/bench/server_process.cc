#include "tests/bench/server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/status_macros.h"

namespace sotay::bench {
namespace {

constexpr std::chrono::seconds kStartMax(30);

double SecondsOf(clockid_t clock) {
  timespec time = {};
  if (clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The invitation among what `sotayd init` prints.
std::string InvitationIn(const std::string& text) {
  for (const absl::string_view word : absl::StrSplit(text, absl::ByAnyChar(" \t\r\n"))) {
    if (word.substr(0, 7) == "sotay1:") return std::string(word);
  }
  return "";
}

}  // namespace

ServerProcess::ServerProcess(std::string dir) : dir_(std::move(dir)) {}

ServerProcess::~ServerProcess() {
  process_.reset();
  if (fsyncs_ != nullptr) munmap(fsyncs_, sizeof *fsyncs_);
}

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(const std::string& dir) {
  if (mkdir(dir.c_str(), 0700) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot make the directory ", dir));
  }
  std::unique_ptr<ServerProcess> server(new ServerProcess(dir));
  std::string invitation;
  SOTAY_RETURN_IF_ERROR(server->Found(&invitation));
  SOTAY_RETURN_IF_ERROR(server->Run(/*port=*/0));
  SOTAY_ASSIGN_OR_RETURN(invitation, InvitationAt(invitation, server->address()));
  SOTAY_ASSIGN_OR_RETURN(const Identity administrator, Enrol(invitation, "Máy quản trị"));
  server->administrator_ = administrator.credentials;
  return server;
}

absl::Status ServerProcess::Found(std::string* invitation) {
  const tests::Ended ended =
      tests::Run({SOTAY_BENCH_SOTAYD, "init", "--data", dir_ + "/data", "--organisation",
                  "VKSND tỉnh Sông Mây", "--address", "127.0.0.1:7878", "--admin", "mac-khoa",
                  "--admin-name", "Mạc Khoá"});
  *invitation = InvitationIn(ended.out);
  if (ended.exit_code == 0 && !invitation->empty()) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("sotayd init: exit code ", ended.exit_code, ": ", ended.out, ended.err));
}

absl::Status ServerProcess::Run(int port) {
  const std::string counter = dir_ + "/fsyncs", port_file = dir_ + "/port";
  if (fsyncs_ == nullptr) {
    const int fd = open(counter.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *fsyncs_) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot make ", counter));
    }
    void* const page = mmap(nullptr, sizeof *fsyncs_, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) return absl::UnavailableError(absl::StrCat("cannot map ", counter));
    fsyncs_ = static_cast<uint64_t*>(page);
  }
  unlink(port_file.c_str());
  process_ = std::make_unique<tests::Process>(
      std::vector<std::string>{SOTAY_BENCH_SOTAYD, "run", "--data", dir_ + "/data", "--listen",
                               absl::StrCat("127.0.0.1:", port), "--port-file", port_file},
      dir_ + "/log",
      std::map<std::string, std::string>{{"LD_PRELOAD", SOTAY_BENCH_FSYNC_COUNTER},
                                         {"SOTAY_FSYNC_COUNT", counter}});
  const auto until = std::chrono::steady_clock::now() + kStartMax;
  while (process_->Running() && std::chrono::steady_clock::now() < until) {
    std::string text = ReadFile(port_file);
    // Whole once it ends with its line feed.
    if (!text.empty() && text.back() == '\n') {
      text.pop_back();
      const std::vector<std::string> parts = absl::StrSplit(text, ':');
      if (absl::SimpleAtoi(parts.back(), &port_) && port_ > 0) return absl::OkStatus();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return absl::UnavailableError(absl::StrCat("sotayd did not start: ", Log()));
}

absl::Status ServerProcess::KillAndRestart() {
  process_->Signal(SIGKILL);
  process_->Wait();
  process_.reset();
  return Run(port_);
}

std::string ServerProcess::address() const { return absl::StrCat("127.0.0.1:", port_); }

std::string ServerProcess::Log() const {
  const std::string log = ReadFile(dir_ + "/log");
  return log.substr(log.size() - std::min<size_t>(log.size(), 2'000));
}

double ServerProcess::CpuSeconds() const {
  clockid_t clock;
  return clock_getcpuclockid(process_->pid(), &clock) == 0 ? SecondsOf(clock) : 0;
}

uint64_t ServerProcess::Fsyncs() const { return __atomic_load_n(fsyncs_, __ATOMIC_RELAXED); }

uint64_t ServerProcess::DiskBytes() const {
  std::istringstream lines(ReadFile(absl::StrCat("/proc/", process_->pid(), "/io")));
  std::string name;
  uint64_t value = 0;
  while (lines >> name >> value) {
    if (name == "write_bytes:") return value;
  }
  return 0;
}

double OwnCpuSeconds() { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace sotay::bench
