#include "server/transport_log.h"

#include <grpc/support/log.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/event_log.h"

namespace sotay::server {
namespace {

constexpr absl::Duration kQuiet = absl::Minutes(1);
constexpr size_t kMessageBytesMax = 200;

// One place in gRPC that speaks: file and line.
struct Place {
  absl::Time said = absl::InfinitePast();
  int64_t left_out = 0;
};

// As many as gRPC has lines that log: it does not grow with what peers do.
struct Places {
  absl::Mutex mutex;
  std::map<std::pair<std::string, int>, Place> known ABSL_GUARDED_BY(mutex);
};

Severity SeverityOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return Severity::kDebug;
    case GPR_LOG_SEVERITY_INFO:
      return Severity::kInfo;
    case GPR_LOG_SEVERITY_ERROR:
      break;
  }
  // A refused stranger is an error to gRPC; to us it is a warning at most.
  return Severity::kWarning;
}

void Take(gpr_log_func_args* args) {
  // Never destroyed: gRPC's threads may still speak while the process ends.
  static Places* const places = new Places();
  absl::string_view file = args->file;
  file.remove_prefix(file.rfind('/') == absl::string_view::npos ? 0 : file.rfind('/') + 1);
  int64_t left_out = 0;
  {
    absl::MutexLock lock(&places->mutex);
    Place& place = places->known[{std::string(file), args->line}];
    const absl::Time now = absl::Now();
    if (now < place.said + kQuiet) {
      ++place.left_out;
      return;
    }
    place.said = now;
    left_out = std::exchange(place.left_out, 0);
  }
  const absl::string_view message = absl::StripAsciiWhitespace(args->message);
  Say(SeverityOf(args->severity), "transport",
      {{"message", message.substr(0, kMessageBytesMax)},
       {"place", absl::StrCat(file, ":", args->line)},
       {"left_out", left_out}});
}

}  // namespace

void TakeTransportLog() { gpr_set_log_function(Take); }

}  // namespace sotay::server
