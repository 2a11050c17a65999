// How the files of a bundle are told of: to people and to scripts.  Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "mobile-sdk/cli/bundle.h"
#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/voice.h"
#include "nlohmann/json.hpp"
#include "sync/ids.h"

namespace sotay::cli {

// "chưa đến máy chủ lúc xuất".
std::string AbsenceInWords(const Voice& voice, v1::FileAbsence why);
// "left_out", "not_on_server", "damaged"; "" when nothing is said.
const char* AbsenceName(v1::FileAbsence why);

// [{path, sha256, size, attachments[…], withdrawn, state, why, found}], `path` within the folder,
// `state` one of "whole", "named_otherwise", "missing", "altered", "elsewhere", "unread"; `why` of
// a missing one as AbsenceName says, of an altered one "other_bytes", "other_size", "another_one",
// "link", "no_file".
nlohmann::json FilesJson(const FilesReport& report);
// [{path, bytes_of}], of what no record names.
nlohmann::json ExtraJson(const FilesReport& report);
// "whole", "incomplete", "unknown", "unchecked", "altered".
const char* VerdictName(FilesReport::Verdict verdict);

// A line for an attachment: where its file is and how it stands.  Empty when it names none.
std::string FileLineInWords(const Voice& voice, const FilesReport& report,
                            const sync::RecordId& attachment);
// A line for each type that is not known here.
std::string UnknownInWords(const Voice& voice, const std::set<std::string>& types);
// What there is to say of all of them: each that is not whole, what nobody names, and what follows.
// Empty when the dossier names no files and none are there.
std::string FilesInWords(const Voice& voice, const FilesReport& report);
// For whoever reads the exit code's sentence: "of 12 files 2 are missing, 0 altered; 0 are extra".
std::string FilesInShort(const FilesReport& report);

// "\r  3/12  0003_9b20c3d4e5f6_vet-phanh.jpg  12,0 MB / 18,0 MB".
std::string ProgressInWords(const BundledFile& file, size_t number, size_t count, uint64_t bytes);

// Shows how far the reading of `count` files is, on stderr when somebody watches.  `run` outlives
// it.
ReadingProgress ShownReading(const Invocation& run, size_t count);

}  // namespace sotay::cli
