#include "tests/bench/text/hostile_writer.h"

#include "absl/strings/str_format.h"
#include "sync/text.h"
#include "sync/text_splices.h"

namespace sotay::bench {
namespace {

constexpr size_t kTextBytes = 200'000;

}  // namespace

HostileWriter::HostileWriter(std::string name, std::string what) {
  text_ = {std::move(name), std::move(what), {}};
}

sync::VersionVector HostileWriter::Write(size_t device, sync::VersionVector seen,
                                         const Splices& splices) {
  if (!length_.has_value() || !(measured_ == seen)) {
    length_ = static_cast<uint32_t>(*sync::ScalarCount(merge_.At(seen).text));
    measured_ = seen;
  }
  return WriteOn(*length_, device, std::move(seen), splices);
}

sync::VersionVector HostileWriter::WriteOn(uint32_t length, size_t device, sync::VersionVector seen,
                                           const Splices& splices) {
  const uint64_t sequence = text_.edits.size() + 1;
  HostileEdit one = {
      *sync::DeviceId::From(absl::StrFormat("%016x", device)), sequence, std::move(seen), {}};
  one.edit.set_length_before(length);
  splices(&one.edit, length);
  const auto read = sync::TextSplices::Read({&one.edit});
  const absl::Status status = !read.ok() ? read.status()
                                         : merge_.Add(sequence, HostileChange(sequence), one.device,
                                                      sequence, one.seen, *read);
  if (!status.ok()) failed_ = status;
  sync::VersionVector after = one.seen;
  after.Add(one.device, sequence);
  bytes_ += kChangeBytes + one.edit.ByteSizeLong();
  text_.edits.push_back(std::move(one));
  return after;
}

bool HostileWriter::full() const { return bytes_ >= kTextBytes || !failed_.ok(); }

void Splice(v1::TextEdit* edit, uint32_t position, uint32_t deleted, const std::string& inserted) {
  v1::TextSplice* const splice = edit->add_splices();
  splice->set_position(position);
  splice->set_deleted(deleted);
  splice->set_inserted(inserted);
}

std::string Repeated(const std::string& words, size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += words;
  return text;
}

sync::ChangeId HostileChange(uint64_t sequence) {
  return *sync::ChangeId::From(absl::StrFormat("%016x%016x", sequence * 0x9E3779B97F4A7C15u, 0));
}

}  // namespace sotay::bench
