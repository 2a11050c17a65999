#include "server/event_log.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace sotay::server {
namespace {

constexpr int kBoundedPerSecond = 10;

spdlog::level::level_enum LevelOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return spdlog::level::debug;
    case Severity::kInfo:
      return spdlog::level::info;
    case Severity::kWarning:
      return spdlog::level::warn;
    case Severity::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

const char* NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "info";
}

spdlog::logger& Logger() {
  // Never destroyed: threads of libraries may still speak while the process ends.
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("sotayd", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

// How many bounded lines there were in this second.
struct Bound {
  absl::Mutex mutex;
  int64_t second ABSL_GUARDED_BY(mutex) = 0;
  int said ABSL_GUARDED_BY(mutex) = 0;
  int left_out ABSL_GUARDED_BY(mutex) = 0;
};

Bound& TheBound() {
  static Bound* const bound = new Bound();
  return *bound;
}

}  // namespace

void SetLeastSeverity(Severity least) { Logger().set_level(LevelOf(least)); }

absl::Status SetLeastSeverity(absl::string_view name) {
  for (Severity severity :
       {Severity::kDebug, Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (name != NameOf(severity)) continue;
    SetLeastSeverity(severity);
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("log level \"", name, "\", expected debug, info, warning or error"));
}

void Say(Severity severity, absl::string_view event, std::initializer_list<Fact> facts) {
  if (!Logger().should_log(LevelOf(severity))) return;
  nlohmann::ordered_json line;
  line["time"] = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", absl::Now(), absl::UTCTimeZone());
  line["severity"] = NameOf(severity);
  line["event"] = std::string(event);
  for (const Fact& fact : facts) {
    if (fact.numeric) {
      line[std::string(fact.name)] = fact.number;
    } else {
      line[std::string(fact.name)] = std::string(fact.text);
    }
  }
  // Bytes that are no UTF-8 are replaced; control characters are escaped: a line stays a line.
  Logger().log(LevelOf(severity),
               line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void SayBounded(Severity severity, absl::string_view event, std::initializer_list<Fact> facts) {
  int left_out = 0;
  {
    Bound& bound = TheBound();
    absl::MutexLock lock(&bound.mutex);
    const int64_t second = absl::ToUnixSeconds(absl::Now());
    if (second != bound.second) {
      left_out = std::exchange(bound.left_out, 0);
      bound.second = second;
      bound.said = 0;
    }
    if (++bound.said > kBoundedPerSecond) {
      ++bound.left_out;
      return;
    }
  }
  if (left_out > 0) Say(Severity::kWarning, "left_out", {{"lines", left_out}});
  Say(severity, event, facts);
}

}  // namespace sotay::server
