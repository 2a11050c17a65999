#include "server/organisation_service.h"

#include <utility>

#include "server/posts.h"

namespace sotay::server {

OrganisationService::OrganisationService(Directory* directory, Hub* hub,
                                         std::function<int64_t()> now_ms)
    : directory_(*directory), calls_(directory, hub, now_ms), now_ms_(std::move(now_ms)) {}

grpc::ServerUnaryReactor* OrganisationService::PutPost(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::PutPostRequest, v1::PutPostResponse>(
      context, request, response, "PutPost",
      [](Pen* pen, const Caller& caller, const v1::PutPostRequest& asked) {
        return server::PutPost(pen, caller.person->user.user_id(), asked);
      });
}

grpc::ServerUnaryReactor* OrganisationService::EndPost(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::EndPostRequest, v1::EndPostResponse>(
      context, request, response, "EndPost",
      [](Pen* pen, const Caller& caller, const v1::EndPostRequest& asked) {
        return server::EndPost(pen, caller.person->user.user_id(), asked);
      });
}

grpc::ServerUnaryReactor* OrganisationService::PutUnitTerm(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return calls_.AnswerWithPen<v1::PutUnitTermRequest, v1::PutUnitTermResponse>(
      context, request, response, "PutUnitTerm",
      [](Pen* pen, const Caller& caller, const v1::PutUnitTermRequest& asked) {
        return server::PutUnitTerm(pen, caller.person->user.user_id(), asked);
      });
}

grpc::ServerUnaryReactor* OrganisationService::ListPosts(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return calls_.AnswerNow<v1::ListPostsRequest, v1::ListPostsResponse>(
      context, request, response, "ListPosts", [this](const v1::ListPostsRequest& asked) {
        v1::ListPostsResponse listed;
        for (v1::Post& post : directory_.Posts(asked.user_id(), asked.unit_id(), asked.history())) {
          *listed.add_posts() = std::move(post);
        }
        return listed;
      });
}

grpc::ServerUnaryReactor* OrganisationService::ListUnitTerms(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
  return calls_.AnswerNow<v1::ListUnitTermsRequest, v1::ListUnitTermsResponse>(
      context, request, response, "ListUnitTerms", [this](const v1::ListUnitTermsRequest&) {
        v1::ListUnitTermsResponse listed;
        for (v1::UnitTerm& term : directory_.Terms()) *listed.add_terms() = std::move(term);
        return listed;
      });
}

grpc::ServerUnaryReactor* OrganisationService::GetRules(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return AnswerUnary<v1::GetRulesRequest, v1::GetRulesResponse>(
      context, request, response, "GetRules",
      [this](const grpc::CallbackServerContext& of) {
        return CallerOf(&directory_, of, now_ms_());
      },
      [this](const Caller&, const v1::GetRulesRequest&, const Reply<v1::GetRulesResponse>& reply) {
        reply(DescribeRules(directory_.rules()));
      });
}

}  // namespace sotay::server
