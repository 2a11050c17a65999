#include "tests/server/stranger.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

namespace sotay::tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAnswerMax{3000};

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* owned) const {
    Free(owned);
  }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// A connection, closed with its owner.
class Wire {
 public:
  explicit Wire(int port) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    // Writing to a peer that has gone is an answer, not the end of the test.
    signal(SIGPIPE, SIG_IGN);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      std::abort();
    }
    timeval wait = {kAnswerMax.count() / 1000, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  }
  ~Wire() { close(fd_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int fd() const { return fd_; }

  // Whether the peer ended the connection within that time; what it says is thrown away.
  bool ClosedWithin(milliseconds wait) const {
    const auto until = steady_clock::now() + wait;
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
      pollfd waiting = {fd_, POLLIN, 0};
      if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) == 0) return false;
      char bytes[256];
      if (recv(fd_, bytes, sizeof(bytes), 0) <= 0) return true;
    }
  }

 private:
  const int fd_;
};

BioPtr ReaderOf(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

ContextPtr ContextFor(const Papers& papers) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  // What the library would not even try must be refused by the server, not by us.
  SSL_CTX_set_security_level(context.get(), 0);
  bool good = SSL_CTX_set_min_proto_version(context.get(), papers.version_min) == 1 &&
              SSL_CTX_set_max_proto_version(context.get(), papers.version_max) == 1;
  if (!papers.ciphers.empty()) {
    good = good && SSL_CTX_set_cipher_list(context.get(), papers.ciphers.c_str()) == 1;
  }
  if (!papers.suites.empty()) {
    good = good && SSL_CTX_set_ciphersuites(context.get(), papers.suites.c_str()) == 1;
  }
  if (!papers.certificate_pem.empty()) {
    const CertificatePtr certificate(
        PEM_read_bio_X509(ReaderOf(papers.certificate_pem).get(), nullptr, nullptr, nullptr));
    const KeyPtr key(
        PEM_read_bio_PrivateKey(ReaderOf(papers.key_pem).get(), nullptr, nullptr, nullptr));
    good = good && SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
           SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1;
  }
  static const unsigned char kHttp2[] = {2, 'h', '2'};
  good = good && SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2)) == 0;
  if (!good) std::abort();
  return context;
}

}  // namespace

Attempt KnockOverTls(int port, const Papers& papers) {
  const Wire wire(port);
  const ContextPtr context = ContextFor(papers);
  const SslPtr ssl(SSL_new(context.get()));
  SSL_set_fd(ssl.get(), wire.fd());
  Attempt attempt;
  attempt.handshake = SSL_connect(ssl.get()) == 1;
  if (attempt.handshake) {
    attempt.version = SSL_get_version(ssl.get());
    const std::string preface = Http2Preface();
    SSL_write(ssl.get(), preface.data(), static_cast<int>(preface.size()));
    char bytes[1024];
    const int size = SSL_read(ssl.get(), bytes, sizeof(bytes));
    if (size > 0) attempt.heard.assign(bytes, static_cast<size_t>(size));
  }
  ERR_clear_error();
  attempt.closed = attempt.heard.empty() && wire.ClosedWithin(kAnswerMax);
  return attempt;
}

milliseconds UntilClosed(int port, const std::string& first, const std::string& rest,
                         milliseconds at_most) {
  const Wire wire(port);
  const auto begin = steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
  };
  if (!first.empty()) send(wire.fd(), first.data(), first.size(), MSG_NOSIGNAL);
  size_t sent = 0;
  while (passed() < at_most) {
    if (wire.ClosedWithin(std::min(milliseconds(1000), at_most - passed()))) return passed();
    if (sent < rest.size()) send(wire.fd(), &rest[sent++], 1, MSG_NOSIGNAL);
  }
  return at_most;
}

std::string Http2Preface() {
  return std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + std::string("\0\0\0\4\0\0\0\0\0", 9);
}

bool BeginsWithSettings(const std::string& bytes) {
  return bytes.size() >= 9 && bytes[3] == 4 && bytes.substr(5, 4) == std::string(4, '\0');
}

}  // namespace sotay::tests
