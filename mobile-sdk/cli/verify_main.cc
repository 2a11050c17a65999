// sotay-verify: checks an exported dossier.
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/standard_streams.h"

int main(int argc, char** argv) {
  sotay::cli::Invocation run;
  run.streams = sotay::cli::StandardStreams();
  return sotay::cli::SotayVerify(std::vector<std::string>(argv + 1, argv + argc), &run);
}
