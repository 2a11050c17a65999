// A packed history, from whoever answers for the server: bytes as they are, or a history that
// was written and then changed in a few places.  What is read can be written and read again, and be
// merged or refused; what was not changed comes back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "sync/history_columns.h"
#include "sync/limits.h"
#include "sync/seal/packed_history.h"
#include "tests/fuzz/require.h"

namespace {

using namespace sotay;
using fuzz::Require;

constexpr size_t kEditsMax = 12;

struct Bytes {
  uint8_t Next() { return at < end ? *at++ : 0; }
  const uint8_t* at;
  const uint8_t* end;
};

sync::RecordId Note() { return *sync::RecordId::From(std::string(16, 'n')); }

sync::ChangeId ChangeNumbered(size_t number) {
  return *sync::ChangeId::From(std::string(31, 'c') + static_cast<char>('a' + number));
}

void AddOp(Bytes* bytes, v1::RecordEdit* edit) {
  v1::FieldOp* const op = edit->add_ops();
  const uint8_t kind = bytes->Next();
  op->set_field(kind % 4);
  if ((kind & 0x10) != 0) op->set_key("k");
  if ((kind & 0x20) != 0) return op->set_count(kind);
  if ((kind & 0x40) != 0) return;
  op->mutable_text()->set_length_before(bytes->Next());
  for (int splices = kind >> 6; splices >= 0; --splices) {
    v1::TextSplice* const splice = op->mutable_text()->add_splices();
    splice->set_position(bytes->Next());
    splice->set_deleted(bytes->Next() % 4);
    splice->set_inserted(std::string(bytes->Next() % 4, 'x') + (kind % 2 == 0 ? "ữ" : ""));
  }
}

// Their order is not kept, nor that one is named twice.
void SortParents(v1::RecordEdit* edit) {
  auto* const parents = edit->mutable_parents();
  std::sort(parents->begin(), parents->end());
  parents->erase(std::unique(parents->begin(), parents->end()), parents->end());
}

std::vector<sync::AdmittedEdit> MadeOf(Bytes* bytes) {
  std::vector<sync::AdmittedEdit> edits;
  for (size_t count = bytes->Next() % (kEditsMax + 1); edits.size() < count;) {
    const size_t number = edits.size();
    sync::AdmittedEdit& one = edits.emplace_back();
    const uint8_t who = bytes->Next();
    one.change = ChangeNumbered(number);
    one.device = *sync::DeviceId::From(std::string(16, static_cast<char>('A' + who % 4)));
    one.sequence = number + 1;
    one.claimed_ms = bytes->Next();
    one.edit.set_record_id(Note().str());
    one.edit.set_type(who < 240 ? "t" : "u");
    for (size_t parents = number == 0 ? 0 : (who >> 2) % 3; parents > 0; --parents) {
      *one.edit.add_parents() = ChangeNumbered(bytes->Next() % (number + 1)).str();
    }
    SortParents(&one.edit);
    one.admission.set_stamp(uint64_t{bytes->Next()} << 16);
    one.admission.set_user_id(std::string(1, static_cast<char>('a' + who % 3)));
    if (who % 5 == 0) one.admission.set_skew_ms(who);
    if (who % 7 == 0) one.told.Add(one.device, who);
    if (who % 11 == 0) one.reason = "r";
    for (int ops = bytes->Next() % 3; ops > 0; --ops) AddOp(bytes, &one.edit);
  }
  return edits;
}

// Mostly with plain text, so that what is changed in it reaches the reader of histories.
std::string FormOf(const std::vector<sync::AdmittedEdit>& edits, seal::HistoryText text) {
  return seal::PackColumns(sync::WriteHistory(edits), text).data();
}

std::string PlainFormOf(const std::vector<sync::AdmittedEdit>& edits) {
  return FormOf(edits, seal::HistoryText::kPlain);
}

absl::StatusOr<std::vector<sync::AdmittedEdit>> Unpacked(absl::string_view form) {
  v1::Packed packed;
  packed.set_codec(v1::CODEC_PLAIN);
  packed.set_size(static_cast<uint32_t>(form.size()));
  packed.set_data(form.data(), form.size());
  return seal::UnpackHistory(packed, Note());
}

void Read(absl::string_view bytes) {
  const auto edits = Unpacked(bytes);
  if (!edits.ok()) {
    Require(edits.status().code() == absl::StatusCode::kInvalidArgument,
            "what cannot be read is an invalid argument");
    return;
  }
  Require(edits->size() <= sync::kHistoryPartChangesMax, "nothing passes the limit");
  const auto again = Unpacked(PlainFormOf(*edits));
  Require(again.ok(), "what was read can be written and read");
  Require(PlainFormOf(*again) == PlainFormOf(*edits), "and it is the same");
  sync::History history(sync::MergedRecord(nullptr, Note(), "t", "u", Note()));
  for (const sync::AdmittedEdit& one : *edits) {
    const absl::Status added = history.Add(sync::NodeOf(one));
    if (!added.ok()) return;
  }
  history.At(history.Everything());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes = {data, data + size};
  const uint8_t how = bytes.Next();
  if (how % 4 == 0) {
    Read(absl::string_view(reinterpret_cast<const char*>(bytes.at),
                           static_cast<size_t>(bytes.end - bytes.at)));
    return 0;
  }
  const std::vector<sync::AdmittedEdit> edits = MadeOf(&bytes);
  std::string written =
      FormOf(edits, how % 32 == 1 ? seal::HistoryText::kBrotli : seal::HistoryText::kPlain);
  auto back = Unpacked(written);
  Require(back.ok() && back->size() == edits.size(), "what was written is read");
  for (size_t i = 0; i < edits.size(); ++i) {
    const sync::AdmittedEdit& one = edits[i];
    sync::AdmittedEdit& other = (*back)[i];
    SortParents(&other.edit);
    Require(one.edit.SerializeAsString() == other.edit.SerializeAsString() &&
                one.admission.SerializeAsString() == other.admission.SerializeAsString() &&
                one.change == other.change && one.device == other.device &&
                one.sequence == other.sequence && one.claimed_ms == other.claimed_ms &&
                one.reason == other.reason && one.told == other.told,
            "all of it comes back");
  }
  while (bytes.at < bytes.end) {
    const size_t place = (size_t{bytes.Next()} << 8 | bytes.Next()) % written.size();
    written[place] = static_cast<char>(bytes.Next());
  }
  Read(written);
  return 0;
}
