// The record types the laws are tried on (tests/fixtures/laws/v1/laws.proto), as builds of
// different age know it.  Loaded once; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "sync/schema.h"

namespace sotay::laws {

constexpr char kPaper[] = "laws.v1.Paper";
constexpr char kSlip[] = "laws.v1.Slip";  // hangs under a paper; shares its numbers

// Field numbers of both.
enum PaperField : uint32_t {
  kName = 1,       // REGISTER
  kRemarks = 2,    // REGISTER, map
  kColour = 3,     // LATEST
  kShelves = 4,    // LATEST, map
  kBody = 5,       // TEXT
  kTags = 6,       // SET
  kHands = 7,      // LOG
  kPages = 8,      // COUNTER
  kCopies = 9,     // COUNTER, map
  kStage = 10,     // STATE
  kNumber = 11,    // ONCE
  kReceived = 12,  // SERVER
  kSeals = 13,     // SET of numbers
  kPaperId = 14,   // ONCE; of a slip, required
  kCourse = 15,    // STATE, of which two values yield
};

// Fields of a build newer than any schema: nobody knows them.
enum ForeignField : uint32_t {
  kForeignRegister = 901,
  kForeignText = 902,
  kForeignSet = 903,
  kForeignLog = 904,
  kForeignCounter = 905,
  kForeignMap = 906,  // set, with keys
  kMuddled = 907,     // operations of every kind: no honest build would write so
};

enum Build {
  kNewest,    // knows every field
  kOlder,     // knows name, body, pages, stage and number of a paper
  kOldest,    // knows its name alone
  kStranger,  // knows no type
};

// The schema of a build.  Never null.
const sync::Schema& SchemaOf(Build build);

// A type as a build knows it; null for kStranger.
const sync::RecordType* TypeOf(Build build, const std::string& type);

}  // namespace sotay::laws
