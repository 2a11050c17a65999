// Names behind ids, for people.  An id nobody has named stands for itself.  Value; reading from
// any thread.
#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "sotay/v1/sync_service.pb.h"

namespace sotay::cli {

class Names {
 public:
  Names() = default;
  explicit Names(const v1::Directory& directory);

  void AddPerson(const std::string& user_id, const std::string& full_name);
  void AddUnit(const std::string& unit_id, const std::string& name);

  // "Nguyễn Ưu Đàm", or the id.
  const std::string& Person(const std::string& user_id) const;
  // "VKSND khu vực 3 – Sông Mây", or the id.
  const std::string& Unit(const std::string& unit_id) const;
  bool HasPerson(const std::string& user_id) const { return people_.count(user_id) != 0; }

 private:
  std::map<std::string, std::string> people_;
  std::map<std::string, std::string> units_;
};

}  // namespace sotay::cli
