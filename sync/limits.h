// Every limit of the system, each with its why.  They are part of the protocol: all peers
// hold to the same numbers, and a message over one is refused before it is stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sotay::sync {

// A change holds one user action: about 15 pages of prose.  Longer text comes in several.
constexpr size_t kChangeBytesMax = 65'536;
// Fifty notes fill 40 kB; a thousand one-word edits fit one push.
constexpr size_t kPushChangesMax = 1'000;
// One push unpacked; with gRPC's frame it stays well below its 2 MiB receive limit.
constexpr size_t kPushBytesMax = 1 << 20;
// Records of one answer; a slow link can take it in a few seconds.
constexpr size_t kRecordsBytesMax = 1 << 20;
// A part of a record's history as it travels, and its text unpacked; one change always fits.
constexpr size_t kHistoryPartBytesMax = 1 << 20;
// Changes in it: more than a record has, and a bound on what reading one takes.
constexpr size_t kHistoryPartChangesMax = 4'096;
// One action touches an inspection, its findings and their notes, not a whole office.
constexpr int kEditsMax = 64;
// More concurrent branches of one record than a team has phones.
constexpr int kParentsMax = 64;
// Wider than any record type; a form of 200 questions in one action.
constexpr int kOpsMax = 256;
// Keys are codes and labels, not prose.
constexpr size_t kKeyBytesMax = 255;
// What a protobuf tag holds.
constexpr uint32_t kFieldNumberMax = (1u << 29) - 1;
// A reason is a sentence or two.
constexpr size_t kReasonBytesMax = 1'000;
// Running text of one field after an edit: four times the longest minutes we know of.
constexpr size_t kTextBytesMax = 256 * 1024;
// Characters ever typed in one text, deleted ones included: sixteen times what the longest text
// shows, and some fifty megabytes of memory while its history is loaded.
constexpr uint32_t kTextTypedMax = 1u << 22;
// Devices that ever wrote in one record: more than any office has.
constexpr size_t kRecordDevicesMax = 4'096;
// A merged record, so that one always fits an answer.
constexpr size_t kRecordBytesMax = 768 * 1024;
// Splices of one text edit; an editor sends a handful.
constexpr int kSplicesMax = 4'096;
// Far from overflowing 64 bits even if every change of a record counted this much.
constexpr int64_t kCounterStepMax = int64_t{1} << 40;
// Our own cap on nesting; the parser's is 100.
constexpr int kNestingMax = 16;
// Names of units, users and devices, in bytes of NFC.
constexpr size_t kNameBytesMax = 255;
// Ids of units and users: DNS-safe labels.
constexpr size_t kSlugBytesMax = 63;
// Fields of newer apps a change may carry.
constexpr size_t kUnknownBytesMax = 64 * 1024;
// How long after an act about a dossier a device is believed not to have heard of it: longer than
// any mission, and no licence to write for ever into what is others'.
constexpr int64_t kUnawareMsMax = int64_t{30} * 24 * 60 * 60 * 1000;
// Combining marks on one letter; Vietnamese needs two.
constexpr int kMarksPerLetterMax = 64;

}  // namespace sotay::sync
