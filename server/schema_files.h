// The record types this server knows: the built-in ones of casework.v1, and an organisation's
// own, brought as descriptor sets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/schema.h"

namespace sotay::server {

// Fails with kNotFound or kPermissionDenied as reading a file does, and with kInvalidArgument,
// naming the file, when one is no descriptor set or declares what a schema may not.
absl::StatusOr<std::shared_ptr<const sync::Schema>> LoadSchema(
    const std::vector<std::string>& descriptor_files);

}  // namespace sotay::server
