// What can be foretold of the next text edit from the ones before it, so that history_columns.h
// writes only what is surprising: how long the text is that its author saw, and where its author
// goes on typing.  Writer and reader ask the same questions in the same order and are told the
// same; a wrong answer costs bytes, never the history.
//
// Follows kDevices devices and kTexts texts, the first ones, so that a part of a history costs no
// more memory and time than its size accounts for, whoever made it.  Value; one thread.
#pragma once

#include <cstdint>
#include <vector>

namespace sotay::sync {

class HistoryForecast {
 public:
  static constexpr uint32_t kDevices = 64;
  static constexpr uint32_t kTexts = 16;

  // Begins the next change, of a device by its number (0, 1, … in order of their first change).
  void Begin(uint32_t device);
  // How many changes of a device its author is known to have seen.
  uint64_t Known(uint32_t device) const;
  // How many there are.
  uint32_t Changes(uint32_t device) const;
  // The place in the history of a device's change, counted from 0.
  uint32_t PlaceOf(uint32_t device, uint32_t ordinal) const { return of_device_[device][ordinal]; }
  uint32_t DeviceAt(uint32_t place) const { return changes_[place].device; }
  uint32_t OrdinalAt(uint32_t place) const { return changes_[place].ordinal; }
  // Its author had seen the change at a place, and all that one had seen.
  void See(uint32_t place);
  // Whether the device's own last change is to be expected among the parents: it has one, and none
  // of the changes seen so far has seen that.  Asked after the others were.
  bool ExpectsOwn() const { return !of_device_[device_].empty() && !own_is_seen_; }

  // Begins an edit of a text, by its number.  The length of the text, then where typing goes on.
  int64_t Length(uint32_t text);
  void LengthIs(int64_t length);  // what it is
  int64_t Cursor() const { return cursor_; }
  void Spliced(uint32_t position, uint32_t deleted, uint32_t inserted);
  void EndEdit();
  // Ends the change.
  void End();

 private:
  using Seen = std::vector<uint32_t>;  // changes of each device followed
  struct Change {
    uint32_t device;
    uint32_t ordinal;  // of its device's, from 0
    Seen seen;         // with itself
  };
  struct Splice {
    uint32_t position;
    uint32_t deleted;
    uint32_t inserted;
  };
  struct TextEdit {
    uint32_t place;
    uint32_t ordinal;
    int64_t grown;  // by all edits of its device up to here
    std::vector<Splice> splices;
  };
  struct Writer {
    int64_t cursor = 0;
    Seen seen;
  };
  struct Text {
    int64_t length = 0;                        // what is there besides the edits known here
    std::vector<std::vector<TextEdit>> edits;  // by device
    std::vector<Writer> writers;               // by device
  };

  bool Followed() const { return text_ < kTexts && device_ < kDevices; }
  const TextEdit* LastSeen(const std::vector<TextEdit>& edits, uint32_t device) const;
  void MoveCursor(Text* text, Writer* writer);

  std::vector<Change> changes_;
  std::vector<std::vector<uint32_t>> of_device_;  // places
  std::vector<Text> texts_;
  uint32_t device_ = 0;
  Seen seen_;
  bool own_is_seen_ = false;
  uint32_t text_ = 0;
  int64_t length_ = 0;  // foretold
  int64_t cursor_ = 0;
  TextEdit edit_ = {};
};

}  // namespace sotay::sync
