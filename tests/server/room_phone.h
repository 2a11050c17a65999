// A real notebook, on a disk in memory, whose server is a ServerRoom in the same thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mobile-sdk/core/link.h"
#include "mobile-sdk/core/vault.h"
#include "sotay/notebook.h"
#include "tests/server/server_room.h"
#include "tests/support/fault_env.h"

namespace sotay::tests {

// What happens on the way.
struct RoomWeather {
  // The request arrives so often; the last answer counts.
  int copies = 1;
  // The server does its work, and the answer is lost.
  bool lost = false;
  // While the call is out, before the answer is there.
  std::function<void()> meanwhile;
  uint32_t records_bytes_max = 0;
  // Pieces of files that still get through; then the network is gone.  Nothing: all do.
  absl::optional<int> pieces_left;
  uint64_t file_bytes_sent = 0;  // that the phone sent, lost ones too
  // Answers that came.
  std::vector<v1::SyncResponse> answers;
};

class RoomPhone {
 public:
  // Enrols a device of somebody who is in the room's directory, and opens its notebook.
  RoomPhone(ServerRoom* room, const std::string& user);

  sdk::Notebook* operator->() { return notebook_.get(); }
  const std::string& user() const { return user_; }
  const sync::DeviceId& device() const { return vault_->device(); }

  // Ids of what a list shows.
  std::vector<sync::RecordId> Listed();
  // Opens the notebook anew, as a start of the app does.
  void Restart();

  std::shared_ptr<RoomWeather> weather = std::make_shared<RoomWeather>();
  std::vector<sdk::Event> events;

  // The disk of the phone.
  testing::FaultEnv& disk() { return *env_; }

 private:
  sdk::Surroundings surroundings();

  ServerRoom& room_;
  const std::string user_;
  std::unique_ptr<testing::FaultEnv> env_;
  std::shared_ptr<const sdk::Vault> vault_;
  std::unique_ptr<sdk::Notebook> notebook_;
  int64_t ticks_ = 0;
};

}  // namespace sotay::tests
