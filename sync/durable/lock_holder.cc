#include "sync/durable/lock_holder.h"

#include <sys/stat.h>
#include <sys/types.h>

#if defined(__linux__)
#include <sys/sysmacros.h>
#endif

#include <fstream>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace sotay::durable {

#if defined(__linux__)

absl::optional<int> ProcessHoldingLock(const std::string& file) {
  struct ::stat about {};
  if (::stat(file.c_str(), &about) != 0) return absl::nullopt;
  const std::string wanted =
      absl::StrFormat("%02x:%02x:%d", major(about.st_dev), minor(about.st_dev), about.st_ino);
  // A line reads: "4: POSIX  ADVISORY  WRITE 1234 fe:01:5678 0 EOF"; waiters have "->" second.
  std::ifstream table("/proc/locks");
  for (std::string line; std::getline(table, line);) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 6 || words[1] != "POSIX" || words[3] != "WRITE") continue;
    int process = 0;
    // A holder outside our process namespace is shown as 0 or below.
    if (words[5] == wanted && absl::SimpleAtoi(words[4], &process) && process > 0) return process;
  }
  return absl::nullopt;
}

#else

absl::optional<int> ProcessHoldingLock(const std::string& /*file*/) { return absl::nullopt; }

#endif

}  // namespace sotay::durable
