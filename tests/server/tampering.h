// Somebody who tampers with a message, at random and from a seed: with any value and any list in
// it, however deep, so that a field that is added tomorrow is tampered with as well.
#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sotay::tests {

enum class Tampering {
  kFlip,     // a bit of a value
  kCut,      // the end of a value
  kDrop,     // an element of a list is left out
  kRepeat,   // an element is there twice
  kSwap,     // two elements stand where the other did
  kMove,     // an element stands elsewhere in its list
  kValues,   // two values of one kind in different places, exchanged
  kForeign,  // an element out of the same list of another message, instead of one or beside it
};

class Tamperer {
 public:
  explicit Tamperer(uint32_t seed) : chance_(seed) {}

  // Tampers once with `message`; `other`: where a foreign element comes from, of the same type.
  // Returns where, as field names with dots; empty: there was nothing of the kind to be done.
  std::string Tamper(Tampering kind, google::protobuf::Message* message,
                     const google::protobuf::Message& other);

  size_t Below(size_t bound) { return chance_() % bound; }
  // The bytes with a bit flipped, or without their end; not empty.
  std::string Flipped(std::string bytes);
  std::string Cut(std::string bytes) { return bytes.substr(0, Below(bytes.size())); }

 private:
  // A value (of a list: at `index`) or a list.
  struct Place {
    google::protobuf::Message* message;
    const google::protobuf::FieldDescriptor* field;
    int index;
    std::string path;
  };
  static void Walk(google::protobuf::Message* message, const std::string& path,
                   std::vector<Place>* values, std::vector<Place>* lists);

  bool FlipValue(const Place& place);
  bool CutValue(const Place& place);
  bool Exchange(const Place& one, const Place& two);
  bool InList(Tampering kind, const Place& list, const Place* foreign);

  std::mt19937 chance_;
};

}  // namespace sotay::tests
