// What administrators say of posts and of how long units last (proto/sotay/v1/post.proto).  Decides
// and commits with the pen, so it runs on the hub's thread.  Rows are only ever added.  Saying the
// same thing twice is saying it once: what changes nothing writes nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/pen.h"
#include "sotay/v1/organisation_service.pb.h"

namespace sotay::server {

// All fail with STORAGE when the store cannot be written, and as OrganisationService says.
// `actor`: user id of who does it.
absl::StatusOr<v1::PutPostResponse> PutPost(Pen* pen, absl::string_view actor,
                                            const v1::PutPostRequest& request);
absl::StatusOr<v1::EndPostResponse> EndPost(Pen* pen, absl::string_view actor,
                                            const v1::EndPostRequest& request);
absl::StatusOr<v1::PutUnitTermResponse> PutUnitTerm(Pen* pen, absl::string_view actor,
                                                    const v1::PutUnitTermRequest& request);

// Posts that stand, today or later, in fields of work the table in force does not have: they give
// nothing in these.
std::vector<v1::Post> PostsInUnknownFields(const Directory& directory, int64_t now_ms);

// The table in force, for whoever asks.
v1::GetRulesResponse DescribeRules(const AccessRules& rules);

}  // namespace sotay::server
