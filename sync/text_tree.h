// The history of one text: who typed and who deleted what, and the order all of it stands in.  A
// Fugue tree (Weidner and Kleppmann, "The Art of the Fugue", arXiv 2305.00583), held as runs.
//
// Edits come as they were made: splices at positions of the version their author saw.  From them
// alone follows for every character a parent, the character it was typed next to, and a side; and
// siblings stand in the order of their authors' ids and sequences.  So the order of characters is
// a function of the set of edits, whatever order they arrive in; what two people typed at one
// place without knowing of each other stands one after the other, never letter by letter; and no
// author can lie about a neighbour, as none is named.
//
// An event is one character typed or one deleted.  Each author's are numbered from 0, so a version
// is a count for each author.  Positions and lengths are Unicode scalar values.  Value; one thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "sync/limits.h"
#include "sync/text_bits.h"
#include "sync/text_order.h"

namespace sotay::sync {

// How many events of each author, by its number; authors past the end: none.
using TextVersion = std::vector<uint32_t>;
using TextVersionView = absl::Span<const uint32_t>;

// Characters of the text that one author typed in a row.
struct TextOrigin {
  uint32_t author = 0;
  uint32_t event = 0;  // the first one's
  uint32_t length = 0;
};

class TextTree {
 public:
  // Stands before every element.
  static constexpr uint32_t kBeginning = TextOrder::kNone;

  static constexpr uint32_t kNobody = UINT32_MAX;

  static constexpr uint32_t kElementsMax = kTextTypedMax;
  static constexpr uint32_t kAuthorsMax = kRecordDevicesMax;
  // All of them may delete the same character, each unknown to the others.
  static_assert(kAuthorsMax <= TextOrder::kDeathsMax && kElementsMax <= TextOrder::kSizeMax);

  // Types what everybody had before the first edit; it is of no author, and no edit's events. Once,
  // into an empty tree.
  void Begin(const std::u32string& scalars);

  // The number of the author of that id; a new one when it has none yet.
  uint32_t Author(absl::string_view id);
  // The same; kNobody when it has none.
  uint32_t Find(absl::string_view id) const;
  // How many there may be, whoever is counted.
  uint32_t authors_max() const { return authors_max_; }
  const std::string& AuthorId(uint32_t author) const { return authors_[author].id; }
  // Everything that is here.
  TextVersion version() const;
  uint32_t events(uint32_t author) const { return authors_[author].events; }

  // One author's edit of the version `seen`, which holds all earlier edits of that author.  Splices
  // follow one another, each on the text the ones before it have left.
  //   TextTree::Edit edit(&tree, author, seen);
  //   status = edit.Splice(3, 1, "đ");
  // While there is an Edit, the tree is only used through it.
  class Edit {
   public:
    Edit(TextTree* tree, uint32_t author, TextVersionView seen);
    ~Edit() { tree_.order_.EndOverlay(); }
    Edit(const Edit&) = delete;
    Edit& operator=(const Edit&) = delete;

    // Length of the text as the author sees it.
    uint32_t length() const { return tree_.order_.visible(); }
    // Deletes `deleted` characters at `position` and types `inserted` there.  kInvalidArgument when
    // it reaches past the end or `inserted` is not UTF-8, kResourceExhausted past kElementsMax
    // or kAuthorsMax; then nothing was done.
    absl::Status Splice(uint32_t position, uint32_t deleted, absl::string_view inserted);

   private:
    TextTree& tree_;
    const uint32_t author_;
  };

  // The same by elements, for who knows which of them the version has: `known`.
  class EditOfElements {
   public:
    EditOfElements(TextTree* tree, uint32_t author, const TextBits& known)
        : tree_(*tree), author_(author) {
      tree_.order_.ShowOnly(&known);
    }
    ~EditOfElements() { tree_.order_.ShowOnly(nullptr); }
    EditOfElements(const EditOfElements&) = delete;
    EditOfElements& operator=(const EditOfElements&) = delete;

