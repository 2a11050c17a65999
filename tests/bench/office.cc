#include "tests/bench/office.h"

#include <chrono>

namespace sotay::bench {
namespace {

// An invitation lives long enough for a slow machine to enrol a large fleet.
constexpr uint32_t kInvitationSeconds = 3'600;
constexpr int32_t kPostsFrom = 20260101;

void SetDeadline(grpc::ClientContext* context) {
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
}

}  // namespace

Office::Office(const Credentials& administrator)
    : server_(administrator.server),
      stub_(v1::AdminService::NewStub(Connect(administrator))),
      organisation_(v1::OrganisationService::NewStub(Connect(administrator))) {}

absl::Status Office::PutUnit(const std::string& unit_id, const std::string& name,
                             const std::string& parent_id) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::PutUnitRequest request;
  request.mutable_unit()->set_unit_id(unit_id);
  request.mutable_unit()->set_name(name);
  request.mutable_unit()->set_parent_id(parent_id);
  v1::PutUnitResponse response;
  return ToAbsl(stub_->PutUnit(&context, request, &response));
}

absl::Status Office::PutUser(const std::string& user_id, const std::string& full_name,
                             const std::string& unit_id, options::v1::Role role) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::PutUserRequest request;
  request.mutable_user()->set_user_id(user_id);
  request.mutable_user()->set_full_name(full_name);
  if (!unit_id.empty()) {
    v1::Membership* membership = request.mutable_user()->add_memberships();
    membership->set_unit_id(unit_id);
    membership->set_role(role);
  }
  v1::PutUserResponse response;
  return ToAbsl(stub_->PutUser(&context, request, &response));
}

absl::Status Office::PutPost(const std::string& user_id, const std::string& unit_id,
                             v1::Capacity capacity, const std::string& field_of_work) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::PutPostRequest request;
  v1::Post* const post = request.mutable_post();
  post->set_user_id(user_id);
  post->set_unit_id(unit_id);
  post->set_capacity(capacity);
  post->add_fields_of_work(field_of_work);
  post->set_valid_from(kPostsFrom);
  post->set_reason("Đo tải");
  v1::PutPostResponse response;
  return ToAbsl(organisation_->PutPost(&context, request, &response));
}

absl::StatusOr<std::string> Office::Invite(const std::string& user_id) {
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::CreateInvitationRequest request;
  request.set_user_id(user_id);
  request.set_valid_s(kInvitationSeconds);
  v1::CreateInvitationResponse response;
  const grpc::Status status = stub_->CreateInvitation(&context, request, &response);
  if (!status.ok()) return ToAbsl(status);
  return InvitationAt(response.invitation(), server_);
}

}  // namespace sotay::bench
