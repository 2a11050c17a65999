#include "mobile-sdk/core/boot_clock.h"

#include <time.h>

#include <fstream>
#include <string>

namespace sotay::sdk {

SinceBoot MachineSinceBoot() {
  SinceBoot since;
#ifdef CLOCK_BOOTTIME
  timespec now = {};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return since;
  since.ms = int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  // It cannot change while the process lives.
  static const std::string* const boot = [] {
    auto* const id = new std::string();
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::getline(file, *id);
    return id;
  }();
  since.boot = *boot;
#endif
  return since;
}

}  // namespace sotay::sdk
