// `sotay` and `sotayctl`, each command on files of its own, but one after the other in one process
// that has loaded both: what a story does costs a fraction of what starting programs does.  Nothing
// but the files is left of a command for the next; a command that dies takes the process along.
// One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/process.h"

namespace sotay::tests {

class Hand {
 public:
  // `before` stands before the program (faketime), `env` is added to ours.
  explicit Hand(const std::vector<std::string>& before = {},
                const std::map<std::string, std::string>& env = {});
  ~Hand();
  Hand(const Hand&) = delete;
  Hand& operator=(const Hand&) = delete;

  // `words[0]` is "sotay" or "sotayctl".
  Ended Run(const std::vector<std::string>& words);

 private:
  bool Receive(void* bytes, size_t size) const;
  bool ReceiveSized(std::string* text) const;

  int channel_ = -1;
  pid_t pid_ = -1;
};

}  // namespace sotay::tests
