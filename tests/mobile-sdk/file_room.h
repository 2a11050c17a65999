// A phone with files to send, an office, and beside its hub a server that takes files as ours does:
// in order, and whole only with the hash their attachment says.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mobile-sdk/core/builtin_schema.h"
#include "mobile-sdk/core/exchange.h"
#include "mobile-sdk/core/file_exchange.h"
#include "sync/seal/digest.h"
#include "sync/seal/random.h"
#include "tests/mobile-sdk/phone.h"
#include "tests/support/memory_link.h"
#include "tests/support/status_matchers.h"

namespace sotay::tests {

inline std::string HashOf(absl::string_view bytes) {
  const auto hash = seal::Sha256(bytes);
  return std::string(hash.begin(), hash.end());
}

inline absl::Status RefusedFor(absl::StatusCode code, v1::Reason reason) {
  v1::ErrorDetail detail;
  detail.set_reason(reason);
  return sdk::WithDetail(absl::Status(code, v1::Reason_Name(reason)), detail);
}

struct FileServer {
  struct Taken {
    std::string bytes;
    bool whole = false;
  };
  // Calls in order: "sync", "ask", "send", "finish", "read".
  std::vector<std::string> calls;
  std::map<std::string, Taken> taken;  // by attachment
  // Not OK: a call about a file fails so.
  std::function<absl::Status(const std::string& call, const v1::BlobName& blob)> weather;
  uint64_t file_bytes_max = 0;

  std::vector<std::string> TakeCalls() { return std::exchange(calls, {}); }
  absl::Status Call(const std::string& call, const v1::BlobName& blob) {
    calls.push_back(call);
    return weather ? weather(call, blob) : absl::OkStatus();
  }
};

class FileLink : public MemoryLink {
 public:
  FileLink(MemoryHub* hub, const sync::DeviceId& device, std::shared_ptr<Weather> weather,
           FileServer* server)
      : MemoryLink(hub, device, std::move(weather)), server_(*server) {}

  absl::StatusOr<v1::SyncResponse> Sync(const v1::SyncRequest& request) override {
    server_.calls.push_back("sync");
    return MemoryLink::Sync(request);
  }
  absl::StatusOr<v1::AskBlobResponse> AskBlob(const v1::AskBlobRequest& request) override {
    if (absl::Status told = server_.Call("ask", request.blob()); !told.ok()) return told;
    const FileServer::Taken& file = server_.taken[request.blob().record_id()];
    v1::AskBlobResponse response;
    response.set_bytes(file.bytes.size());
    response.set_whole(file.whole);
    response.set_file_bytes_max(server_.file_bytes_max);
    return response;
  }
  absl::StatusOr<v1::SendChunkResponse> SendChunk(const v1::SendChunkRequest& request) override {
    if (absl::Status told = server_.Call("send", request.blob()); !told.ok()) return told;
    FileServer::Taken& file = server_.taken[request.blob().record_id()];
    EXPECT_EQ(request.offset(), file.bytes.size());
    EXPECT_EQ(request.sha256(), HashOf(request.data()));
    file.bytes += request.data();
    v1::SendChunkResponse response;
    response.set_bytes(file.bytes.size());
    return response;
  }
  absl::StatusOr<v1::FinishBlobResponse> FinishBlob(const v1::FinishBlobRequest& request) override {
    if (absl::Status told = server_.Call("finish", request.blob()); !told.ok()) return told;
    FileServer::Taken& file = server_.taken[request.blob().record_id()];
    file.whole = HashOf(file.bytes) == request.blob().sha256();
    if (file.whole) return v1::FinishBlobResponse();
    file.bytes.clear();
    return RefusedFor(absl::StatusCode::kInvalidArgument, v1::REASON_MALFORMED);
  }
  absl::StatusOr<v1::ReadChunkResponse> ReadChunk(const v1::ReadChunkRequest& request) override {
    if (absl::Status told = server_.Call("read", request.blob()); !told.ok()) return told;
    const std::string& bytes = server_.taken[request.blob().record_id()].bytes;
    v1::ReadChunkResponse response;
    response.set_data(bytes.substr(request.offset(), request.bytes_max()));
    response.set_sha256(HashOf(response.data()));
    return response;
  }

 private:
  FileServer& server_;
};

class FileRoom : public ::testing::Test {
 protected:
  FileRoom() : phone_(&office_, "nguyet") {
    EXPECT_THAT(phone_->Sync(), IsOk());
    const auto visit = phone_->Create("inspection", "", absl::nullopt, {Set("kind", "search")});
    EXPECT_THAT(visit, IsOk());
    visit_ = visit.value_or(sync::RecordId());
  }

  absl::StatusOr<sync::RecordId> Attach(const std::string& bytes) {
    return phone_->Attach(visit_,
                          [&bytes, at = size_t{0}](size_t max) mutable {
                            std::string some = bytes.substr(at, max);
                            at += some.size();
                            return absl::StatusOr<std::string>(std::move(some));
                          },
                          "attachment", {});
  }
  static std::string PathOf(const sync::RecordId& id) { return "/notebook/files/" + id.Hex(); }
  // While the notebook is closed: one byte of the file is another.
  void Damage(const sync::RecordId& id) {
    testing::DiskImage disk = phone_.Disk();
    disk.files.at(PathOf(id)).back() ^= 1;
    phone_.PutDisk(disk);
  }
  // The notebook is closed, and its files and exchanges are worked by the test.
  void Stand() {
    phone_.Close();
    const sdk::Surroundings around = phone_.surroundings();
    link_ = std::make_unique<FileLink>(&office_.hub, phone_.device(), phone_.weather, &server_);
    desk_.schema = sdk::BuiltinSchema();
    desk_.vault = around.vault;
    desk_.store = sdk::Store::Open(phone_.dir(), around, false).value();
    desk_.files = std::make_unique<sdk::Files>(phone_.dir() + "/files", sdk::FilesOf(around));
    desk_.meta = **desk_.store->Meta();
    desk_.device = desk_.vault->device();
    desk_.now_ms = around.now_ms;
    desk_.random_bytes = seal::RandomBytes;
    desk_.tidings = std::make_shared<sdk::Tidings>();
    exchange_ = std::make_unique<sdk::Exchange>(&desk_, link_.get());
    files_ = std::make_unique<sdk::FileExchange>(&desk_, link_.get());
  }
  stored::v1::PhoneFile Row(const sync::RecordId& id) {
    return desk_.store->File(id).value().value_or(stored::v1::PhoneFile());
  }

  Office office_;
  Phone phone_;
  FileServer server_;
  sync::RecordId visit_;
  std::unique_ptr<FileLink> link_;
  sdk::Desk desk_;
  std::unique_ptr<sdk::Exchange> exchange_;
  std::unique_ptr<sdk::FileExchange> files_;
};

}  // namespace sotay::tests
