// sotay: a prosecutor's notebook on a laptop.
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/standard_streams.h"

int main(int argc, char** argv) {
  sotay::cli::Invocation run;
  run.streams = sotay::cli::StandardStreams();
  return sotay::cli::Sotay(std::vector<std::string>(argv + 1, argv + argc), &run);
}
