// Replicas that merge as the product does and show the fields of one rule otherwise.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sotay/options/v1/options.pb.h"
#include "tests/laws/replica.h"

namespace sotay::laws {

// Shows each field of one rule otherwise than it stands.
class Bends : public Replica {
 public:
  using Replica::Replica;

  v1::Record Now() const override {
    v1::Record record = Replica::Now();
    for (v1::FieldState& field : *record.mutable_fields()) {
      const sync::RecordType* type = record_.type();
      const sync::FieldType* known = type == nullptr ? nullptr : type->Field(field.field());
      Bend(known == nullptr ? options::v1::RULE_UNSPECIFIED : known->rule, record, &field);
    }
    return record;
  }

 protected:
  virtual void Bend(sync::Rule rule, const v1::Record& record, v1::FieldState* field) const = 0;

  void Apply(const sync::HistoryNode& node) override {
    arrivals_.emplace(node.author.change.str(), arrivals_.size());
    Replica::Apply(node);
  }
  // Puts the readings in the order in which their changes came.
  void ByArrival(const v1::Record& record, v1::FieldState* field) const {
    const auto arrival = [&](const v1::Reading& reading) {
      return arrivals_.at(record.changes(static_cast<int>(reading.change())).change_id());
    };
    std::stable_sort(
        field->mutable_readings()->begin(), field->mutable_readings()->end(),
        [&](const v1::Reading& a, const v1::Reading& b) { return arrival(a) < arrival(b); });
  }

 private:
  std::map<std::string, size_t> arrivals_;
};

class LogByArrival : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record& record, v1::FieldState* field) const override {
    if (rule == options::v1::RULE_LOG) ByArrival(record, field);
  }
};

class StateByArrival : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record& record, v1::FieldState* field) const override {
    if (rule == options::v1::RULE_STATE) ByArrival(record, field);
  }
};

// Of a log only the newest entries are kept.
class ShortensLog : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record&, v1::FieldState* field) const override {
    if (rule != options::v1::RULE_LOG || field->readings_size() < 3) return;
    field->mutable_readings()->DeleteSubrange(0, field->readings_size() - 2);
  }
};

// What was written once may be written again.
class OnceTakesTheLatest : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record&, v1::FieldState* field) const override {
    if (rule != options::v1::RULE_ONCE || field->readings_size() < 2) return;
    field->mutable_readings()->DeleteSubrange(0, field->readings_size() - 1);
  }
};

// Of a set only one author of each value is kept.
class SetKeepsOneAuthor : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record&, v1::FieldState* field) const override {
    if (rule != options::v1::RULE_SET) return;
    std::set<std::string> values;
    auto* readings = field->mutable_readings();
    readings->erase(std::remove_if(readings->begin(), readings->end(),
                                   [&](const v1::Reading& reading) {
                                     return !values.insert(reading.value()).second;
                                   }),
                    readings->end());
  }
};

// A reading that is much older than the newest is left out.
class OldClocksLose : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record& record, v1::FieldState* field) const override {
    if (rule != options::v1::RULE_REGISTER) return;
    const auto stamp = [&](int at) {
      return record.changes(static_cast<int>(field->readings(at).change())).stamp();
    };
    while (field->readings_size() > 1 && stamp(field->readings_size() - 1) + 2 < stamp(0)) {
      field->mutable_readings()->RemoveLast();
    }
  }
};

// Of a LATEST the newest alone is kept, though another may be newer for all anybody knows.
class BelievesUnknownTimes : public Bends {
 public:
  using Bends::Bends;

 protected:
  void Bend(sync::Rule rule, const v1::Record&, v1::FieldState* field) const override {
    if (rule != options::v1::RULE_LATEST || field->readings_size() < 2) return;
    field->mutable_readings()->DeleteSubrange(1, field->readings_size() - 1);
  }
};

}  // namespace sotay::laws
