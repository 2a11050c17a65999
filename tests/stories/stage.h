// Where the stories are told: an office with a real server, a real notebook for each person, and a
// leader, who has a console as well.  Everybody is in unit "vkskv1".  What people type goes through
// Phone, which remembers it; Meet carries it, each message twice; ExpectTogether is what every
// story ends with.  One thread.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/e2e/office.h"
#include "tests/stories/orders.h"

namespace sotay::tests {

constexpr char kLeader[] = "luong-quoc-ngu";
constexpr char kDam[] = "nguyen-uu-dam";
constexpr char kQue[] = "vo-nguyet-que";
constexpr char kPhong[] = "huynh-kiem-phong";

class Stage {
 public:
  using Words = std::vector<std::string>;

  // `prosecutors` are enrolled, and the leader, each on a phone of their own name.  `schema`: a
  // descriptor set that the server, phones and console read beside the built-in types.
  explicit Stage(const Words& prosecutors, std::string schema = "");

  // Another phone of somebody's; in the round from now on.
  void Enrol(const std::string& phone, const std::string& user);
  // Adds somebody, or changes what they are: "prosecutor", "supervisor" of "vkskv1", or nothing.
  void PutUser(const std::string& user, const std::string& role);
  // From now on the phone's clock is so wrong: "+3d", "-1000d".
  void SetClock(const std::string& phone, const std::string& faketime);
  // The phone meets the server no longer.
  void Lose(const std::string& phone);

  // `sotay` on a phone.  What `new`, `edit`, `resolve`, `sign` and `deadlines` type is remembered,
  // if they say that it is saved.
  Ended Try(const std::string& phone, const Words& words);
  // The same, which must succeed: what it printed.
  nlohmann::json Phone(const std::string& phone, const Words& words);
  // `sotayctl` as somebody; as the leader.
  nlohmann::json Console(const std::string& user, const Words& words);
  // The same, whatever comes of it; by somebody's phone.
  Ended Decide(const std::string& phone, const Words& words);
  nlohmann::json Console(const Words& words) { return Console(kLeader, words); }

  // The phone exchanges, each message twice: what it sends is first sent by a copy of it whose
  // answer is lost.  How the second exchange ended.
  Ended Exchange(const std::string& phone);
  // The phones in an order: of the telling's first meeting in the `order`th there is of them, of
  // each later one in another, so that, told in all orders, a story has had all at every meeting.
  Words Turns(size_t order);
  // All phones in that order, and again for what came later.
  void Meet(const Words& turns);
  void Meet(size_t order) { Meet(Turns(order)); }
  // What a phone wrote reaches everybody, each message once: how a story comes to its beginning.
  void Share(const std::string& phone);

  // An inspection everybody has.
  std::string Inspection(const Words& fields = {});
  // A record of it.
  std::string New(const std::string& phone, const std::string& type, const std::string& inspection,
                  const Words& fields);

  // Phones and server show the same, bit for bit, also of every conflict, and ExpectAllSaid.
  void ExpectTogether();
  // Everything typed is in the history, the present or the quarantine of some record, why somebody
  // decided as well; every file can be fetched as it was attached; every conflict says who wrote
  // what, on which device, when by its clock and when the server had it.
  void ExpectAllSaid();
  // From now on the server reads the table of rights that `change` makes of the one in force.
  void TakeTable(const std::function<std::string(std::string)>& change);
  // The server stops and its store is whole.
  void Close();

  Office& office() { return office_; }
  std::string DirectoryOf(const std::string& phone) const { return office_.space() / phone; }
  const Words& phones() const { return phones_; }

 private:
  Ended Run(const std::string& program, const std::string& phone, const Words& words);
  void ExpectNothingLost();
  void ExpectFiles();
  void ExpectConflictsSayWhoAndWhen();

  Office office_{Office::kQuick};
  const std::string schema_;
  Words phones_;
  std::map<std::string, std::string> clocks_;
  std::map<std::string, Hand> hands_;  // by how wrong their clock is
  Words typed_;
  std::map<std::string, std::string> files_;  // attachment → what was attached
  // Which telling this is, how many meetings it has had, and who met when, as a failure tells it.
  const void* telling_ = nullptr;
  size_t meetings_ = 0;
  std::string met_;
  // As the leader was last shown them: where each stands in the log, and the whole of it.
  std::map<std::string, std::pair<uint64_t, nlohmann::json>> records_;
};

}  // namespace sotay::tests
