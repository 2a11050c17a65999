// An office whose people have posts, for tests of the guard where it stands.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "server/posts.h"
#include "tests/server/server_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {

constexpr int64_t kDayMs = 86'400'000;
constexpr sync::Day kToday = 20261107;  // at UTC+07:00 of the room's first moment

class PostsRoom : public ::testing::Test {
 protected:
  static v1::Post PostOf(const std::string& user, const std::string& unit, v1::Capacity capacity,
                         sync::Day from = 0, sync::Day to = 0,
                         const std::vector<std::string>& fields = {}) {
    v1::Post post;
    post.set_user_id(user);
    post.set_unit_id(unit);
    post.set_capacity(capacity);
    post.set_valid_from(from);
    post.set_valid_to(to);
    for (const std::string& field : fields) post.add_fields_of_work(field);
    post.set_reason("Quyết định 12/QĐ-VKS");
    return post;
  }
  absl::StatusOr<v1::Post> Put(const v1::Post& post) {
    v1::PutPostRequest request;
    *request.mutable_post() = post;
    absl::StatusOr<v1::PutPostResponse> response;
    room_.WithPen([&](Pen* pen) { response = PutPost(pen, "khoa", request); });
    if (!response.ok()) return response.status();
    return response->post();
  }
  absl::StatusOr<v1::Post> End(const std::string& user, uint64_t number, sync::Day last) {
    v1::EndPostRequest request;
    request.set_user_id(user);
    request.set_number(number);
    request.set_valid_to(last);
    request.set_reason("Quyết định 13/QĐ-VKS");
    absl::StatusOr<v1::EndPostResponse> response;
    room_.WithPen([&](Pen* pen) { response = EndPost(pen, "khoa", request); });
    if (!response.ok()) return response.status();
    return response->post();
  }
  absl::StatusOr<v1::UnitTerm> PutTerm(const std::string& unit, sync::Day last,
                                       const std::vector<std::string>& successors) {
    v1::PutUnitTermRequest request;
    request.mutable_term()->set_unit_id(unit);
    request.mutable_term()->set_valid_to(last);
    request.mutable_term()->set_reason("Nghị quyết 7");
    for (const std::string& successor : successors)
      request.mutable_term()->add_successor_ids(successor);
    absl::StatusOr<v1::PutUnitTermResponse> response;
    room_.WithPen([&](Pen* pen) { response = PutUnitTerm(pen, "khoa", request); });
    if (!response.ok()) return response.status();
    return response->term();
  }
  // The same time of day, so many days on.
  void DaysPass(int days) {
    room_.now_ms += days * kDayMs;
    room_.directory->TurnTo(room_.now_ms);
  }
  std::shared_ptr<const Person> Of(const std::string& user) {
    return room_.directory->FindPerson(user);
  }
  bool MayRead(const std::string& user, const std::string& unit) {
    return room_.directory->MayRead(*Of(user), unit);
  }
  // What a list shows them, by the names of the records.
  std::vector<std::string> Listed(const std::string& user) {
    const auto person = Of(user);
    const auto response = room_.supervision->ListRecords(*person, v1::ListRecordsRequest());
    EXPECT_THAT(response, tests::IsOk());
    std::vector<std::string> names;
    for (const v1::FeedRecord& fed : response->records()) {
      v1::Record record;
      EXPECT_TRUE(record.ParseFromString(fed.record()));
      names.push_back(record.record_id().substr(0, record.record_id().find('.')));
    }
    return names;
  }
  absl::Status Asked(const std::string& user, const std::string& record) {
    v1::GetRecordRequest request;
    request.set_record_id(tests::RecordNamed(record).str());
    return room_.supervision->GetRecord(*Of(user), request).status();
  }
  // A phone whose user has that post and nothing else.
  void Enrol(tests::SealedPhone* phone, const v1::Post& post) {
    room_.AddUser(phone->user_id(), {});
    ASSERT_THAT(Put(post), tests::IsOk());
    room_.Enrol(phone, post.unit_id());
  }

  tests::ServerRoom room_;
};

}  // namespace sotay::server
