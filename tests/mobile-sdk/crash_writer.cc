// Writes notes into a notebook until somebody kills it, and says of each, after the notebook has
// told it is saved: "<record id> <number>".  Started by notebook_crash_test.
//
//   crash_writer DIRECTORY KEY FIRST_NUMBER
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "mobile-sdk/core/vault.h"
#include "sync/seal/key.h"
#include "tests/mobile-sdk/no_link.h"
#include "tests/mobile-sdk/phone.h"

namespace sotay::tests {
namespace {

int WriteForEver(const std::string& dir, const std::string& key_path, uint64_t number) {
  auto key = seal::SigningKey::Load(key_path);
  if (!key.ok()) return 2;
  sdk::Surroundings around;
  around.vault = std::make_shared<const sdk::Vault>(*std::move(key), "", "");
  auto notebook = sdk::Notebook::Open(dir, nullptr, around, std::make_unique<NoLink>());
  if (!notebook.ok()) return 3;
  auto root = (*notebook)->Create("inspection", "", absl::nullopt, {Set("kind", "prison")});
  if (!root.ok()) return 4;
  absl::optional<sync::RecordId> last;
  for (;; ++number) {
    const std::string body = absl::StrCat("Ghi chép ", number, ".", std::string(number % 700, '.'));
    // Two births, then an edit: batches of different shape.
    if (!last.has_value() || number % 3 != 2) {
      auto note = (*notebook)->Create("note", "", *root, {Text("body", body)});
      if (!note.ok()) return 5;
      last = *note;
    } else if (!(*notebook)->Change(*last, {Text("body", body)}).ok()) {
      return 6;
    }
    const std::string said = absl::StrCat(last->Hex(), " ", number, "\n");
    if (write(STDOUT_FILENO, said.data(), said.size()) != static_cast<ssize_t>(said.size())) {
      return 7;
    }
  }
}

}  // namespace
}  // namespace sotay::tests

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  return sotay::tests::WriteForEver(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10));
}
