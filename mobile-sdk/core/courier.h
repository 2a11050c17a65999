// The courier decides when to exchange: on a local change, on news from the server, when the
// network is back, and now and then in any case; and backs off with full jitter while it cannot.
//
// All of it is in Step, which a simulation calls with a clock of its own; Run starts the thread
// that does the same with the machine's.  Stops for good, until the notebook is opened again,
// when the server no longer knows the device (kUnauthenticated) or calls it a copy (kAborted);
// everything written stays.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/types/optional.h"
#include "mobile-sdk/core/backoff.h"
#include "mobile-sdk/core/desk.h"
#include "mobile-sdk/core/exchange.h"
#include "mobile-sdk/core/file_exchange.h"
#include "mobile-sdk/core/link.h"

namespace sotay::sdk {

class Courier {
 public:
  // When there is nothing to wait for.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  // The longest without an exchange: the listening may have died unnoticed.
  static constexpr int64_t kIdleMs = 15 * 60 * 1000;
  // How long a server that was heard is taken to be heard still, of three heartbeats.
  static constexpr int64_t kHeardMs = 60'000;

  // All must outlive it.
  Courier(Desk* desk, Exchange* exchange, FileExchange* files, Link* link);
  // Stops.
  ~Courier();

  // Does what is due at `now_ms` (of any clock that does not go back) and says when to call
  // again; earlier after SomethingToSend, Nudge or news.  One thread at a time.
  int64_t Step(int64_t now_ms);

  // A change was written.  While backing off this waits for the end of it.  Any thread.
  void SomethingToSend();
  // The network is back: ends a back-off.  Any thread.
  void Nudge();

  // Starts the thread.  Once.
  void Run();
  // Ends the thread and the listening; waits for a running exchange (close the link first to
  // cut it short).  May be called again.
  void Stop();

 private:
  void Poke();  // with mutex_ held
  // Of what is new to us; with mutex_ held.
  enum class News { kNone, kRecords, kAccess };
  News NewsHeard() const;
  bool IsHeard() const;  // likewise
  void StopListening();
  void Fail(int64_t now_ms, const absl::Status& status);
  // Sends a piece of a file, when nothing else is due.
  void SendPiece(int64_t now_ms);
  void KeepListening();
  void Heard(const v1::WatchResponse& news);
  void Unheard();

  Desk& desk_;
  Exchange& exchange_;
  FileExchange& files_;
  Link& link_;
  std::thread thread_;
  // Of the stepping thread alone.
  std::unique_ptr<Listening> listening_;
  std::set<std::string> listened_units_;
  bool in_run_ = false;  // an exchange has left something for the next
  // Files go by themselves: when the next piece is due, and how long to wait after one that failed.
  int64_t files_due_ms_ = kNever;
  Backoff files_backoff_;

  mutable std::mutex mutex_;
  std::condition_variable poked_;
  // Guarded by mutex_.
  int64_t due_ms_ = std::numeric_limits<int64_t>::min();
  Backoff backoff_;
  Backoff listening_backoff_;
  bool again_ = false;  // something came while an exchange was running
  bool poke_ = false;
  bool stopping_ = false;
  bool halted_ = false;
  bool unheard_ = false;  // the listening has ended
  bool nudged_ = false;
  // When the listening last said anything, by the desk's clock: of the machine's clocks the one
  // that goes on while a phone sleeps.
  absl::optional<int64_t> heard_ms_;
  std::map<std::string, v1::Cursor> news_;  // by unit: how far it has come
};

}  // namespace sotay::sdk
