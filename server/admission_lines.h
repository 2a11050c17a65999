// By which lines of the table of rights the changes in a record's history were admitted, worked out
// anew for whoever reads it (docs/decisions/0031-the-line-of-an-admission.md): the guard is asked
// once more, with the author's posts of that day, the record as they had it before them, and what
// had been said of the dossier by then.  Where one of these is not known any more, that is said,
// and no line is guessed.  Reads only; any thread.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/directory.h"
#include "server/store.h"
#include "sotay/v1/admission_line.pb.h"
#include "sotay/v1/record.pb.h"
#include "sync/history.h"
#include "sync/merged_record.h"
#include "sync/schema.h"

namespace sotay::server {

class AdmissionLines {
 public:
  // What it is given outlives it.
  AdmissionLines(const Directory* directory, Store* store, const sync::Schema* schema)
      : directory_(*directory), store_(*store), schema_(*schema) {}

  // Says it in each of these entries of the record's history.  Fails as the store does.
  absl::Status Tell(const v1::Record& record,
                    google::protobuf::RepeatedPtrField<v1::LogEntry>* entries) const;

 private:
  // What the guard had before it, beside the edit.
  struct Ground {
    const v1::Record* record = nullptr;
    sync::History* history = nullptr;
    const sync::MergedRecord* root = nullptr;
    uint64_t root_position = 0;
  };
  v1::AdmissionLine LineOf(const Ground& ground, const v1::LogEntry& entry) const;
  // The author as they were when it came; null: they are not here.
  std::shared_ptr<const sync::Rights> RightsOf(const v1::Admission& admission,
                                               const std::string& unit) const;

  const Directory& directory_;
  Store& store_;
  const sync::Schema& schema_;
};

}  // namespace sotay::server
