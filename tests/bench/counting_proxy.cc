#include "tests/bench/counting_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sotay::bench {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// The socket calls take the general type.
sockaddr* General(sockaddr_in* address) { return reinterpret_cast<sockaddr*>(address); }

absl::Status Failed(absl::string_view what) {
  return absl::UnavailableError(absl::StrCat("counting proxy: ", what, ": ", std::strerror(errno)));
}

void SendAtOnce(int socket) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CountingProxy>> CountingProxy::Start(int server_port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return Failed("socket");
  sockaddr_in address = Loopback(0);
  socklen_t length = sizeof address;
  if (bind(listener, General(&address), length) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, General(&address), &length) != 0) {
    absl::Status failed = Failed("cannot listen");
    close(listener);
    return failed;
  }
  return std::unique_ptr<CountingProxy>(
      new CountingProxy(listener, ntohs(address.sin_port), server_port));
}

CountingProxy::CountingProxy(int listener, int port, int server_port)
    : listener_(listener), port_(port), server_port_(server_port) {
  accepting_ = std::thread([this] { Accept(); });
}

CountingProxy::~CountingProxy() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  std::vector<std::thread> passing;
  {
    absl::MutexLock lock(&mutex_);
    passing = std::move(passing_);
  }
  for (std::thread& thread : passing) thread.join();
  absl::MutexLock lock(&mutex_);
  for (const int socket : sockets_) close(socket);
  close(listener_);
}

std::string CountingProxy::address() const { return absl::StrCat("127.0.0.1:", port_); }

Traffic CountingProxy::Counted() const { return {up_.load(), down_.load(), connections_.load()}; }

Traffic CountingProxy::CountedWhenQuiet() const {
  Traffic before = Counted();
  while (true) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const Traffic now = Counted();
    if (now.both() == before.both()) return now;
    before = now;
  }
}

void CountingProxy::Accept() {
  while (true) {
    const int phone = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (phone < 0) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;  // shut down
    }
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(server_port_);
    if (server < 0 || connect(server, General(&address), sizeof address) != 0) {
      if (server >= 0) close(server);
      close(phone);  // the phone sees what it would see without us
      continue;
    }
    SendAtOnce(phone);
    SendAtOnce(server);
    ++connections_;
    absl::MutexLock lock(&mutex_);
    sockets_.push_back(phone);
    sockets_.push_back(server);
    if (ending_) {
      shutdown(phone, SHUT_RDWR);
      shutdown(server, SHUT_RDWR);
    }
    passing_.emplace_back([this, phone, server] { Pass(phone, server, &up_); });
    passing_.emplace_back([this, phone, server] { Pass(server, phone, &down_); });
  }
}

void CountingProxy::Pass(int from, int to, std::atomic<uint64_t>* count) {
  std::vector<char> buffer(64 << 10);
  while (true) {
    const ssize_t got = recv(from, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    // Counted before it is sent on, so that whoever has the answer has it counted.
    *count += static_cast<uint64_t>(got);
    ssize_t sent = 0;
    while (sent < got) {
      const ssize_t more =
          send(to, buffer.data() + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
      if (more < 0 && errno == EINTR) continue;
      if (more <= 0) break;
      sent += more;
    }
    if (sent < got) break;
  }
  // The other direction may go on; sockets are closed with the proxy.
  shutdown(to, SHUT_WR);
  shutdown(from, SHUT_RD);
}

}  // namespace sotay::bench
