// The process's own streams.
#pragma once

#include <unistd.h>

#include <csignal>
#include <iostream>

#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/terminal.h"

namespace sotay::cli {

// Also makes a reader that went away (`sotay list | head`) a failed write instead of a death.
inline Streams StandardStreams() {
  std::signal(SIGPIPE, SIG_IGN);
  return {&std::cin, &std::cout, &std::cerr, TerminalColumns(STDOUT_FILENO),
          TerminalColumns(STDERR_FILENO) != 0};
}

}  // namespace sotay::cli
