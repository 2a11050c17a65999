#include "tests/support/power_cut.h"

#include <algorithm>
#include <random>

namespace sotay::testing {
namespace {

constexpr uint64_t kSectorBytes = 512;
constexpr uint64_t kPageBytes = 4096;

// Numbers below `bound`, the same for the same seed on every platform, which the standard's
// distributions are not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}
  uint64_t Below(uint64_t bound) { return bound == 0 ? 0 : engine_() % bound; }
  bool Coin() { return Below(2) == 0; }

 private:
  std::mt19937_64 engine_;
};

// What is left of a file whose bytes up to `extent.synced` are durable.
std::string Kept(const std::string& bytes, DiskMoment::Extent extent, PowerCut kind, Dice* dice) {
  const auto [size, synced] = extent;
  std::string kept = bytes.substr(0, synced);
  switch (kind) {
    case PowerCut::kDropUnsynced:
    case PowerCut::kFlipBit:
      break;
    case PowerCut::kKeepPrefix: {
      const uint64_t end = synced + dice->Below(size - synced + kSectorBytes);
      kept = bytes.substr(0, end >= size ? size : std::max(synced, end - end % kSectorBytes));
      break;
    }
    case PowerCut::kKeepPages:
      for (uint64_t begin = synced; begin < size;) {
        const uint64_t end = std::min(size, begin - begin % kPageBytes + kPageBytes);
        if (dice->Coin()) {
          kept.resize(begin, '\0');
          kept.append(bytes, begin, end - begin);
        }
        begin = end;
      }
      break;
    case PowerCut::kGrowWithZeros:
      kept.resize(size, '\0');
      break;
    case PowerCut::kLoseNames:
      if (dice->Coin()) kept = bytes.substr(0, size);
      break;
  }
  return kept;
}

// Any file is as likely as any other, so that the short ones that matter most are hit as well.
void FlipOneBit(DiskImage* image, Dice* dice) {
  std::vector<std::string> candidates;
  for (const auto& [name, bytes] : image->files) {
    if (!bytes.empty()) candidates.push_back(name);
  }
  if (candidates.empty()) return;
  const std::string& name = candidates[dice->Below(candidates.size())];
  std::string& bytes = image->files[name];
  const uint64_t at = dice->Below(bytes.size());
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice->Below(8)));
  image->flipped = name + " byte " + std::to_string(at) + " of " + std::to_string(bytes.size());
}

}  // namespace

std::string ParentOf(const std::string& name) {
  const std::string::size_type slash = name.rfind('/');
  return slash == 0 ? "/" : name.substr(0, slash);
}

const char* Name(PowerCut kind) {
  switch (kind) {
    case PowerCut::kDropUnsynced:
      return "drop all unsynced";
    case PowerCut::kKeepPrefix:
      return "keep a prefix at 512 B";
    case PowerCut::kKeepPages:
      return "keep any 4 KiB pages";
    case PowerCut::kGrowWithZeros:
      return "grow with zeros";
    case PowerCut::kLoseNames:
      return "lose unsynced names";
    case PowerCut::kFlipBit:
      return "flip a durable bit";
  }
  return "unknown";
}

std::string NameChange::Place() const { return ParentOf(kind == kRename ? to : name); }

void NameChange::ApplyTo(DiskNames* names) const {
  const auto unlink = [&] {
    auto found = names->files.find(name);
    if (found != names->files.end() && found->second == inode) names->files.erase(found);
  };
  switch (kind) {
    case kLink:
      names->files[name] = inode;
      break;
    case kUnlink:
      unlink();
      break;
    case kRename:
      unlink();
      names->files[to] = inode;
      break;
    case kMakeDirectory:
      names->directories.insert(name);
      break;
    case kDropDirectory:
      names->directories.erase(name);
      break;
  }
}

DiskImage Survivors(const DiskMoment& moment, PowerCut kind, uint64_t seed) {
  Dice dice(seed);
  DiskNames names = moment.durable;
  const bool drops = kind == PowerCut::kDropUnsynced || kind == PowerCut::kFlipBit;
  const uint64_t changes = moment.changes.size();
  // A journal keeps a prefix of the changes, mostly all or none; the harsh kind keeps any.
  const uint64_t prefix = drops ? 0 : dice.Coin() ? changes : dice.Below(changes + 1);
  std::set<std::string> lost_directories;
  for (uint64_t i = 0; i < changes; ++i) {
    const bool keep = kind == PowerCut::kLoseNames ? dice.Coin() : i < prefix;
    const NameChange& change = moment.changes[i];
    if (keep) change.ApplyTo(&names);
    if (!keep && change.kind == NameChange::kMakeDirectory) lost_directories.insert(change.name);
  }
  DiskImage image;
  image.directories = names.directories;
  for (const auto& [name, inode] : names.files) {
    if (lost_directories.contains(ParentOf(name))) continue;
    absl::MutexLock lock(&inode->mutex);
    image.files[name] = Kept(inode->bytes, moment.extents.at(inode.get()), kind, &dice);
  }
  if (kind == PowerCut::kFlipBit) FlipOneBit(&image, &dice);
  return image;
}

leveldb::Status DiskImage::WriteTo(leveldb::Env* env) const {
  for (const std::string& directory : directories) env->CreateDir(directory);
  for (const auto& [name, bytes] : files) {
    leveldb::WritableFile* opened = nullptr;
    leveldb::Status status = env->NewWritableFile(name, &opened);
    if (!status.ok()) return status;
    const std::unique_ptr<leveldb::WritableFile> file(opened);
    status = file->Append(bytes);
    if (status.ok()) status = file->Sync();
    if (status.ok()) status = file->Close();
    if (!status.ok()) return status;
  }
  return leveldb::Status::OK();
}

leveldb::Status DiskImage::ReadFrom(leveldb::Env* env, const std::string& directory) {
  std::vector<std::string> children;
  leveldb::Status status = env->GetChildren(directory, &children);
  if (!status.ok()) return status;
  directories.insert(directory);
  for (const std::string& child : children) {
    if (child == "." || child == "..") continue;
    const std::string path = directory + "/" + child;
    std::string bytes;
    if (leveldb::ReadFileToString(env, path, &bytes).ok()) {
      files[path] = bytes;
      continue;
    }
    // Not readable as a file: a directory.
    std::vector<std::string> grandchildren;
    if (!env->GetChildren(path, &grandchildren).ok()) continue;
    directories.insert(path);
    for (const std::string& grandchild : grandchildren) {
      const std::string deeper = path + "/" + grandchild;
      if (leveldb::ReadFileToString(env, deeper, &bytes).ok()) files[deeper] = bytes;
    }
  }
  return leveldb::Status::OK();
}

}  // namespace sotay::testing
