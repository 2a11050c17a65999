// The door between gRPC and the rest of the server.  Every unary call of every service comes in
// through AnswerUnary, so that every one authenticates the same way, before its request is even
// parsed, and every refusal leaves in the same form.  gRPC's types stop in this file and in the
// service files.  Any thread.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/refusal.h"

namespace sotay::server {

// SHA-256 of the public key in the certificate the peer proved to hold.
absl::StatusOr<std::string> KeyHashOf(const grpc::CallbackServerContext& context);

// The active device the peer is, looked up now; that it called is noted.
absl::StatusOr<Caller> CallerOf(Directory* directory, const grpc::CallbackServerContext& context,
                                int64_t now_ms);
// For Sync alone: also a forked or a revoked one.  What it has is still to be received; it is given
// nothing (Exchange sees to that), and notes what it says of itself as well.
absl::StatusOr<Caller> SenderOf(Directory* directory, const grpc::CallbackServerContext& context,
                                int64_t now_ms);

// The status as it travels, with its ErrorDetail in grpc-status-details-bin.  What is ours to
// know (damage, broken invariants) is said to the operator, and to the caller only that it is.
grpc::Status ToGrpc(const absl::Status& status, absl::string_view method);

// INVALID_ARGUMENT, "not a valid <name>", when the bytes are none.
template <typename Request>
absl::StatusOr<Request> ParseRequest(const grpc::ByteBuffer& bytes) {
  grpc::ByteBuffer copy = bytes;  // of references; parsing consumes it
  Request request;
  if (!grpc::SerializationTraits<Request>::Deserialize(&copy, &request).ok()) {
    return Malformed("not a valid " + Request::descriptor()->name());
  }
  return request;
}

template <typename Message>
grpc::Status WriteMessage(const Message& message, grpc::ByteBuffer* bytes) {
  bool own = false;
  return grpc::SerializationTraits<Message>::Serialize(message, bytes, &own);
}

// How a call is answered: once, from any thread.
template <typename Response>
using Reply = std::function<void(absl::StatusOr<Response>)>;

// Identifies, parses, serves.  `identify(context)` gives whoever calls, or why not;
// `serve(who, request, reply)` sees that `reply` is called, and does not block.
template <typename Request, typename Response, typename Identify, typename Serve>
grpc::ServerUnaryReactor* AnswerUnary(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                      const char* method, Identify identify, Serve serve) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  Reply<Response> reply = [reactor, response, method](absl::StatusOr<Response> answer) {
    reactor->Finish(answer.ok() ? WriteMessage(*answer, response)
                                : ToGrpc(answer.status(), method));
  };
  auto who = identify(*context);
  if (!who.ok()) {
    reply(who.status());
    return reactor;
  }
  absl::StatusOr<Request> parsed = ParseRequest<Request>(*request);
  if (!parsed.ok()) {
    reply(parsed.status());
    return reactor;
  }
  serve(*std::move(who), *std::move(parsed), std::move(reply));
  return reactor;
}

}  // namespace sotay::server
