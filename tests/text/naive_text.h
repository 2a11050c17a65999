// The text merge as slowly as it can be said: every character a node that knows its parent, its
// side and who deleted it, and every question answered by walking the whole tree anew.  What
// TextTree is held against.  One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sotay::tests {

// Author → how many of its events.
using NaiveVersion = std::map<std::string, uint32_t>;

struct NaiveSplice {
  uint32_t position = 0;
  uint32_t deleted = 0;
  std::u32string inserted;
};

// One author's edit of what it had seen; `seen` counts its own earlier events too.
struct NaiveEdit {
  std::string author;
  NaiveVersion seen;
  std::vector<NaiveSplice> splices;
};

class NaiveText {
 public:
  // Everything the edit has seen is here.
  void Apply(const NaiveEdit& edit);

  std::u32string Text() const { return TextAt(all_); }
  std::u32string TextAt(const NaiveVersion& version) const;
  // The author and event of every character of Text().
  std::vector<std::pair<std::string, uint32_t>> Origins() const;
  const NaiveVersion& version() const { return all_; }

 private:
  using Id = std::pair<std::string, uint32_t>;
  struct Node {
    Id id;
    char32_t scalar = 0;
    int parent = -1;
    bool right = true;
    std::vector<Id> deletions;
  };

  static bool Has(const NaiveVersion& version, const Id& id);
  bool Shows(const Node& node, const NaiveVersion& version) const;
  // The nodes of a subtree that `version` has, in document order.
  void Walk(int node, const NaiveVersion& version, std::vector<int>* order) const;
  std::vector<int> Order(const NaiveVersion& version) const;

  std::vector<Node> nodes_;
  NaiveVersion all_;
};

}  // namespace sotay::tests
