#include "sync/text_tree.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "sync/text.h"

namespace sotay::sync {

uint32_t TextTree::Author(absl::string_view id) {
  uint32_t number = Find(id);
  if (number == kNobody) {
    number = static_cast<uint32_t>(authors_.size());
    numbers_.emplace(id, number);
    authors_.push_back({std::string(id), 0, {}});
  }
  return number;
}

uint32_t TextTree::Find(absl::string_view id) const {
  const auto at = numbers_.find(id);
  return at != numbers_.end() ? at->second : kNobody;
}

TextVersion TextTree::version() const {
  TextVersion version;
  for (const Known& known : authors_) version.push_back(known.events);
  return version;
}

const TextTree::Run& TextTree::RunOf(uint32_t element) const {
  if (element >= runs_.back().first) return runs_.back();
  const auto past = std::upper_bound(runs_.begin(), runs_.end(), element,
                                     [](uint32_t e, const Run& run) { return e < run.first; });
  return *(past - 1);
}

bool TextTree::Before(uint32_t a, uint32_t b) const {
  const Run& run_a = RunOf(a);
  const Run& run_b = RunOf(b);
  if (run_a.author != run_b.author) {
    return authors_[run_a.author].id < authors_[run_b.author].id;
  }
  return run_a.event + (a - run_a.first) < run_b.event + (b - run_b.first);
}

// In the version that is overlaid.
bool TextTree::HasRightChild(uint32_t element) const {
  if (element != kRoot && order_.GoesOn(element) && !order_.Hidden(element + 1)) return true;
  const Siblings* const children = ChildrenOf(element, true);
  return children != nullptr && std::any_of(children->begin(), children->end(),
                                            [this](uint32_t c) { return !order_.Hidden(c); });
}

const TextTree::Siblings* TextTree::ChildrenOf(uint32_t parent, bool right) const {
  if (parent != kRoot && (order_.Sides(parent) & Side(right)) == 0) return nullptr;
  const auto at = children_.find(Key(parent, right));
  return at == children_.end() ? nullptr : &at->second;
}

bool TextTree::StepToFirst(uint32_t* element) const {
  const Siblings* const left = ChildrenOf(*element, false);
  if (left == nullptr) return false;
  *element = left->front();
  return true;
}

bool TextTree::StepToLast(uint32_t* element) const {
  const uint32_t last = RunOf(*element).end() - 1;
  // The first element from here to the end of the run that has a right child of its own.
  const uint32_t parent = right_.FirstIn({*element, last + 1 - *element});
  if (parent > last) {
    *element = last;
    return false;
  }
  const uint32_t child = children_.find(Key(parent, true))->second.back();
  *element = parent < last && Before(child, parent + 1) ? parent + 1 : child;
  return true;
}

void TextTree::Note(uint32_t author, TextSpan elements, bool deletes) {
  Known& known = authors_[author];
  const uint32_t event = known.events;
  known.events += elements.length;
  if (!known.acts.empty()) {
    Act& last = known.acts.back();
    if (last.deletes == deletes && last.elements.first + last.elements.length == elements.first) {
      last.elements.length += elements.length;
      return;
    }
  }
  known.acts.push_back({event, elements, deletes});
}

void TextTree::Place(uint32_t parent, bool right, const Run& run, uint32_t length, bool extends) {
  const Siblings* const siblings = ChildrenOf(parent, right);
  const std::string& id = authors_[run.author].id;
  const auto before = [&](uint32_t sibling) {
    const Run& its = RunOf(sibling);
    const std::string& its_id = authors_[its.author].id;
    return its_id != id ? its_id < id : its.event + (sibling - its.first) < run.event;
  };
  uint32_t next = kRoot;
  uint32_t previous = kRoot;
  if (siblings != nullptr) {
    const auto at = std::partition_point(siblings->begin(), siblings->end(), before);
    if (at != siblings->end()) next = *at;
    if (at != siblings->begin()) previous = *(at - 1);
  }
  if (right && parent != kRoot && order_.GoesOn(parent)) {
    const uint32_t goes_on = parent + 1;
    if (before(goes_on)) {
      if (previous == kRoot || Before(previous, goes_on)) previous = goes_on;
    } else if (next == kRoot || Before(goes_on, next)) {
      next = goes_on;
    }
  }
  if (next == kRoot && previous == kRoot) {
    return right ? order_.InsertAfter(parent, length, extends)
                 : order_.InsertBefore(parent, length, extends);
  }
  // Where the one before ends is where the one after begins.  Either may be deep, and an author may
  // see to it that one is; so both are looked for, step by step, until one is found.
  for (;;) {
    if (next != kRoot && !StepToFirst(&next)) return order_.InsertBefore(next, length, extends);
    if (previous != kRoot && !StepToLast(&previous)) {
      return order_.InsertAfter(previous, length, extends);
    }
  }
}

void TextTree::Insert(uint32_t author, uint32_t after) {
  const uint32_t first = order_.size();
  const uint32_t length = static_cast<uint32_t>(scalars_.size()) - first;
  const uint32_t event = authors_[author].events;
  uint32_t parent = after;
  bool right = !HasRightChild(parent);
  if (!right) parent = parent == kRoot ? order_.First() : order_.After(parent);

  const bool extends = right && parent != kRoot && parent + 1 == first &&
                       runs_.back().author == author &&
                       runs_.back().event + runs_.back().length == event;
  const Run run = {first, length, author, event};
  Place(parent, right, run, length, extends);
  if (extends) {
    runs_.back().length += length;
  } else {
    runs_.push_back(run);
    if (parent != kRoot) order_.AddSides(parent, Side(right));
    if (parent != kRoot && right) {
      right_.Resize(order_.size());
      right_.Add({parent, 1});
    }
    Siblings& siblings = children_[Key(parent, right)];
    siblings.insert(std::partition_point(siblings.begin(), siblings.end(),
                                         [&](uint32_t sibling) { return Before(sibling, first); }),
                    first);
  }
  Note(author, {first, length}, false);
}

template <typename Visit>
void TextTree::VisitLacking(TextVersionView seen, uint32_t author, const Visit& visit) const {
  for (size_t i = 0; i < authors_.size(); ++i) {
    const Known& known = authors_[i];
    const uint32_t count = i < seen.size() ? seen[i] : 0;
    if (known.events <= count || i == author) continue;
    for (size_t at = known.acts.size(); at-- > 0;) {
      const Act& act = known.acts[at];
      if (act.event + act.elements.length <= count) break;
      const uint32_t skip = count > act.event ? count - act.event : 0;
      visit(act.deletes, TextSpan{act.elements.first + skip, act.elements.length - skip});
    }
  }
}

void TextTree::Overlay(TextVersionView seen, uint32_t author) {
  bool some_deleted = false;
  VisitLacking(seen, author, [&](bool deletes, TextSpan lacking) {
    some_deleted = some_deleted || deletes;
    if (!deletes) order_.Hide(lacking);
  });
  if (!some_deleted) return;
  VisitLacking(seen, author, [&](bool deletes, TextSpan lacking) {
    if (deletes) order_.Undelete(lacking);
  });
}

TextTree::Edit::Edit(TextTree* tree, uint32_t author, TextVersionView seen)
    : tree_(*tree), author_(author) {
  tree_.Overlay(seen, author);
}

absl::Status TextTree::Edit::Splice(uint32_t position, uint32_t deleted,
                                    absl::string_view inserted) {
  if (position > length() || deleted > length() - position) {
    return absl::InvalidArgumentError(
        absl::StrCat("text: ", position, "+", deleted, " is past the end, ", length()));
  }
  std::u32string& scalars = tree_.scalars_;
  const size_t before = scalars.size();
  if (!DecodeUtf8(inserted, &scalars)) {
    return absl::InvalidArgumentError("text: the insertion is not UTF-8");
  }
  const size_t typed = scalars.size() - before;
  if (absl::Status room = tree_.RoomFor(author_, typed); !room.ok()) {
    scalars.resize(before);
    return room;
  }
  while (deleted > 0) {
    TextSpan shown = tree_.order_.At(position);
    shown.length = std::min(shown.length, deleted);
    tree_.Delete(author_, shown);
    deleted -= shown.length;
  }
  if (typed == 0) return absl::OkStatus();
  tree_.Insert(author_, position == 0 ? kBeginning : tree_.order_.At(position - 1).first);
  return absl::OkStatus();
}

void TextTree::Begin(const std::u32string& scalars) {
  ++authors_max_;  // one who is no device
  EditOfElements(this, Author(""), TextBits()).Type(kBeginning, scalars).IgnoreError();
}

absl::Status TextTree::RoomFor(uint32_t author, size_t scalars) const {
  if (author >= authors_max_) {
    return absl::ResourceExhaustedError(
        absl::StrCat("text: more than ", kAuthorsMax, " devices wrote in it"));
  }
  if (scalars > kElementsMax - order_.size()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("text: more than ", kElementsMax, " characters were ever typed in it"));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> TextTree::EditOfElements::Type(uint32_t after,
                                                        const std::u32string& scalars) {
  SOTAY_RETURN_IF_ERROR(tree_.RoomFor(author_, scalars.size()));
  const uint32_t first = tree_.order_.size();
  tree_.scalars_ += scalars;
  tree_.Insert(author_, after);
  return first;
}

void TextTree::Delete(uint32_t author, TextSpan elements) {
  order_.Delete(elements);
  Note(author, elements, true);
}

std::string TextTree::Text() const {
  // First in one row: most spans are short, and a long row is soon written.
  std::u32string shown(order_.visible(), U'\0');
  char32_t* to = shown.data();
  order_.VisitVisible(
      [&](TextSpan span) { to = std::copy_n(scalars_.data() + span.first, span.length, to); });
  std::string text;
  text.reserve(shown.size());
  AppendScalars(shown.data(), shown.size(), &text);
  return text;
}

std::string TextTree::TextAt(TextVersionView version) {
  Overlay(version, kRoot);
  std::string text = Text();
  order_.EndOverlay();
  return text;
}

std::vector<TextSpan> TextTree::Order() const {
  std::vector<TextSpan> order;
  order_.VisitAll([&](TextSpan span) { order.push_back(span); });
  return order;
}

std::vector<TextOrigin> TextTree::Blame() const {
  std::vector<TextOrigin> origins;
  order_.VisitVisible([&](TextSpan span) {
    const Run& run = RunOf(span.first);
    const uint32_t event = run.event + (span.first - run.first);
    if (!origins.empty()) {
      TextOrigin& last = origins.back();
      if (last.author == run.author && last.event + last.length == event) {
        last.length += span.length;
        return;
      }
    }
    origins.push_back({run.author, event, span.length});
  });
  return origins;
}

}  // namespace sotay::sync
