// Files on a server's disk that can fail, and whoever sends them a piece at a time.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/blobs.h"
#include "sync/seal/digest.h"
#include "tests/support/builders.h"
#include "tests/support/fault_env.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {

inline std::string HashOf(absl::string_view bytes) {
  const auto hash = seal::Sha256(bytes);
  return std::string(hash.begin(), hash.end());
}

// Bytes that do not repeat.
inline std::string Photograph(size_t size, uint32_t seed = 1) {
  std::string bytes(size, '\0');
  uint32_t state = seed;
  for (char& byte : bytes) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

inline constexpr size_t kPiece = kChunkBytesMin;

class BlobsTest : public ::testing::Test {
 protected:
  BlobsTest() {
    disk_.CreateDir("/disk");
    Open();
  }

  durable::StoreOptions Files() {
    durable::StoreOptions options;
    options.base = base_;
    options.free_bytes = [this] { return free_bytes_; };
    options.sync_directory = [this](const std::string& path) { return disk_.SyncDirectory(path); };
    return options;
  }
  void Open() {
    blobs_.reset();
    auto opened = Blobs::Open("/disk/blobs", Files(), limits_, [this] { return now_ms_; });
    ASSERT_THAT(opened, tests::IsOk());
    blobs_ = *std::move(opened);
  }

  static Blobs::Wanted Of(absl::string_view bytes, absl::string_view dossier = "k",
                          absl::string_view device = "dam") {
    return {tests::DeviceNamed(device), {tests::RecordNamed(dossier), HashOf(bytes)}, bytes.size()};
  }
  absl::Status SendPiece(const Blobs::Wanted& wanted, absl::string_view bytes, uint64_t offset,
                         size_t size = kPiece) {
    const absl::string_view piece = bytes.substr(offset, size);
    return blobs_->Send(wanted, {offset, piece, HashOf(piece)}).status();
  }
  // On from where the server is.
  absl::Status SendAll(const Blobs::Wanted& wanted, absl::string_view bytes) {
    const auto progress = blobs_->Ask(wanted);
    if (!progress.ok()) return progress.status();
    for (uint64_t at = progress->bytes; at < bytes.size() && !progress->whole; at += kPiece) {
      const absl::Status sent = SendPiece(wanted, bytes, at);
      if (!sent.ok()) return sent;
    }
    return blobs_->Finish(wanted);
  }
  // Names under which the disk has these bytes.
  std::vector<std::string> FilesWith(absl::string_view bytes) {
    std::vector<std::string> names;
    for (const auto& [name, content] : disk_.Visible().files) {
      if (absl::string_view(content).find(bytes) != absl::string_view::npos) names.push_back(name);
    }
    return names;
  }

  testing::FaultEnv disk_;
  BlobLimits limits_;
  uint64_t free_bytes_ = uint64_t{1} << 40;
  leveldb::Env* base_ = &disk_;  // for the next Open
  int64_t now_ms_ = 1'794'000'000'000;
  std::unique_ptr<Blobs> blobs_;
};

}  // namespace sotay::server
