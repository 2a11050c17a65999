#include "server/posts.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/reason.h"
#include "server/refusal.h"
#include "sync/seal/digest.h"
#include "sync/status_macros.h"
#include "sync/validate.h"

namespace sotay::server {
namespace {

constexpr int kFieldsOfPostMax = 32;
constexpr int kSuccessorsMax = 16;

absl::Status CheckTerm(sync::Day from, sync::Day to) {
  if (from != 0 && !sync::IsDay(from)) {
    return Malformed(absl::StrCat("valid_from ", from, ": no day, expected yyyymmdd"));
  }
  if (to != 0 && !sync::IsDay(to)) {
    return Malformed(absl::StrCat("valid_to ", to, ": no day, expected yyyymmdd"));
  }
  if (to != 0 && to < from) {
    return Malformed(absl::StrCat("valid_to ", to, " is before valid_from ", from));
  }
  return absl::OkStatus();
}

absl::Status CheckCapacity(const v1::Post& post) {
  if (post.capacity() == v1::CAPACITY_ADM) {
    return Malformed(
        "capacity: administrators hold no post; give the user the membership admin "
        "(sotayctl users put --member admin)");
  }
  if (post.capacity() == v1::CAPACITY_UNSPECIFIED || !v1::Capacity_IsValid(post.capacity())) {
    return Malformed("capacity: expected HEAD, DEP, DIV, KSV, KTV, CLK, STA or INS");
  }
  if (post.capacity() == v1::CAPACITY_INS && post.valid_to() == 0) {
    return Malformed("valid_to: a check ends; say its last day");
  }
  const bool in_fields = post.capacity() == v1::CAPACITY_DEP || post.capacity() == v1::CAPACITY_DIV;
  if (in_fields && post.fields_of_work().empty()) {
    return Malformed("fields_of_work: a DEP or DIV acts in some; name them, or \"*\" for all");
  }
  return absl::OkStatus();
}

absl::Status CheckFields(const sync::Matrix& matrix, const v1::Post& post) {
  if (post.fields_of_work_size() > kFieldsOfPostMax) {
    return TooLarge("fields_of_work", static_cast<uint64_t>(post.fields_of_work_size()),
                    kFieldsOfPostMax, "use \"*\" for all");
  }
  std::vector<std::string> known = {"*"};
  for (const sync::FieldOfWork& field : matrix.fields_of_work()) known.push_back(field.code);
  for (const std::string& code : post.fields_of_work()) {
    if (std::find(known.begin(), known.end(), code) == known.end()) {
      return Malformed(absl::StrCat("fields_of_work: the table in force has no such field; it has ",
                                    absl::StrJoin(known, ", ")));
    }
  }
  return absl::OkStatus();
}

// Whether two rows say the same, whoever said it and why.
bool SaysTheSame(const v1::Post& a, const v1::Post& b) {
  const std::set<std::string> fields(a.fields_of_work().begin(), a.fields_of_work().end());
  return a.unit_id() == b.unit_id() && a.capacity() == b.capacity() &&
         a.valid_from() == b.valid_from() && a.valid_to() == b.valid_to() &&
         fields == std::set<std::string>(b.fields_of_work().begin(), b.fields_of_work().end());
}

// Everybody's devices learn of it with their next exchange.
Tables NextRevision(const Directory& directory) {
  Tables tables;
  tables.meta = directory.meta();
  tables.meta->set_directory_revision(tables.meta->directory_revision() + 1);
  return tables;
}

// Writes the row as the user's next.
absl::StatusOr<v1::Post> Write(Pen* pen, absl::string_view actor, v1::Post post) {
  const auto rows = pen->directory().Posts(post.user_id(), "", /*history=*/true);
  post.set_number(rows.empty() ? 1 : rows.back().number() + 1);
  post.set_set_by(std::string(actor));
  post.set_set_ms(pen->now_ms());
  post.DiscardUnknownFields();
  Tables tables = NextRevision(pen->directory());
  tables.posts.push_back(post);
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  return post;
}

}  // namespace

absl::StatusOr<v1::PutPostResponse> PutPost(Pen* pen, absl::string_view actor,
                                            const v1::PutPostRequest& request) {
  const v1::Post& post = request.post();
  SOTAY_RETURN_IF_ERROR(CheckCapacity(post));
  SOTAY_RETURN_IF_ERROR(CheckTerm(post.valid_from(), post.valid_to()));
  SOTAY_RETURN_IF_ERROR(CheckFields(*pen->directory().rules().matrix, post));
  SOTAY_RETURN_IF_ERROR(CheckReason(post.reason()));
  if (!sync::IsSlug(post.user_id(), /*dots=*/true)) return Malformed("user_id: no user id");
  if (post.user_id() == actor) {
    return RoleMayNot("nobody gives a post to themselves; ask another administrator");
  }
  if (!sync::IsSlug(post.unit_id(), /*dots=*/false)) return Malformed("unit_id: no unit id");
  if (pen->directory().FindPerson(post.user_id()) == nullptr) {
    return NotFound(absl::StrCat("user ", post.user_id()));
  }
  if (!pen->directory().FindUnit(post.unit_id()).has_value()) {
    return NotFound(absl::StrCat("unit ", post.unit_id()));
  }
  v1::PutPostResponse response;
  for (const v1::Post& known : pen->directory().Posts(post.user_id(), "", /*history=*/false)) {
    if (!SaysTheSame(known, post)) continue;
    *response.mutable_post() = known;
    return response;
  }
  v1::Post row = post;
  row.clear_replaces();
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_post(), Write(pen, actor, std::move(row)));
  return response;
}

