#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/durable/open.h"

namespace sotay::durable {

absl::Status Store::Purge() {
  if (absl::Status refusal = WriteRefusal(); !refusal.ok()) return refusal;
  // Out of the log and into a sorted file.  That has every version there was in memory, and may lie
  // as deep as any other, where it is merged with nothing.
  db_->CompactRange(nullptr, nullptr);
  // So something goes on top that reaches from the first key to the last, and is merged down with
  // all there is.
  leveldb::WriteBatch span;
  span.Delete("");
  span.Delete("\xff");
  if (absl::Status written = Write(&span); !written.ok()) return written;
  db_->CompactRange(nullptr, nullptr);

  const std::string copies = absl::StrCat(path_, "/", kCutLogs);
  std::vector<std::string> children;
  if (env_.GetChildren(copies, &children).ok()) {
    for (const std::string& child : children) {
      if (child == "." || child == "..") continue;
      const leveldb::Status removed = env_.RemoveFile(absl::StrCat(copies, "/", child));
      if (!removed.ok()) return CannotBeWritten(FromLevelDb(removed));
    }
  }
  // A compaction that failed says so to the next who writes.
  leveldb::WriteBatch nothing;
  return Write(&nothing);
}

}  // namespace sotay::durable
