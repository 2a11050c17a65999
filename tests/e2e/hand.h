// `sotay` and `sotayctl`, each run as a process of its own on files of its own, but forked off one
// that has loaded both already: what a story does costs a fraction of what starting programs does.
// One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace sotay::tests {

class Hand {
 public:
  // `before` stands before the program that forks (faketime), `env` is added to ours.
  explicit Hand(const std::vector<std::string>& before = {},
                const std::map<std::string, std::string>& env = {});
  ~Hand();
  Hand(const Hand&) = delete;
  Hand& operator=(const Hand&) = delete;

  // `words[0]` is "sotay" or "sotayctl".
  Ended Run(const std::vector<std::string>& words);

 private:
  const Workspace space_{Workspace::kInMemory};
  int channel_ = -1;
  pid_t pid_ = -1;
};

}  // namespace sotay::tests
