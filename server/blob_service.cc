#include "server/blob_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sotay::server {
namespace {

// Calls about files a device may have under way: a phone has one.
constexpr int kAtATimeMax = 4;

}  // namespace

BlobService::BlobService(Directory* directory, const BlobExchange* exchange, AccessLog* log,
                         ReaderPool* readers, ReaderPool* writers, std::function<int64_t()> now_ms)
    : directory_(*directory),
      exchange_(*exchange),
      log_(*log),
      readers_(*readers),
      writers_(*writers),
      now_ms_(std::move(now_ms)) {}

absl::Status BlobService::Begin(const sync::DeviceId& device) {
  absl::MutexLock lock(&mutex_);
  int& count = under_way_[device];
  if (count >= kAtATimeMax) {
    return Refuse(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA,
                  absl::StrCat("calls about files under way from this device: ", count, ", limit ",
                               kAtATimeMax, "; wait for an answer"));
  }
  ++count;
  return absl::OkStatus();
}

void BlobService::End(const sync::DeviceId& device) {
  absl::MutexLock lock(&mutex_);
  const auto at = under_way_.find(device);
  if (--at->second == 0) under_way_.erase(at);
}

template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* BlobService::Answer(grpc::CallbackServerContext* context,
                                              const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response, const char* method,
                                              ReaderPool* pool, Read read) {
  return AnswerUnary<Request, Response>(
      context, request, response, method,
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this, pool, read](Caller caller, Request asked, Reply<Response> reply) {
        const absl::Status begun = Begin(caller.device);
        if (!begun.ok()) return reply(begun);
        const auto end = [this, device = caller.device, reply](absl::StatusOr<Response> answer) {
          End(device);
          reply(std::move(answer));
        };
        const bool will = pool->Run([this, caller, asked = std::move(asked), end, read] {
          v1::AccessEntry kept;
          kept.set_kind(v1::ACCESS_KIND_FILE);
          kept.set_record_id(asked.blob().record_id());
          end(log_.Answer(caller, kept,
                          [&](ShownParts* shown) { return read(caller, asked, shown); }));
        });
        if (!will) end(Busy("the server is busy; try again shortly"));
      });
}

grpc::ServerUnaryReactor* BlobService::AskBlob(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  return Answer<v1::AskBlobRequest, v1::AskBlobResponse>(
      context, request, response, "AskBlob", &readers_,
      [this](const Caller& caller, const v1::AskBlobRequest& asked, ShownParts*) {
        return exchange_.AskBlob(caller, asked);
      });
}

grpc::ServerUnaryReactor* BlobService::SendChunk(grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return Answer<v1::SendChunkRequest, v1::SendChunkResponse>(
      context, request, response, "SendChunk", &writers_,
      [this](const Caller& caller, const v1::SendChunkRequest& asked, ShownParts*) {
        return exchange_.SendChunk(caller, asked);
      });
}

grpc::ServerUnaryReactor* BlobService::FinishBlob(grpc::CallbackServerContext* context,
                                                  const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return Answer<v1::FinishBlobRequest, v1::FinishBlobResponse>(
      context, request, response, "FinishBlob", &writers_,
      [this](const Caller& caller, const v1::FinishBlobRequest& asked, ShownParts*) {
        return exchange_.FinishBlob(caller, asked);
      });
}

grpc::ServerUnaryReactor* BlobService::ReadChunk(grpc::CallbackServerContext* context,
                                                 const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return Answer<v1::ReadChunkRequest, v1::ReadChunkResponse>(
      context, request, response, "ReadChunk", &readers_,
      [this](const Caller& caller, const v1::ReadChunkRequest& asked, ShownParts* shown) {
        return exchange_.ReadChunk(caller, asked, shown);
      });
}

}  // namespace sotay::server
