// Wire fragments: values of fields as strangers' builds wrote them.  What CheckFragment lets pass
// stands in records for good, so it must read back as content, alone and beside others.
#include <iterator>
#include <string>

#include "google/protobuf/empty.pb.h"
#include "google/protobuf/message.h"
#include "sync/fragment.h"
#include "sync/limits.h"
#include "sync/text.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"
#include "tests/fuzz/scripts.pb.h"
#include "tests/support/builders.h"

namespace {

using namespace sotay;
using fuzz::Require;

void CheckOccurrences(absl::string_view bytes) {
  std::string taken;
  sync::Occurrence occurrence;
  absl::string_view rest = bytes;
  while (sync::NextOccurrence(&rest, &occurrence)) {
    Require(occurrence.number > 0 && occurrence.number <= sync::kFieldNumberMax,
            "field numbers are lawful");
    taken.append(occurrence.whole.data(), occurrence.whole.size());
    if (occurrence.wire_type == 2 && !occurrence.payload.empty()) {
      Require(sync::StringFragment(occurrence.number, occurrence.payload) == occurrence.whole,
              "a value has one spelling");
    }
    if (occurrence.wire_type == 0 && occurrence.varint != 0) {
      Require(sync::VarintFragment(occurrence.number, occurrence.varint) == occurrence.whole,
              "a number has one spelling");
    }
  }
  taken.append(rest.data(), rest.size());
  Require(taken == bytes, "nothing is lost between occurrences");
}

void CheckUnknown(const fuzz::FragmentScript& script) {
  const auto number = static_cast<uint32_t>(script.number());
  if (!sync::CheckUnknownFragment(number, script.fragment()).ok()) return;
  google::protobuf::Empty content;
  Require(content.ParseFromString(script.fragment()), "what is unknown can still be carried");
}

void CheckNumbers(const fuzz::FragmentScript& script, const sync::FieldType& field) {
  const auto number = sync::VarintOf(sync::VarintFragment(field.number, script.number()));
  Require(number == script.number(), "a number reads back");
  const std::string text = sync::StringFragment(field.number, script.key());
  Require(sync::StringOf(text) == absl::string_view(script.key()), "a text reads back");
}

}  // namespace

SOTAY_FUZZ_MESSAGE(fuzz::FragmentScript, script) {
  const std::shared_ptr<const sync::Schema> schema = tests::CaseworkSchema();
  const auto type_at =
      std::next(schema->types().begin(), static_cast<int>(script.type() % schema->types().size()));
  const sync::RecordType& type = type_at->second;
  const sync::FieldType& field =
      std::next(type.fields.begin(), static_cast<int>(script.field() % type.fields.size()))->second;
  CheckOccurrences(script.fragment());
  CheckUnknown(script);
  CheckNumbers(script, field);

  // As validate.cc asks: a map field with a key in UTF-8, any other without.
  const std::string key = field.is_map ? script.key() : std::string();
  if (field.is_map && (key.empty() || sync::Utf8Prefix(key) != key.size())) return;
  const std::unique_ptr<google::protobuf::Message> content = schema->New(type);
  if (field.rule == options::v1::RULE_COUNTER) {
    const std::string sum = sync::CounterFragment(field, key, script.total());
    Require(content->ParseFromString(sum), "a sum stands in the content");
    fuzz::RequireOk(sync::CheckFragment(*schema, type, field, key, sum, true),
                    "a sum is a well-formed value");
  }
  const absl::Status status =
      sync::CheckFragment(*schema, type, field, key, script.fragment(), script.may_clear());
  if (!status.ok()) {
    Require(status.code() == absl::StatusCode::kInvalidArgument,
            "a malformed value is an invalid argument");
    return;
  }
  Require(content->ParseFromString(script.fragment()), "a well-formed value stands in the content");
  Require(content->ParseFromString(script.fragment() + script.fragment()),
          "a well-formed value stands beside another");
  sync::StringOf(script.fragment());
  sync::VarintOf(script.fragment());
}
