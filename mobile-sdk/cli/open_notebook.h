// The notebook a command works on, with the one who reads its output.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "mobile-sdk/cli/invocation.h"
#include "mobile-sdk/cli/reader.h"
#include "sotay/notebook.h"

namespace sotay::cli {

struct OpenNotebook {
  std::shared_ptr<const sync::Schema> schema;
  std::unique_ptr<sdk::Notebook> notebook;
  Reader reader;
};

// Makes a notebook in --dir, and the directories above it.  `device_name` empty: the machine's
// own name.  Fails as Notebook::Enroll.
absl::Status EnrollInto(const Invocation& run, const std::string& invitation,
                        const std::string& device_name);

// Lets the one that is there in again.  Fails as Notebook::EnrollAgain.
absl::Status EnrollAgain(const Invocation& run, const std::string& invitation);

// Opens the notebook in --dir with the types of --schema.  kNotFound says how to enrol; kUnknown
// when another program has it open; else as Notebook::Open and LoadSchema.
absl::StatusOr<OpenNotebook> OpenFor(const Invocation& run);

// Signatures of a record that count (Notebook::Signatures), without how they stand; into `apart` go
// the others.
absl::StatusOr<std::vector<sync::MergedRecord>> SignaturesHere(
    const OpenNotebook& open, const sync::RecordId& id,
    std::vector<sdk::RecordView>* apart = nullptr);

}  // namespace sotay::cli
