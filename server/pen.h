// The pen: who holds it may change the store and the directory.  There is one, and the hub's
// thread has it; pushes, releases and administration are written with it one after the other,
// so none of them ever sees half of another.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "server/directory.h"
#include "server/store.h"
#include "sync/schema.h"

namespace sotay::server {

class Pen {
 public:
  Pen(Store* store, Directory* directory, const sync::Schema* schema)
      : store_(*store), directory_(*directory), schema_(*schema) {}

  // Commits, and then lets the directory know.  Fails with STORAGE (refusal.h) when the store
  // could not be written; then nothing has changed, and never will until it is opened again.
  absl::Status Commit(const Round& round);
  absl::Status Commit(const Tables& tables);

  Store& store() const { return store_; }
  // For reading; Commit changes it.
  const Directory& directory() const { return directory_; }
  Directory& contacts() const { return directory_; }
  const sync::Schema& schema() const { return schema_; }

  // Server clock of this turn, milliseconds since 1970.
  int64_t now_ms() const { return now_ms_; }
  void set_now_ms(int64_t now_ms) { now_ms_ = now_ms; }
  // What the store answered when it could not be written; OK as long as it could.
  const absl::Status& failure() const { return failure_; }

 private:
  absl::Status Done(absl::Status committed, const Tables& tables);

  Store& store_;
  Directory& directory_;
  const sync::Schema& schema_;
  int64_t now_ms_ = 0;
  absl::Status failure_;
};

}  // namespace sotay::server
