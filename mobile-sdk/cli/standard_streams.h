// The process's own streams.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <iostream>

#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {

// Whether what is written to `fd` reaches nobody any more.
inline bool ReaderLeft(int fd) {
  pollfd look = {fd, POLLOUT, 0};
  return poll(&look, 1, 0) == 1 && (look.revents & (POLLERR | POLLHUP)) != 0;
}

// Also makes a reader that went away (`sotay list | head`) a failed write instead of a death.
inline Streams StandardStreams() {
  std::signal(SIGPIPE, SIG_IGN);
  return {&std::cin,
          &std::cout,
          &std::cerr,
          TerminalColumns(STDOUT_FILENO),
          TerminalColumns(STDERR_FILENO) != 0,
          [] { return ReaderLeft(STDOUT_FILENO); }};
}

}  // namespace sotay::cli