absl::StatusOr<v1::EndPostResponse> EndPost(Pen* pen, absl::string_view actor,
                                            const v1::EndPostRequest& request) {
  SOTAY_RETURN_IF_ERROR(CheckReason(request.reason()));
  if (request.valid_to() == 0) return Malformed("valid_to: say the last day, yyyymmdd");
  const auto standing = pen->directory().Posts(request.user_id(), "", /*history=*/false);
  const auto at = std::find_if(standing.begin(), standing.end(), [&](const v1::Post& post) {
    return !request.user_id().empty() && post.number() == request.number();
  });
  if (at == standing.end()) {
    // Said once already: the row that ended it stands.
    const auto ended = std::find_if(standing.begin(), standing.end(), [&](const v1::Post& post) {
      return !request.user_id().empty() && request.number() != 0 &&
             post.replaces() == request.number() && post.valid_to() == request.valid_to();
    });
    if (ended == standing.end()) return NotFound("a post of that user and number that stands");
    v1::EndPostResponse response;
    *response.mutable_post() = *ended;
    return response;
  }
  SOTAY_RETURN_IF_ERROR(CheckTerm(at->valid_from(), request.valid_to()));
  v1::EndPostResponse response;
  if (at->valid_to() == request.valid_to()) {
    *response.mutable_post() = *at;
    return response;
  }
  v1::Post row = *at;
  row.set_valid_to(request.valid_to());
  row.set_reason(request.reason());
  row.set_replaces(at->number());
  SOTAY_ASSIGN_OR_RETURN(*response.mutable_post(), Write(pen, actor, std::move(row)));
  return response;
}

absl::StatusOr<v1::PutUnitTermResponse> PutUnitTerm(Pen* pen, absl::string_view actor,
                                                    const v1::PutUnitTermRequest& request) {
  const v1::UnitTerm& term = request.term();
  SOTAY_RETURN_IF_ERROR(CheckTerm(term.valid_from(), term.valid_to()));
  SOTAY_RETURN_IF_ERROR(CheckReason(term.reason()));
  const Directory& directory = pen->directory();
  if (!sync::IsSlug(term.unit_id(), /*dots=*/false)) return Malformed("unit_id: no unit id");
  if (!directory.FindUnit(term.unit_id()).has_value()) {
    return NotFound(absl::StrCat("unit ", term.unit_id()));
  }
  if (term.successor_ids_size() > kSuccessorsMax) {
    return TooLarge("successor_ids", static_cast<uint64_t>(term.successor_ids_size()),
                    kSuccessorsMax, "name those its work went to");
  }
  if (!term.successor_ids().empty() && term.valid_to() == 0) {
    return Malformed("valid_to: a unit with successors ends; say its last day");
  }
  const std::vector<std::string> successors(term.successor_ids().begin(),
                                            term.successor_ids().end());
  for (const std::string& successor : successors) {
    if (!sync::IsSlug(successor, /*dots=*/false)) return Malformed("successor_ids: no unit id");
    if (!directory.FindUnit(successor).has_value()) {
      return NotFound(absl::StrCat("unit ", successor));
    }
  }
  if (directory.LeadsBack(term.unit_id(), successors)) {
    return Refuse(absl::StatusCode::kFailedPrecondition, v1::REASON_EXISTS,
                  absl::StrCat("what comes after ", term.unit_id(), " would lead back to it"));
  }
  v1::PutUnitTermResponse response;
  v1::UnitTerm& row = *response.mutable_term();
  row = term;
  row.DiscardUnknownFields();
  row.set_number(1);
  for (const v1::UnitTerm& known : directory.Terms()) {
    if (known.unit_id() != term.unit_id()) continue;
    const std::vector<std::string> before(known.successor_ids().begin(),
                                          known.successor_ids().end());
    if (known.valid_from() == term.valid_from() && known.valid_to() == term.valid_to() &&
        before == successors) {
      row = known;
      return response;
    }
    row.set_number(known.number() + 1);
  }
  row.set_set_by(std::string(actor));
  row.set_set_ms(pen->now_ms());
  Tables tables = NextRevision(directory);
  tables.terms.push_back(row);
  SOTAY_RETURN_IF_ERROR(pen->Commit(tables));
  return response;
}

std::vector<v1::Post> PostsInUnknownFields(const Directory& directory, int64_t now_ms) {
  const sync::Day today = sync::DayOf(now_ms);
  std::vector<v1::Post> posts;
  for (v1::Post& post : directory.Posts("", "", /*history=*/false)) {
    const bool over = post.valid_to() != 0 && post.valid_to() < today;
    if (!over && !CheckFields(*directory.rules().matrix, post).ok()) {
      posts.push_back(std::move(post));
    }
  }
  return posts;
}

v1::GetRulesResponse DescribeRules(const AccessRules& rules) {
  const sync::Matrix& matrix = *rules.matrix;
  v1::GetRulesResponse response;
  // Where on the server it lies is the operator's to know.
  response.set_source(rules.source == "compiled in" ? rules.source : "file");
  response.set_version(matrix.version());
  response.set_since(matrix.since());
  const auto hash = seal::Sha256(matrix.text());
  response.set_sha256(hash.data(), hash.size());
  response.set_text(matrix.text());
  for (const auto& line : matrix.lines()) {
    v1::AccessLine* described = response.add_lines();
    described->set_name(line->name);
    described->set_capacity(line->capacity);
    for (const sync::Kind kind : line->kinds) described->add_kinds(matrix.kinds()[kind]);
    for (const sync::Verb verb : line->verbs) described->add_verbs(sync::NameOf(verb));
    described->set_scope(sync::NameOf(line->scope));
    if (line->in_field) described->add_conditions("in-field");
    if (line->submitted) described->add_conditions("submitted");
  }
  return response;
}

}  // namespace sotay::server
