#include "server/watch_service.h"

#include <utility>
#include <vector>

#include "sotay/v1/sync_service.pb.h"
#include "sync/status_macros.h"

namespace sotay::server {
namespace {

constexpr char kMethod[] = "Watch";
constexpr int kUnitsMax = 1'024;

}  // namespace

WatchStream::WatchStream(Watchers* watchers, std::function<int64_t()> now_ms,
                         grpc::CallbackServerContext* context)
    : watchers_(*watchers), now_ms_(std::move(now_ms)), context_(context) {}

WatchStream* WatchStream::Begin(Directory* directory, Watchers* watchers,
                                std::function<int64_t()> now_ms,
                                grpc::CallbackServerContext* context,
                                const grpc::ByteBuffer& request) {
  std::shared_ptr<WatchStream> stream(new WatchStream(watchers, std::move(now_ms), context));
  stream->self_ = stream;
  const absl::Status started = stream->Start(directory, request);
  if (started.ok()) {
    stream->Step();
  } else {
    absl::MutexLock lock(&stream->mutex_);
    stream->End(ToGrpc(started, kMethod));
  }
  return stream.get();
}

absl::Status WatchStream::Start(Directory* directory, const grpc::ByteBuffer& request) {
  SOTAY_ASSIGN_OR_RETURN(const Caller caller, CallerOf(directory, *context_, now_ms_()));
  SOTAY_ASSIGN_OR_RETURN(const v1::WatchRequest asked, ParseRequest<v1::WatchRequest>(request));
  if (asked.cursors().empty()) return Malformed("cursors: name the units to listen to");
  if (asked.cursors_size() > kUnitsMax) {
    return TooLarge("cursors", static_cast<uint64_t>(asked.cursors_size()), kUnitsMax,
                    "listen to fewer units");
  }
  const std::vector<v1::Cursor> cursors(asked.cursors().begin(), asked.cursors().end());
  std::shared_ptr<WatchStream> self = self_;
  SOTAY_ASSIGN_OR_RETURN(const uint64_t watch,
                         watchers_.Add(caller, cursors, now_ms_(), [self] { self->Step(); }));
  absl::MutexLock lock(&mutex_);
  watch_ = watch;
  return absl::OkStatus();
}

void WatchStream::Step() {
  absl::MutexLock lock(&mutex_);
  if (ended_) return;
  const int64_t now_ms = now_ms_();
  if (writing_since_ms_ != 0) {
    // What is new meanwhile is sent when this has gone; OnWriteDone asks again.
    if (now_ms > writing_since_ms_ + kWriteMsMax) context_->TryCancel();
    return;
  }
  absl::optional<Watchers::News> news = watchers_.Take(watch_, now_ms);
  if (!news.has_value()) return;
  if (!news->end.ok()) {
    End(ToGrpc(news->end, kMethod));
    return;
  }
  v1::WatchResponse response;
  for (v1::Cursor& cursor : news->cursors) *response.add_news() = std::move(cursor);
  const grpc::Status written = WriteMessage(response, &message_);
  if (!written.ok()) {
    End(written);
    return;
  }
  writing_since_ms_ = now_ms;
  StartWrite(&message_);
}

void WatchStream::End(const grpc::Status& status) {
  ended_ = true;
  Finish(status);
}

void WatchStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    writing_since_ms_ = 0;
    if (ended_) return;
    if (!ok) {
      End(grpc::Status(grpc::StatusCode::CANCELLED, "the listener has gone"));
      return;
    }
  }
  Step();
}

void WatchStream::OnCancel() {
  absl::MutexLock lock(&mutex_);
  if (!ended_) End(grpc::Status(grpc::StatusCode::CANCELLED, "the listener has gone"));
}

void WatchStream::OnDone() {
  uint64_t watch = 0;
  {
    absl::MutexLock lock(&mutex_);
    watch = watch_;
  }
  watchers_.Remove(watch);
  self_.reset();
}

}  // namespace sotay::server
