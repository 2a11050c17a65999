// A phone that writes and syncs until it is killed: `phone DIR INSPECTION`.  Prints a line for
// everything it was told is saved: "note ID", "step", after the call returned.
#include <cstdio>
#include <string>

#include "sotay/notebook.h"

int main(int argc, char** argv) {
  using sotay::sdk::Edit;
  if (argc != 3) return 2;
  auto notebook = sotay::sdk::Notebook::Open(argv[1]);
  if (!notebook.ok()) {
    std::fprintf(stderr, "%s\n", notebook.status().ToString().c_str());
    return 1;
  }
  const auto inspection = (*notebook)->Find(argv[2]);
  if (!inspection.ok()) return 1;
  for (int i = 0;; ++i) {
    Edit kind;
    kind.field = "kind";
    kind.value = "scene";
    Edit body;
    body.kind = Edit::Kind::kText;
    body.field = "body";
    body.value = "Ghi chép số " + std::to_string(i) + ": mô tô đã bị dịch 1,2 m.";
    const auto note = (*notebook)->Create("note", "", *inspection, {kind, body});
    if (!note.ok()) return 1;
    std::printf("note %s\n", note->Hex().c_str());
    std::fflush(stdout);
    Edit step;
    step.kind = Edit::Kind::kCount;
    step.field = "tallies";
    step.key = "nguoi";
    step.value = "1";
    if (!(*notebook)->Change(*inspection, {step}).ok()) return 1;
    std::printf("step\n");
    std::fflush(stdout);
    if (i % 2 == 1) (*notebook)->Sync().IgnoreError();
  }
}
