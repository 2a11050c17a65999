// Packed pushes and answers: declared sizes that lie, frames that are none, bombs.
#include <string>

#include "sotay/v1/sync_service.pb.h"
#include "sync/limits.h"
#include "sync/seal/packed.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/require.h"

SOTAY_FUZZ_MESSAGE(sotay::v1::Packed, packed) {
  namespace seal = sotay::seal;
  using sotay::fuzz::Require;
  const auto raw = seal::Unpack(packed, sotay::sync::kPushBytesMax);
  if (raw.ok()) {
    Require(raw->size() == packed.size(), "what is unpacked has the declared size");
    Require(raw->size() <= sotay::sync::kPushBytesMax, "nothing passes the limit");
    Require(raw->size() <= seal::kPackedRatioMax * packed.data().size(),
            "nothing passes the ratio");
    const auto again = seal::Unpack(seal::Pack(*raw), sotay::sync::kPushBytesMax);
    Require(again.ok() && *again == *raw, "what was unpacked packs again");
    Require(raw->empty() || !seal::Unpack(packed, raw->size() - 1).ok(),
            "the limit is the caller's");
  } else {
    Require(raw.status().code() == absl::StatusCode::kInvalidArgument,
            "a packing that cannot be undone is an invalid argument");
  }
  const sotay::v1::Packed own = seal::Pack(packed.data());
  const auto back = seal::Unpack(own, packed.data().size());
  Require(back.ok() && *back == packed.data(), "whatever is packed unpacks");

  const std::string push(packed.data().rbegin(), packed.data().rend());
  const auto answer = seal::Unpack(packed, sotay::sync::kRecordsBytesMax, push);
  Require(!answer.ok() || answer->size() == packed.size(),
          "what is unpacked after a push has the declared size");
  const auto behind = seal::Unpack(seal::PackAfter(push, packed.data()), push.size(), push);
  Require(behind.ok() && *behind == packed.data(), "whatever is packed after a push unpacks");
}
