// How a notebook begins.  Notebook::Enroll asks the server over the network; what it does on disk
// is here, so that a simulation can found notebooks without one.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "sotay/notebook.h"
#include "sotay/stored/v1/phone.pb.h"

namespace sotay::sdk {

// Makes the store of a new notebook in `dir`.  kAlreadyExists when there is one; otherwise as
// Store::Open and Store::Commit.
absl::Status Found(const std::string& dir, const stored::v1::NotebookMeta& meta,
                   const Surroundings& surroundings);

}  // namespace sotay::sdk
