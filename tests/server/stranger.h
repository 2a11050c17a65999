// A peer that is no phone of ours: plain TCP, or TLS with whatever papers and versions it likes,
// written against OpenSSL because gRPC would not misbehave on request.  Blocking; any thread.
#pragma once

#include <chrono>
#include <string>

namespace sotay::tests {

struct Papers {
  std::string certificate_pem;  // empty: none are shown
  std::string key_pem;
  // OpenSSL's numbers (TLS1_2_VERSION); 0: whatever OpenSSL speaks.
  int version_min = 0;
  int version_max = 0;
  // Cipher lists of OpenSSL for up to TLS 1.2 and for TLS 1.3; empty: its own choice.
  std::string ciphers;
  std::string suites;
};

// How a call at the door went.
struct Attempt {
  // The handshake ended well on our side.  In TLS 1.3 the server may still refuse our
  // certificate after that, so only `heard` shows that we were let in.
  bool handshake = false;
  std::string version;
  // What the server sent after our HTTP/2 preface.
  std::string heard;
  // The server ended the connection.
  bool closed = false;
};

// Shakes hands on 127.0.0.1:`port`, sends the HTTP/2 preface, and waits up to 3 s for an answer
// or the end.
Attempt KnockOverTls(int port, const Papers& papers);

// Connects, sends `first` and then one byte of `rest` a second, and returns how long it took until
// the server ended the connection; `at_most` when it did not.
std::chrono::milliseconds UntilClosed(int port, const std::string& first, const std::string& rest,
                                      std::chrono::milliseconds at_most);

// The beginning of every HTTP/2 connection.
std::string Http2Preface();
// Whether these bytes begin with the SETTINGS frame every HTTP/2 server begins with.
bool BeginsWithSettings(const std::string& bytes);

}  // namespace sotay::tests
