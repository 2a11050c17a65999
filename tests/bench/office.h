// The administrator's desk: units, people and invitations for the fleet.  Fails as AdminService
// does.  One thread at a time.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sotay/options/v1/options.pb.h"
#include "sotay/v1/admin_service.grpc.pb.h"
#include "sotay/v1/organisation_service.grpc.pb.h"
#include "tests/bench/caller.h"

namespace sotay::bench {

class Office {
 public:
  explicit Office(const Credentials& administrator);

  absl::Status PutUnit(const std::string& unit_id, const std::string& name,
                       const std::string& parent_id = "");
  // Without a unit: somebody of whom posts say where they are.
  absl::Status PutUser(const std::string& user_id, const std::string& full_name,
                       const std::string& unit_id, options::v1::Role role);
  // A post without an end, from this year on.  The user is there.
  absl::Status PutPost(const std::string& user_id, const std::string& unit_id,
                       v1::Capacity capacity, const std::string& field_of_work);
  // For one device of the user, to be spent at the address the office itself calls.
  absl::StatusOr<std::string> Invite(const std::string& user_id);

 private:
  const std::string server_;
  const std::unique_ptr<v1::AdminService::Stub> stub_;
  const std::unique_ptr<v1::OrganisationService::Stub> organisation_;
};

}  // namespace sotay::bench
