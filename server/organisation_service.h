// Posts, terms of units and the table of rights, as gRPC sees them.  Mutations run on the hub's
// thread (posts.h); lists come from the directory in memory and are answered at once.
#pragma once

#include <cstdint>
#include <functional>

#include "server/administrator_call.h"
#include "sotay/v1/organisation_service.grpc.pb.h"

namespace sotay::server {

using OrganisationServiceBase = v1::OrganisationService::WithRawCallbackMethod_PutPost<
    v1::OrganisationService::WithRawCallbackMethod_EndPost<
        v1::OrganisationService::WithRawCallbackMethod_ListPosts<
            v1::OrganisationService::WithRawCallbackMethod_PutUnitTerm<
                v1::OrganisationService::WithRawCallbackMethod_ListUnitTerms<
                    v1::OrganisationService::WithRawCallbackMethod_GetRules<
                        v1::OrganisationService::Service>>>>>>;

// Set once at construction; what it is given outlives it.
class OrganisationService final : public OrganisationServiceBase {
 public:
  OrganisationService(Directory* directory, Hub* hub, std::function<int64_t()> now_ms);

  using OrganisationServiceBase::EndPost;
  using OrganisationServiceBase::GetRules;
  using OrganisationServiceBase::ListPosts;
  using OrganisationServiceBase::ListUnitTerms;
  using OrganisationServiceBase::PutPost;
  using OrganisationServiceBase::PutUnitTerm;
  grpc::ServerUnaryReactor* PutPost(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* EndPost(grpc::CallbackServerContext* context,
                                    const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListPosts(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* PutUnitTerm(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListUnitTerms(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetRules(grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  Directory& directory_;
  const AdministratorCalls calls_;
  const std::function<int64_t()> now_ms_;
};

}  // namespace sotay::server
