// watch: what comes in, as it comes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/instant.h"
#include "mobile-sdk/cli/office_json.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/outcome.h"
#include "mobile-sdk/cli/render.h"
#include "mobile-sdk/cli/signals.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/cli/value.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

constexpr int kPage = 100;
constexpr int kPauseMsMin = 1'000;
constexpr int kPauseMsMax = 30'000;
constexpr int kLookMs = 200;  // how soon Ctrl-C is seen

struct WatchWords {
  std::string unit;
};

// Units by id, and how far each was told.  Empty epoch: not heard of yet.
using Told = std::map<std::string, v1::Cursor>;

void TellRecord(const Invocation& run, const OpenOffice& open, const sdk::RecordLine& line,
                uint64_t position) {
  if (run.json) {
    nlohmann::json event = FeedLineJson(line, position);
    event["event"] = "record_changed";
    event["at_ms"] = run.NowMs();
    run.PrintJsonLine(event);
    return;
  }
  run.PrintWords(absl::StrCat(
      InstantInWords(run.NowMs()), "  ", OneLine(open.reader.names.Unit(line.unit_id)), "  ",
      line.id.Short(), "  ", TypeLabel(open.reader, line.type), "  ",
      StateLabel(open.reader, line.type, line.state), "  ", Fit(OneLine(line.title), 50),
      line.conflicts == 0
          ? ""
          : absl::StrCat(run.voice("  xung đột: ", "  conflicts: "), line.conflicts),
      "\n"));
  run.streams.out->flush();
}

// Tells every record of the unit that changed after `from`, oldest change first.
absl::Status TellUnit(const Invocation& run, const OpenOffice& open, const std::string& unit,
                      uint64_t from) {
  v1::ListRecordsRequest request;
  request.set_unit_id(unit);
  request.set_page_size(kPage);
  std::vector<v1::FeedRecord> fresh;
  bool older = false;
  do {
    SOTAY_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, open.office->ListRecords(request));
    for (const v1::FeedRecord& feed : page.records()) {
      older = feed.position() <= from;
      if (older) break;
      fresh.push_back(feed);
    }
    request.set_page_token(page.next_page_token());
  } while (!older && !request.page_token().empty());
  for (auto feed = fresh.rbegin(); feed != fresh.rend(); ++feed) {
    SOTAY_ASSIGN_OR_RETURN(const sync::MergedRecord record,
                           sync::MergedRecord::Parse(*open.schema, feed->record()));
    TellRecord(run, open, LineOf(open.reader, record), feed->position());
  }
  return absl::OkStatus();
}

// One listening, until it ends.  What stands when a unit is first heard of is not news.
absl::Status ListenOnce(const Invocation& run, const OpenOffice& open, Told* told) {
  v1::WatchRequest request;
  for (const auto& [unit, cursor] : *told) *request.add_cursors() = cursor;
  absl::Status failed;
  const absl::Status ended = open.office->Watch(request, [&](const v1::WatchResponse& response) {
    for (const v1::Cursor& news : response.news()) {
      v1::Cursor& known = (*told)[news.unit_id()];
      const bool first = known.epoch().empty();
      if (!first && known.epoch() == news.epoch()) {
        failed = TellUnit(run, open, news.unit_id(), known.position());
        if (!failed.ok()) return false;
      }
      known = news;
    }
    return run.streams.out->good();
  });
  return failed.ok() ? ended : failed;
}

bool MayPass(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable ||
         status.code() == absl::StatusCode::kDeadlineExceeded ||
         status.code() == absl::StatusCode::kInternal;  // a connection cut in mid-stream
}

absl::Status Listen(const Invocation& run, const OpenOffice& open, Told told,
                    const std::atomic<bool>& stopped) {
  int pause_ms = kPauseMsMin;
  while (!stopped && run.streams.out->good()) {
    const int64_t began_ms = run.NowMs();
    const absl::Status status = ListenOnce(run, open, &told);
    if (stopped || status.ok()) break;
    if (!MayPass(status)) return status;
    if (run.NowMs() - began_ms > kPauseMsMax) pause_ms = kPauseMsMin;  // it had held
    run.Remark(absl::StrCat(Sentence(run.voice, status), "; ",
                            run.voice("thử lại sau ", "again in "),
                            SpanInWords(run.voice, pause_ms), "\n"));
    for (int waited_ms = 0; waited_ms < pause_ms && !stopped; waited_ms += kLookMs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
    }
    pause_ms = std::min(2 * pause_ms, kPauseMsMax);
  }
  return absl::OkStatus();
}

absl::Status Watch(const Invocation& run, const WatchWords& words) {
  const HeldSignals signals;  // before any thread is made, so that none of them takes one
  SOTAY_ASSIGN_OR_RETURN(OpenOffice open, OpenOfficeFor(run));
  SOTAY_RETURN_IF_ERROR(LearnNames(&open));
  SOTAY_ASSIGN_OR_RETURN(const v1::ListUnitsResponse units, open.office->ListUnits());
  Told told;
  for (const v1::UnitView& unit : units.units()) {
    if (words.unit.empty() || unit.unit_id() == words.unit) {
      told[unit.unit_id()].set_unit_id(unit.unit_id());
    }
  }
  if (told.empty()) {
    return absl::NotFoundError(absl::StrCat("there is no unit ", words.unit, " of yours"));
  }
  std::atomic<bool> stopped = false;
  std::atomic<bool> over = false;
  // While the listening holds this thread, another one waits for Ctrl-C.
  std::thread waiter([&] {
    while (!over) {
      if (!signals.Wait(kLookMs)) continue;
      stopped = true;
      open.office->StopWatching();
      return;
    }
  });
  const absl::Status status = Listen(run, open, std::move(told), stopped);
  over = true;
  waiter.join();
  return status;
}

}  // namespace

void AddOfficeWatchCommand(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  auto words = std::make_shared<WatchWords>();
  Command command = AddCommand(app, run, "watch",
                               voice("Báo từng bản ghi thay đổi, đến khi bấm Ctrl-C",
                                     "Tell every record that changes, until Ctrl-C"),
                               words, &Watch);
  command.AddOption("--unit", words->unit, voice("chỉ một đơn vị", "of one unit only"))
      .TypeName("UNIT");
  command.Footer(voice("Với --json: mỗi dòng một sự kiện.", "With --json: an event a line."));
}

}  // namespace sotay::cli
