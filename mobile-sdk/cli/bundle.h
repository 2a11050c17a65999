// A dossier that was exported with the files of its attachments, as a folder:
//
//   FOLDER/dossier.sotay                           the dossier with its evidence (SealedDossier)
//   FOLDER/files/0001_9b20c3d4e5f6_vet-phanh.jpg   a file of an attachment (bundle_names.h)
//
// Which files there are to be, with which size and hash, is read out of the dossier's signed
// changes and from nothing beside it.  Here they are held against what is in the folder; whether
// the dossier itself holds, CheckDossier says (sync/seal/dossier_check.h).  Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "sotay/v1/bundled_files.pb.h"
#include "sotay/v1/evidence.pb.h"
#include "sync/ids.h"
#include "sync/schema.h"

namespace sotay::cli {

inline constexpr char kDossierName[] = "dossier.sotay";
inline constexpr char kFilesName[] = "files";

// A file that the dossier's records name.  The same bytes are one file, however often they are
// attached.
struct BundledFile {
  std::string name;    // in FOLDER/files
  std::string sha256;  // 32 bytes
  uint64_t size = 0;
  std::vector<sync::RecordId> attachments;  // at least one, in the order of the log
  bool withdrawn = false;                   // each of them: nobody waits for it
};

// In the order in which the log has their attachments; so those of a later export come behind, and
// none changes its name.  Records and changes that cannot be read are left out: CheckDossier says
// so.
std::vector<BundledFile> FilesNamedIn(const sync::Schema& schema, const v1::Dossier& dossier);

// Types of the dossier's records that `schema` does not have: which files they name cannot be said.
std::set<std::string> UnknownTypesIn(const sync::Schema& schema, const v1::Dossier& dossier);

// What a serialised Dossier says of files; nothing: none were beside it.  Reads nothing else of it.
absl::optional<v1::BundledFiles> StatementIn(absl::string_view dossier);
// The serialised Dossier in a serialised SealedDossier, within `sealed`; empty when there is none.
absl::string_view DossierIn(absl::string_view sealed);

enum class FileState {
  kWhole,           // it is there, with the size and the hash that its attachment says
  kNamedOtherwise,  // whole, under a name that the rule may have given it elsewhere (IsNameOf)
  kMissing,         // it is not there
  kAltered,         // there is something else in its place
  kElsewhere,       // it is there and whole, but under a name that the rule never gives it
  kUnread,          // something is there, and this machine could not read it
};

// What there is in a file's place, when it is not the file.
enum class Instead {
  kNothing,     // it is the file, or nothing is there
  kOtherBytes,  // of the same size
  kOtherSize,   // `found` says how many bytes
  kAnotherOne,  // `found` says which of the others
  kLink,
  kNoFile,  // a folder, a pipe
};

// What lies at a path.
struct PlainLook {
  FileState state = FileState::kMissing;
  Instead instead = Instead::kNothing;  // of kAltered
  // Beside `instead`.  Of kNamedOtherwise and kElsewhere: under which name it is; of kUnread: why,
  // as the system says.
  std::string found;
};

struct CheckedFile {
  BundledFile file;
  PlainLook look;
  // What of kMissing the exporter said; UNSPECIFIED: it was there then.
  v1::FileAbsence why = v1::FILE_ABSENCE_UNSPECIFIED;
};

// Something in the folder that no record names: nothing vouches for it.
struct ExtraFile {
  std::string path;      // within the folder
  std::string bytes_of;  // the path of the file whose bytes it has, if it has those of one
};

struct FilesReport {
  enum class Verdict {
    kWhole,
    kIncomplete,  // files are missing, and nothing else is wrong
    kUnknown,     // there are records of types not known here, so what is extra or missing is open
    kUnchecked,   // something could not be read here, and what could be is right
    kAltered,     // something is there that is not what the changes say, under its name
  };
  std::vector<CheckedFile> files;
  // The first hundred by path, and how many there are.
  std::vector<ExtraFile> extra;
  uint64_t extra_count = 0;
  // Folders of it that could not be listed, each with why.
  std::vector<std::string> unread;
  // As UnknownTypesIn says; to be filled in by whoever has the dossier.
  std::set<std::string> unknown_types;

  // The gravest that holds.
  Verdict verdict() const;
  size_t Count(FileState state) const;
};

// Which bytes of how many were read.
using ReadingProgress = std::function<void(const BundledFile&, uint64_t bytes)>;

// Looks at a folder, reading each file through, a piece of it at a time.  Follows no links, opens
// nothing but plain files, and waits for none.  `beside`: names in the folder that are no business
// of its reader's, while it is being written.
FilesReport CheckFiles(const std::string& folder, std::vector<BundledFile> named,
                       const v1::BundledFiles& statement, const ReadingProgress& progress = nullptr,
                       const std::set<std::string>& beside = {});
// Of a dossier without a folder: nothing is there.
FilesReport WithoutFolder(std::vector<BundledFile> named, const v1::BundledFiles& statement);

// Whether `path` is that file, whole; else what is there instead.
PlainLook LookAtFile(const std::string& path, const BundledFile& file,
                     const ReadingProgress& progress = nullptr);

// Where what somebody names as an export lies: `folder` is empty when it is a dossier alone.
struct ExportPlace {
  std::string folder;
  std::string dossier;
};
// A file called dossier.sotay that has anything called files beside it means the folder it is in.
ExportPlace PlaceOf(const std::string& path);
// The same, of a dossier that has been read: one of that name that was exported with files means
// its folder also where these are gone.
std::string FolderOf(const std::string& path, const std::vector<BundledFile>& named,
                     const v1::BundledFiles& statement);
// The bytes of the dossier there.  kNotFound and so on name it; kInvalidArgument over 1 GiB;
// kDataLoss when something else than a plain file stands in its place in a folder.
absl::StatusOr<std::string> ReadDossierAt(const std::string& path);

}  // namespace sotay::cli
