// A world: phones that write, talk and fall silent, and one server, all made of the product's
// decisions and driven from one seed.  Clocks are wrong by decades or stand still, requests
// are sent again, answers are lost, people write while a call is under way.  In the end there
// is calm: everybody talks until nobody has anything to say.  Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/laws/chance.h"
#include "tests/laws/model_device.h"
#include "tests/laws/model_server.h"

namespace sotay::laws {

struct WorldWishes {
  bool clocks_lie = true;  // by up to fifty years, or standing still
  bool forging = false;    // some phones send what no honest build sends
  bool mixed_builds = false;
  bool deciding = false;  // people cease to be members for a while; what was refused is taken in
  size_t steps_max = 50;
  std::vector<uint32_t> fields;  // written in papers; empty: all
  size_t records_max = 3;
  ServerFault server_fault = ServerFault::kNone;
  DeviceFault device_fault = DeviceFault::kNone;
};

class World {
 public:
  World(uint64_t seed, const WorldWishes& wishes);

  // Lives through its steps and comes to calm.
  void Run();

  const ModelServer& server() const { return *server_; }
  const std::vector<std::unique_ptr<ModelDevice>>& devices() const { return devices_; }
  // What went wrong on the way, each with the law it breaks; empty: nothing.
  const std::vector<std::string>& violations() const { return violations_; }
  // How many refused changes were taken in.
  size_t taken_in() const { return taken_in_; }
  // What happened, for people: one line each.
  const std::vector<std::string>& story() const { return story_; }

 private:
  struct Call {
    Request request;
    Answer answer;
    bool answered = false;
  };

  void Step();
  void Decide();
  void WriteSomething(size_t who);
  sync::RecordWish WishFor(const sync::RecordId& id, const ModelDevice& device);
  std::function<void(v1::Change*)> Forgery(size_t who);
  void Send(size_t who, bool everything);
  Request Delivered(Request request) const;
  void Serve();
  void Receive(size_t who, bool lost);
  void Calm(int rounds);
  // Law M9 while an answer is taken: what stands on the screen does not change when nobody else
  // has written.
  std::vector<std::pair<sync::RecordId, std::string>> Expected(size_t who, const Answer& answer);

  Chance chance_;
  WorldWishes wishes_;
  int64_t now_ms_ = 1'700'000'000'000;
  std::unique_ptr<ModelServer> server_;
  std::vector<std::unique_ptr<ModelDevice>> devices_;
  std::vector<absl::optional<Call>> calls_;  // under way, by device
  std::set<size_t> forgers_;
  size_t taken_in_ = 0;
  std::vector<Request> old_requests_;  // that the net may deliver once more
  std::vector<std::string> violations_;
  std::vector<std::string> story_;
};

}  // namespace sotay::laws
