#include "tests/text/naive_text.h"

#include <algorithm>

namespace sotay::tests {

bool NaiveText::Has(const NaiveVersion& version, const Id& id) {
  const auto at = version.find(id.first);
  return at != version.end() && id.second < at->second;
}

bool NaiveText::Shows(const Node& node, const NaiveVersion& version) const {
  return Has(version, node.id) &&
         std::none_of(node.deletions.begin(), node.deletions.end(),
                      [&](const Id& deletion) { return Has(version, deletion); });
}

void NaiveText::Walk(int node, const NaiveVersion& version, std::vector<int>* order) const {
  for (const bool right : {false, true}) {
    std::vector<int> children;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node& child = nodes_[i];
      if (child.parent == node && child.right == right && Has(version, child.id)) {
        children.push_back(static_cast<int>(i));
      }
    }
    std::sort(children.begin(), children.end(), [this](int a, int b) {
      return nodes_[static_cast<size_t>(a)].id < nodes_[static_cast<size_t>(b)].id;
    });
    if (right && node >= 0) order->push_back(node);
    for (int child : children) Walk(child, version, order);
  }
}

std::vector<int> NaiveText::Order(const NaiveVersion& version) const {
  std::vector<int> order;
  Walk(-1, version, &order);
  return order;
}

void NaiveText::Apply(const NaiveEdit& edit) {
  NaiveVersion seen = edit.seen;
  uint32_t& next = seen[edit.author];
  for (const NaiveSplice& splice : edit.splices) {
    const auto shown = [&] {
      std::vector<int> indexes;
      for (int index : Order(seen)) {
        if (Shows(nodes_[static_cast<size_t>(index)], seen)) indexes.push_back(index);
      }
      return indexes;
    };
    const std::vector<int> before = shown();
    for (uint32_t i = 0; i < splice.deleted; ++i) {
      nodes_[static_cast<size_t>(before[splice.position + i])].deletions.emplace_back(edit.author,
                                                                                      next++);
    }
    const int left = splice.position == 0 ? -1 : before[splice.position - 1];
    int neighbour = left;
    for (char32_t scalar : splice.inserted) {
      Node node;
      node.id = {edit.author, next++};
      node.scalar = scalar;
      node.parent = neighbour;
      // Fugue's rule, among what the author has seen.
      const bool has_right = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& other) {
        return other.parent == neighbour && other.right && Has(seen, other.id);
      });
      if (has_right) {
        const std::vector<int> order = Order(seen);
        const auto at =
            neighbour < 0 ? order.begin() : std::find(order.begin(), order.end(), neighbour) + 1;
        node.parent = *at;
        node.right = false;
      }
      nodes_.push_back(node);
      neighbour = static_cast<int>(nodes_.size()) - 1;
    }
  }
  all_[edit.author] = next;
}

std::u32string NaiveText::TextAt(const NaiveVersion& version) const {
  std::u32string text;
  for (int index : Order(version)) {
    const Node& node = nodes_[static_cast<size_t>(index)];
    if (Shows(node, version)) text.push_back(node.scalar);
  }
  return text;
}

std::vector<std::pair<std::string, uint32_t>> NaiveText::Origins() const {
  std::vector<std::pair<std::string, uint32_t>> origins;
  for (int index : Order(all_)) {
    const Node& node = nodes_[static_cast<size_t>(index)];
    if (Shows(node, all_)) origins.push_back(node.id);
  }
  return origins;
}

}  // namespace sotay::tests
