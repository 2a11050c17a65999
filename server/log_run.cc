#include "server/log_run.h"

namespace sotay::server {

absl::optional<LogRun> LogRun::Read(const KeyParts& key, absl::string_view value) {
  LogRun run;
  run.unit_ = key.name;
  run.last_ = key.number;
  if (!run.row_.ParseFromArray(value.data(), static_cast<int>(value.size()))) return absl::nullopt;
  const auto device = sync::DeviceId::From(run.row_.device_id());
  const uint64_t count = run.count();
  if (!device.has_value() || count == 0 || count > kLogRunMax || count > run.last_ ||
      run.row_.change_ids().size() != count * sync::ChangeId::kSize ||
      (run.row_.sealed_through() == 0 ? count != 1 : !run.row_.change().empty())) {
    return absl::nullopt;
  }
  run.device_ = *device;
  return run;
}

sync::ChangeId LogRun::ChangeIdAt(uint64_t position) const {
  const absl::string_view ids = row_.change_ids();
  return *sync::ChangeId::From(
      ids.substr((position - first()) * sync::ChangeId::kSize, sync::ChangeId::kSize));
}

}  // namespace sotay::server
