// The entries of a deadline as its record has them, and who had what before them.
#include <utility>

#include "casework/v1/deadline.pb.h"
#include "sync/deadline.h"
#include "sync/fragment.h"
#include "sync/saw.h"

namespace sotay::sync {
namespace {

using casework::v1::Deadline;
using casework::v1::DeadlineEvent;

constexpr char kType[] = "casework.v1.Deadline";
constexpr Day kLastDay = 29991231;

bool IsDocumentDay(Day day) { return IsDay(day) && day <= kLastDay; }

// Reads an entry as far as it can be read.
void Read(const DeadlineEvent& entry, TermEvent* event) {
  event->id = entry.event_id();
  event->corrects = entry.corrects();
  event->document_no = entry.document_no();
  event->signer = entry.signer();
  event->remark = entry.remark();
  if (entry.kind() > 0 && entry.kind() <= static_cast<int>(Happened::kStrike)) {
    event->what = static_cast<Happened>(entry.kind());
  }
  // To have looked puts nothing in another's place.
  if (event->what == Happened::kReview) event->corrects.clear();
  const bool dated = event->what != Happened::kReview && event->what != Happened::kStrike;
  event->readable = event->what != Happened::kUnknown;
  if (IsDocumentDay(entry.effective_date())) {
    event->day = entry.effective_date();
  } else if (dated || entry.effective_date() != 0) {
    event->readable = false;
  }
  if (!entry.effective_time().empty()) {
    event->minute = ReadTime(entry.effective_time());
    event->readable = event->readable && event->minute.has_value();
  }
  if (!entry.length().empty()) {
    event->length = ReadLength(entry.length());
    event->readable = event->readable && event->length.has_value();
  }
  if (entry.end_date() != 0 || !entry.end_time().empty()) {
    const absl::optional<int> minute =
        entry.end_time().empty() ? absl::optional<int>(kMinutesOfDay) : ReadTime(entry.end_time());
    if (IsDocumentDay(entry.end_date()) && minute.has_value()) {
      event->end = Moment{entry.end_date(), *minute};
    } else {
      event->readable = false;
    }
  }
  if (event->what == Happened::kStrike && event->corrects.empty()) event->readable = false;
}

// What a version has of a device; 0: nothing.
uint64_t LastOf(const VersionVector& version, const DeviceId& device) {
  for (const auto& [known, sequence] : version.entries()) {
    if (known == device) return sequence;
  }
  return 0;
}

}  // namespace

std::vector<TermEvent> EventsOf(const MergedRecord& deadline) {
  std::vector<TermEvent> events;
  if (deadline.type_name() != kType || deadline.type() == nullptr) return events;
  const FieldType* const field = deadline.type()->Field(uint32_t{Deadline::kEventsFieldNumber});
  const FieldSlot* const slot = deadline.Slot(Deadline::kEventsFieldNumber);
  if (field == nullptr || slot == nullptr) return events;
  for (const StandingReading& reading : slot->readings) {
    TermEvent event;
    const Author& author = deadline.author(reading.author);
    event.author = reading.author;
    event.device = author.device;
    event.sequence = author.sequence;
    event.saw = SawIn(*field, reading.value).value_or(VersionVector());
    event.writer = author.writer();
    event.change = author.change;
    event.written =
        author.written_on.has_value() ? LastOf(event.saw, event.writer) : author.sequence;
    DeadlineEvent entry;
    const auto bytes = StringOf(reading.value);
    event.readable =
        bytes.has_value() && entry.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()));
    if (event.readable) Read(entry, &event);
    events.push_back(std::move(event));
  }
  return events;
}

bool Saw(const std::vector<TermEvent>& events, size_t a, size_t b) {
  const TermEvent& later = events[a];
  const TermEvent& earlier = events[b];
  // Of one device they stand in the order in which they were written, whatever became of them
  // since.  Where that is not said, only what was seen counts.
  if (later.writer == earlier.writer) {
    if (later.change == earlier.change) return a > b;
    if (later.written != 0 && earlier.written != 0) return later.written > earlier.written;
  }
  // Two that both claim it are believed in nothing.
  return later.saw.Has(earlier.device, earlier.sequence) &&
         !earlier.saw.Has(later.device, later.sequence);
}

}  // namespace sotay::sync
