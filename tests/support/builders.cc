#include "tests/support/builders.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "casework/v1/assignment.pb.h"
#include "casework/v1/attachment.pb.h"
#include "casework/v1/comment.pb.h"
#include "casework/v1/deadline.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "casework/v1/sign_off.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "sync/fragment.h"
#include "sync/sign.h"

namespace sotay::tests {
namespace {

// FNV-1a with a finish that spreads the last bytes over the whole word.
uint64_t Mix(absl::string_view bytes, uint64_t seed) {
  uint64_t hash = 14695981039346656037u ^ seed;
  for (char c : bytes) {
    hash ^= static_cast<uint8_t>(c);
    hash *= 1099511628211u;
  }
  hash ^= hash >> 29;
  hash *= 0xBF58476D1CE4E5B9u;
  return hash ^ (hash >> 32);
}

std::string Padded(absl::string_view name, size_t size) {
  std::string id(name);
  if (id.size() > size) {
    const uint64_t rest = Mix(name, 0);
    id.resize(size - sizeof(rest));
    for (size_t i = 0; i < sizeof(rest); ++i) id.push_back(static_cast<char>(rest >> (8 * i)));
  }
  id.resize(size, '.');
  return id;
}

// A fragment of one value, present even when the value is the default one.
std::string OneValue(uint32_t field, absl::string_view value) {
  const std::string fragment = sync::StringFragment(field, value);
  if (!fragment.empty()) return fragment;
  std::string empty = sync::StringFragment(field, "x");
  empty.pop_back();
  empty.back() = '\0';
  return empty;
}

}  // namespace

sync::DeviceId DeviceNamed(absl::string_view name) {
  return *sync::DeviceId::From(Padded(name, sync::DeviceId::kSize));
}
sync::RecordId RecordNamed(absl::string_view name) {
  return *sync::RecordId::From(Padded(name, sync::RecordId::kSize));
}
sync::ChangeId ChangeNamed(absl::string_view name) {
  return *sync::ChangeId::From(Padded(name, sync::ChangeId::kSize));
}

sync::ChangeId PlainHash(absl::string_view change_bytes) {
  std::array<char, sync::ChangeId::kSize> id{};
  for (size_t lane = 0; lane < 4; ++lane) {
    const uint64_t word = Mix(change_bytes, 0x9E3779B97F4A7C15u * (lane + 1));
    for (size_t i = 0; i < 8; ++i) id[lane * 8 + i] = static_cast<char>(word >> (8 * i));
  }
  return sync::ChangeId(id);
}

std::string PlainContentHash(absl::string_view signed_content) {
  return PlainHash(signed_content).str();
}

std::shared_ptr<const sync::Schema> CaseworkSchema() {
  static const std::shared_ptr<const sync::Schema> schema =
      sync::Schema::Build(
          {casework::v1::Case::descriptor()->file(), casework::v1::Inspection::descriptor()->file(),
           casework::v1::Note::descriptor()->file(), casework::v1::Finding::descriptor()->file(),
           casework::v1::LegalAction::descriptor()->file(),
           casework::v1::Comment::descriptor()->file(),
           casework::v1::Deadline::descriptor()->file(),
           casework::v1::SignOff::descriptor()->file(),
           casework::v1::Attachment::descriptor()->file(),
           casework::v1::Assignment::descriptor()->file()})
          .value();
  return schema;
}

google::protobuf::FileDescriptorSet ReadDescriptorSet(const std::string& path) {
  google::protobuf::FileDescriptorSet set;
  std::ifstream file(path, std::ios::binary);
  if (!file || !set.ParseFromIstream(&file)) {
    std::fprintf(stderr, "cannot read the descriptor set %s\n", path.c_str());
    std::abort();
  }
  return set;
}

Wish::Wish(absl::string_view record, std::string type) {
  wish_.id = RecordNamed(record);
  wish_.type = std::move(type);
}

v1::FieldOp& Wish::Next(uint32_t field, absl::string_view key) {
  v1::FieldOp& op = wish_.fields.emplace_back().op;
  op.set_field(field);
  op.set_key(std::string(key));
  return op;
}

Wish& Wish::Set(uint32_t field, absl::string_view value, absl::string_view key) {
  std::string fragment = sync::StringFragment(field, value);
  if (!key.empty()) {
    fragment = sync::StringFragment(field, sync::StringFragment(1, key) + OneValue(2, value));
  }
  Next(field, key).set_set(std::move(fragment));
  return *this;
}

Wish& Wish::SetNumber(uint32_t field, uint64_t value) {
  Next(field, "").set_set(sync::VarintFragment(field, value));
  return *this;
}

Wish& Wish::Clear(uint32_t field, absl::string_view key) {
  Next(field, key).set_set("");
  return *this;
}

Wish& Wish::Add(uint32_t field, absl::string_view value) {
  Next(field, "").set_add(OneValue(field, value));
  return *this;
}

Wish& Wish::Remove(uint32_t field, absl::string_view value) {
  Next(field, "").set_remove(OneValue(field, value));
  return *this;
}

Wish& Wish::Append(uint32_t field, absl::string_view value) {
  Next(field, "").set_append(OneValue(field, value));
  return *this;
}

Wish& Wish::Count(uint32_t field, int64_t step, absl::string_view key) {
  Next(field, key).set_count(step);
  return *this;
}

Wish& Wish::Text(uint32_t field, std::string whole) {
  Next(field, "");
  wish_.fields.back().whole_text = std::move(whole);
  return *this;
}

Wish& Wish::Op(v1::FieldOp op) {
  wish_.fields.emplace_back().op = std::move(op);
  return *this;
}

Wish& Wish::Measured(absl::string_view what, absl::string_view value, absl::string_view unit) {
  casework::v1::Measurement measurement;
  measurement.set_value(std::string(value));
  measurement.set_unit(std::string(unit));
  return Set(casework::v1::Note::kMeasurementsFieldNumber, measurement.SerializeAsString(), what);
}

Wish Note(absl::string_view name) { return Wish(name, "casework.v1.Note"); }

Wish NewCase(absl::string_view name, absl::string_view title) {
  return Case(name)
      .SetNumber(casework::v1::Case::kKindFieldNumber, casework::v1::CASE_KIND_CRIMINAL)
      .Set(casework::v1::Case::kTitleFieldNumber, title);
}

Wish Case(absl::string_view name) { return Wish(name, "casework.v1.Case"); }

sync::RecordWish SignOffOf(const sync::MergedRecord& object, absl::string_view name,
                           const SignOffWords& words, sync::ContentHash hash) {
  using casework::v1::SignOff;
  sync::SigningWords signing;
  signing.id = RecordNamed(name);
  signing.read_again = words.read_again;
  if (!words.supersedes.empty()) signing.supersedes = RecordNamed(words.supersedes);
  sync::RecordWish wish =
      sync::WishToSign(*CaseworkSchema()->Find("signoff"), object, signing, hash);
  v1::FieldOp& op = wish.fields.emplace_back().op;
  op.set_field(SignOff::kDecisionFieldNumber);
  op.set_set(sync::VarintFragment(op.field(), static_cast<uint64_t>(words.decision)));
  return wish;
}

v1::FieldOp OnlyOp(const Wish& wish) { return wish.wish().fields.front().op; }

}  // namespace sotay::tests
