#include "sync/moved_clock.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "sotay/v1/aside_grounds.pb.h"
#include "sotay/v1/said_clock.pb.h"
#include "sotay/v1/supervision_service.pb.h"
#include "sotay/v1/sync_service.pb.h"
#include "sync/beside.h"
#include "sync/unknown_time.h"

namespace sotay::sync {
namespace {

using stored::v1::ClockContact;
using stored::v1::WrittenAt;

// Below this a clock was not moved: it drifts, and the network sets it by as much.
constexpr int64_t kMovedMsMin = 10'000;
// Device clocks are data; further off than this nobody needs to know by how much.
constexpr int64_t kSkewMsMax = int64_t{1} << 48;

// When the machine started, by its wall clock: it moves as that is moved.
template <typename Reading>
int64_t StartOf(const Reading& reading) {
  return BoundMs(reading.wall_ms()) - BoundMs(reading.boot_ms());
}

bool Differs(int64_t a, int64_t b, int64_t by) { return std::llabs(a - b) >= by; }

int64_t SkewAt(int64_t device_ms, int64_t server_now_ms) {
  return std::clamp(device_ms, -kSkewMsMax, kSkewMsMax) - server_now_ms;
}

}  // namespace

bool SameClock(const WritingClock& a, const WritingClock& b) {
  return a.unknown == b.unknown && !Differs(a.now_ms, b.now_ms, kMovedMsMin);
}

std::set<std::string> BootsMovedIn(const std::map<uint64_t, WrittenAt>& written) {
  std::map<std::string, std::pair<int64_t, int64_t>> starts;  // first and last, by the wall clock
  for (const auto& [sequence, at] : written) {
    const int64_t start = StartOf(at);
    const auto [place, fresh] = starts.emplace(at.boot(), std::make_pair(start, start));
    place->second.first = std::min(place->second.first, start);
    place->second.second = std::max(place->second.second, start);
  }
  std::set<std::string> moved;
  for (const auto& [boot, span] : starts) {
    if (Differs(span.first, span.second, kSkewCorrectedMsMin)) moved.insert(boot);
  }
  return moved;
}

WritingClock ClockWrittenBy(const WrittenAt& written, const ClockContact& contact,
                            const std::set<std::string>& moved_in, const ClockReading& now) {
  const WritingClock as_now{now.wall_ms, false};
  if (written.boot().empty() || now.boot.empty()) return as_now;
  const auto saying = [&](int64_t now_ms) {
    return Differs(now_ms, now.wall_ms, kMovedMsMin) ? WritingClock{now_ms, false} : as_now;
  };
  if (written.boot() == now.boot) return saying(StartOf(written) + now.boot_ms);
  if (contact.boot().empty()) return as_now;

  int64_t server_ms = now.wall_ms - contact.skew_ms();
  if (contact.boot() == now.boot) server_ms = StartOf(contact) - contact.skew_ms() + now.boot_ms;
  const ClockContact& before = written.contact();
  if (before.boot() == written.boot()) {
    return saying(server_ms + before.skew_ms() + StartOf(written) - StartOf(before));
  }
  // Nothing tells how far it was moved.  Whether it was, as far as can be seen:
  const int64_t skew_ms = now.wall_ms - server_ms;
  const int64_t at_ms = BoundMs(written.wall_ms()) - skew_ms;
  bool moved = moved_in.count(written.boot()) != 0 || at_ms > server_ms + kSkewCorrectedMsMin;
  if (written.has_contact()) {
    const int64_t met_ms = BoundMs(before.wall_ms()) - before.skew_ms();
    moved = moved || at_ms < met_ms - kSkewCorrectedMsMin ||
            Differs(before.skew_ms(), skew_ms, kSkewCorrectedMsMin);
  }
  return {now.wall_ms, moved};
}

void SayClock(const WritingClock& clock, const ClockReading& now, v1::SyncRequest* request) {
  request->set_device_now_ms(clock.now_ms);
  v1::SaidClock said;
  if (clock.now_ms != now.wall_ms) said.set_now_ms(now.wall_ms);
  said.set_unknown(clock.unknown);
  request->MergeFromString(said.SerializeAsString());
}

SaidSkew SkewSaid(const v1::SyncRequest& request, int64_t server_now_ms) {
  SaidSkew skew;
  if (request.device_now_ms() != 0) {
    skew.writing_ms = skew.now_ms = SkewAt(request.device_now_ms(), server_now_ms);
  }
  const auto said = ReadBeside<v1::SaidClock>(request);
  if (said.now_ms() != 0) skew.now_ms = SkewAt(said.now_ms(), server_now_ms);
  if (said.unknown()) skew.writing_ms = kSkewUnknown;
  return skew;
}

void NoteSkew(int64_t skew_ms, v1::QuarantinedChange* aside) {
  v1::AsideGrounds grounds;
  if (skew_ms == kSkewUnknown) {
    grounds.set_skew_unknown(true);
  } else {
    grounds.set_skew_ms(skew_ms);
  }
  aside->MergeFromString(grounds.SerializeAsString());
}

absl::optional<int64_t> SkewNoted(const v1::QuarantinedChange& aside) {
  const auto grounds = ReadBeside<v1::AsideGrounds>(aside);
  if (grounds.skew_unknown()) return kSkewUnknown;
  if (grounds.skew_case() == v1::AsideGrounds::kSkewMs) return grounds.skew_ms();
  return absl::nullopt;
}

}  // namespace sotay::sync
