// What the file of an attachment is called in a bundle (docs/decisions/0030-files-in-a-bundle.md):
// "0003_9b20c3d4e5f6_vet-phanh.jpg", its number in the order of the log, the beginning of its hash,
// and what its attachment calls it, as far as that can be said in letters which every file system,
// archive and mail keeps.  Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace sotay::cli {

// The rule below, as BundledFiles.naming names it.  Another rule is another number.
inline constexpr uint32_t kBundleNaming = 1;

// A name of a-z, A-Z, 0-9, '-', '_' and one '.', at most 100 bytes, whatever `title` is: letters
// lose their marks, everything else becomes '-'.  A file keeps its extension if it is one of a
// picture, a recording or a paper, in small letters; all others become ".bin", so that nothing in a
// bundle starts as a program or a page when somebody opens it.  Two numbers have two names, also
// where large and small letters are one.  `number` counts from 1; `sha256` is 32 bytes.
std::string BundledName(uint64_t number, absl::string_view sha256, absl::string_view title);

// Whether the rule may give `name` to a file of that hash, whatever its number and its title: both
// may be read otherwise elsewhere, by other tables of letters or with more types of records known.
bool IsNameOf(absl::string_view name, absl::string_view sha256);

// Whether `name` is of that form, or such a name on its way (".part"): nobody's but a bundle's.
bool IsBundledName(absl::string_view name);

}  // namespace sotay::cli