    // Types `scalars` directly after an element the version has (kBeginning: before everything);
    // the first new element, the others follow in number.  kResourceExhausted past kElementsMax or
    // kAuthorsMax; then nothing was done.
    absl::StatusOr<uint32_t> Type(uint32_t after, const std::u32string& scalars);
    // Deletes elements, each once in an edit.
    void Delete(TextSpan elements) { tree_.Delete(author_, elements); }

   private:
    TextTree& tree_;
    const uint32_t author_;
  };

  // The text as all edits leave it, in UTF-8.
  std::string Text() const;
  uint32_t length() const { return order_.visible(); }
  // The text as whoever had seen that much saw it.
  std::string TextAt(TextVersionView version);
  // Who typed what of Text(), from its beginning to its end.
  std::vector<TextOrigin> Blame() const;

  // Every character ever typed is an element, by a number that never changes.
  uint32_t elements() const { return order_.size(); }
  char32_t scalar(uint32_t element) const { return scalars_[element]; }
  const std::u32string& scalars() const { return scalars_; }  // by element
  // Elements in the order of the text have ascending keys, until the next edit.
  uint64_t OrderKey(uint32_t element) const { return order_.Key(element); }
  // All elements in the order of the text, the deleted ones too.
  std::vector<TextSpan> Order() const;

 private:
  static constexpr uint32_t kRoot = kBeginning;  // the parent of what has no neighbour

  // Elements typed in a row: each but the first is the right child of the one before it.
  struct Run {
    uint32_t first;
    uint32_t length;
    uint32_t author;
    uint32_t event;  // the first one's

    uint32_t end() const { return first + length; }
  };
  // An author's events in a row: elements typed, or deleted.
  struct Act {
    uint32_t event;
    TextSpan elements;
    bool deletes;
  };
  struct Known {
    std::string id;
    uint32_t events = 0;
    std::vector<Act> acts;
  };
  // First elements of runs, by their parent and side, in the order of their ids.  What goes on a
  // run is a right child too, and stands nowhere.
  using Siblings = absl::InlinedVector<uint32_t, 2>;
  static uint64_t Key(uint32_t parent, bool right) {
    return uint64_t{parent} << 1 | (right ? 1u : 0u);
  }

  // Overlays the version, with everything of `author` in it (kRoot: of nobody).
  void Overlay(TextVersionView seen, uint32_t author);
  // Calls `visit(deletes, TextSpan)` for what it lacks.
  template <typename Visit>
  void VisitLacking(TextVersionView seen, uint32_t author, const Visit& visit) const;
  const Run& RunOf(uint32_t element) const;
  bool Before(uint32_t a, uint32_t b) const;  // in the order of siblings
  bool HasRightChild(uint32_t element) const;
  // Null when there are none.
  const Siblings* ChildrenOf(uint32_t parent, bool right) const;
  // One step down towards the first element of a subtree, or its last; false when it is reached.
  bool StepToFirst(uint32_t* element) const;
  bool StepToLast(uint32_t* element) const;
  absl::Status RoomFor(uint32_t author, size_t scalars) const;
  void Delete(uint32_t author, TextSpan elements);
  // Those at the end of scalars_ that are no elements yet.
  void Insert(uint32_t author, uint32_t after);
  // Puts the run that begins with the next element where its parent, side and id say.
  void Place(uint32_t parent, bool right, const Run& run, uint32_t length, bool extends);
  static uint32_t Side(bool right) { return right ? 1 : 2; }
  void Note(uint32_t author, TextSpan elements, bool deletes);

  std::vector<Known> authors_;
  uint32_t authors_max_ = kAuthorsMax;
  absl::flat_hash_map<std::string, uint32_t> numbers_;  // of authors, by id
  std::vector<Run> runs_;                               // in order of their elements
  std::u32string scalars_;                              // by element
  absl::flat_hash_map<uint64_t, Siblings> children_;
  TextBits right_;   // elements with something in children_ on their right
  TextOrder order_;  // knows of each element on which sides children_ has something
};

}  // namespace sotay::sync
