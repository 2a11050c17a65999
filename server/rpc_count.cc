#include "server/rpc_count.h"

#include <grpcpp/support/server_interceptor.h>

#include <utility>
#include <vector>

#include "absl/strings/match.h"

namespace sotay::server {

// Lives as long as a call does.
class CountedRpc : public grpc::experimental::Interceptor {
 public:
  CountedRpc(RpcCount* count, int calls) : count_(*count), calls_(calls) { count_.Add(calls_); }
  ~CountedRpc() override { count_.Add(-calls_); }
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    methods->Proceed();
  }

 private:
  RpcCount& count_;
  const int calls_;
};

namespace {

class CountedRpcs : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CountedRpcs(RpcCount* count) : count_(count) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override {
    return new CountedRpc(count_, absl::StartsWith(call->method(), "/sotay.") ? 1 : 0);
  }

 private:
  RpcCount* const count_;
};

}  // namespace

void RpcCount::CountCallsOf(grpc::ServerBuilder* builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<CountedRpcs>(this));
  builder->experimental().SetInterceptorCreators(std::move(creators));
}

bool RpcCount::WaitForNone(absl::Duration at_most) {
  const auto none = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return under_way_ == 0; };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&none), at_most);
}

void RpcCount::Add(int calls) {
  absl::MutexLock lock(&mutex_);
  under_way_ += calls;
}

}  // namespace sotay::server
