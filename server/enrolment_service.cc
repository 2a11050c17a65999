#include "server/enrolment_service.h"

#include <string>
#include <utility>

#include "server/enrolment.h"
#include "server/event_log.h"
#include "sync/ids.h"

namespace sotay::server {

EnrolmentService::EnrolmentService(Hub* hub, const Authorities* authorities)
    : hub_(*hub), authorities_(*authorities) {}

grpc::ServerUnaryReactor* EnrolmentService::Enroll(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request,
                                                   grpc::ByteBuffer* response) {
  return AnswerUnary<v1::EnrollRequest, v1::EnrollResponse>(
      context, request, response, "Enroll", KeyHashOf,
      [this](std::string key_hash, v1::EnrollRequest asked, Reply<v1::EnrollResponse> reply) {
        const absl::Status refused = hub_.Submit(
            [this, key_hash = std::move(key_hash), asked = std::move(asked), reply](Pen* pen) {
              // What the invitation names leads to it.
              const Authority& by = asked.follows() ? authorities_.newest() : authorities_.serving;
              absl::StatusOr<v1::EnrollResponse> enrolled = Enrol(pen, by, key_hash, asked);
              if (enrolled.ok()) {
                if (asked.follows()) {
                  for (const v1::AuthorityHandover& handover : authorities_.Open()) {
                    *enrolled->add_authorities() = handover;
                  }
                }
                const auto id = sync::DeviceId::From(enrolled->device_id());
                Say(Severity::kInfo, asked.again() ? "enrolled_again" : "enrolled",
                    {{"user", enrolled->user_id()}, {"device", id.has_value() ? id->Hex() : ""}});
              }
              reply(std::move(enrolled));
            });
        if (!refused.ok()) reply(refused);
      });
}

}  // namespace sotay::server
