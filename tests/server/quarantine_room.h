// Where refused changes are decided about: two prosecutors with their phones, a head, a case, and
// a note in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/quarantine.h"
#include "tests/server/posts_room.h"
#include "tests/support/status_matchers.h"

namespace sotay::server {

class QuarantineRoom : public PostsRoom {
 protected:
  QuarantineRoom() {
    room_.Enrol(&nguyet_);
    room_.Enrol(&que_);
    room_.AddUser("ngu", {{"kv1", options::v1::ROLE_SUPERVISOR}});
    nguyet_.Write("k", {tests::NewCase("k"), tests::Note("n").Says("một")});
    room_.Exchange(&nguyet_);
    room_.Exchange(&que_);
  }

  static v1::RefusedChange Named(const v1::QuarantinedChange& row) {
    v1::RefusedChange change;
    change.set_device_id(row.device_id());
    change.set_sequence(row.sequence());
    change.set_change_id(row.change_id());
    return change;
  }
  absl::StatusOr<v1::TakeInResponse> Take(const v1::QuarantinedChange& row,
                                          const std::string& by = "ngu",
                                          const std::string& reason = "đã đối chiếu") {
    v1::TakeInRequest request;
    *request.mutable_change() = Named(row);
    request.set_reason(reason);
    absl::StatusOr<v1::TakeInResponse> response;
    room_.WithPen([&](Pen* pen) { response = TakeIn(pen, *Of(by), request); });
    while (room_.hub->RunOnce()) {
    }
    return response;
  }
  absl::StatusOr<v1::DismissResponse> Drop(const v1::QuarantinedChange& row,
                                           const std::string& by = "ngu",
                                           const std::string& reason = "trùng với bản giấy") {
    v1::DismissRequest request;
    *request.mutable_change() = Named(row);
    request.set_reason(reason);
    absl::StatusOr<v1::DismissResponse> response;
    room_.WithPen([&](Pen* pen) { response = Dismiss(pen, *Of(by), request); });
    return response;
  }
  void Suspend(const tests::SealedPhone& phone) { room_.AddUser(phone.user_id(), {}); }
  void Restore(const tests::SealedPhone& phone) {
    room_.AddUser(phone.user_id(), {{"kv1", options::v1::ROLE_PROSECUTOR}});
  }
  // What phones carry of the record.
  sync::MergedRecord Stored(const std::string& name) {
    const auto stored = room_.store->LoadRecord(tests::RecordNamed(name));
    EXPECT_THAT(stored, tests::IsOk());
    EXPECT_TRUE(stored->has_value()) << name;
    return *sync::MergedRecord::Parse(*tests::CaseworkSchema(), (*stored)->bytes);
  }
  v1::Admission AdmissionAt(uint64_t position) {
    return *room_.store->LoadAdmission("kv1", position);
  }
  std::vector<v1::QuarantinedChange> Listed(const std::string& by) {
    v1::ListQuarantineRequest request;
    const auto response = room_.supervision->ListQuarantine(*Of(by), request);
    EXPECT_THAT(response, tests::IsOk());
    return {response->changes().begin(), response->changes().end()};
  }

  tests::SealedPhone nguyet_{"nguyet"};
  tests::SealedPhone que_{"que"};
};

}  // namespace sotay::server
