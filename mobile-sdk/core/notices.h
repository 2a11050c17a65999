// What a phone tells its user of steps they took: that another's was put in force instead, that
// theirs was, or that theirs is a request because somebody worked on.  Read off the server's record
// when it comes; told once, kept until the user has looked.  Callers hold the desk's lock.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mobile-sdk/core/store.h"
#include "sotay/notebook.h"
#include "sotay/stored/v1/notices.pb.h"
#include "sync/merged_record.h"

namespace sotay::sdk {

// What there is to tell `user` of a record, unseen.
std::vector<stored::v1::StepNotice> NoticesOf(const sync::MergedRecord& record,
                                              const std::string& user);

// What an exchange makes of the notices: new ones are put on `batch` and told.  When their record
// says something else they end: looked-at ones go, the others and what was asked for are told as
// past, with what is in force since.
class NoticeBook {
 public:
  // kDataLoss when a stored one cannot be read.
  static absl::StatusOr<NoticeBook> Read(const Store& store);

  // `record`: as the server decided it.
  void Take(const sync::MergedRecord& record, const std::string& user, StoreBatch* batch,
            std::vector<Event>* events) const;
  // The record leaves the device.
  void Forget(const sync::RecordId& record, StoreBatch* batch) const;

 private:
  std::vector<stored::v1::StepNotice> known_;  // few
};

}  // namespace sotay::sdk
