#include "tests/bench/delivery.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sotay::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kMethod[] = "/sotay.v1.SyncService/Sync";
constexpr std::chrono::seconds kDeadline(60);

// One call of one parcel.
struct Call {
  const Parcel* parcel = nullptr;
  grpc::ByteBuffer request;
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  Clock::time_point begun;
  Clock::time_point ended;
  bool over = false;
};

// A phone and where it stands.
struct Sender {
  std::unique_ptr<grpc::GenericStub> stub;
  std::vector<std::unique_ptr<Call>> calls;
  size_t next = 0;
};

absl::StatusOr<v1::SyncResponse> ReadAnswer(const Call& call) {
  if (!call.over) return absl::CancelledError("given up after an earlier push had failed");
  if (!call.status.ok()) return ToAbsl(call.status);
  std::vector<grpc::Slice> slices;
  if (!call.response.Dump(&slices).ok()) return absl::InternalError("no answer in the answer");
  std::string bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  v1::SyncResponse answer;
  if (!answer.ParseFromString(bytes)) return absl::DataLossError("the answer cannot be read");
  return answer;
}

}  // namespace

DeliveryReport Deliver(const std::vector<Delivery>& deliveries, size_t lines) {
  std::vector<Sender> senders;
  for (const Delivery& delivery : deliveries) {
    Sender sender;
    sender.stub = std::make_unique<grpc::GenericStub>(delivery.phone->channel());
    for (const Parcel& parcel : delivery.parcels) {
      auto call = std::make_unique<Call>();
      const grpc::Slice slice(parcel.request);
      call->parcel = &parcel;
      call->request = grpc::ByteBuffer(&slice, 1);
      sender.calls.push_back(std::move(call));
    }
    if (!sender.calls.empty()) senders.push_back(std::move(sender));
  }
  grpc::CompletionQueue queue;
  const auto send = [&queue](size_t index, Sender* sender) {
    Call* const call = sender->calls[sender->next].get();
    call->context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    call->begun = Clock::now();
    call->reader = sender->stub->PrepareUnaryCall(&call->context, kMethod, call->request, &queue);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, reinterpret_cast<void*>(index));
  };

  DeliveryReport report;
  const Clock::time_point begun = Clock::now();
  size_t waiting = 0;  // the first sender that has not begun
  size_t under_way = 0;
  while (waiting < senders.size() && under_way < lines) {
    send(waiting, &senders[waiting]);
    ++waiting;
    ++under_way;
  }
  while (under_way > 0) {
    void* tag = nullptr;
    bool ok = false;
    if (!queue.Next(&tag, &ok)) break;
    const size_t index = reinterpret_cast<size_t>(tag);
    Sender& sender = senders[index];
    Call& call = *sender.calls[sender.next++];
    call.ended = Clock::now();
    call.over = true;
    if (call.status.ok() && sender.next < sender.calls.size()) {
      send(index, &sender);
    } else if (waiting < senders.size()) {
      send(waiting, &senders[waiting]);
      ++waiting;
    } else {
      --under_way;
    }
  }
  report.seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) continue;

  for (const Sender& sender : senders) {
    for (const auto& call : sender.calls) {
      const absl::StatusOr<v1::SyncResponse> answer = ReadAnswer(*call);
      const absl::Status kept = answer.ok() ? CheckAnswer(*call->parcel, *answer) : answer.status();
      if (!kept.ok()) {
        ++report.errors;
        if (report.first_error.ok()) report.first_error = kept;
        continue;
      }
      ++report.pushes;
      report.notes += call->parcel->count();
      report.push_ms.push_back(
          std::chrono::duration<double, std::milli>(call->ended - call->begun).count());
    }
  }
  return report;
}

}  // namespace sotay::bench
