// What a note of Vietnamese prose costs on the wire, seen by a wire with a meter.
#include <zstd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/status_macros.h"
#include "tests/bench/figures.h"
#include "tests/bench/stage.h"

namespace sotay::bench {
namespace {

constexpr size_t kPushNotes = 50;
constexpr size_t kPushes = 9;
constexpr double kBytesMax = 450;

// Bytes a note of `bodies` alone, nothing around them, in one zstd frame of the product's level.
double ZstdBytes(const std::vector<std::string>& bodies) {
  std::string all;
  for (const std::string& body : bodies) all += body;
  std::string packed(ZSTD_compressBound(all.size()), '\0');
  const size_t size = ZSTD_compress(packed.data(), packed.size(), all.data(), all.size(), 3);
  return static_cast<double>(size) / static_cast<double>(bodies.size());
}

// Medians a note.
struct Cost {
  std::vector<double> up, down;
  double both() const { return Median(up) + Median(down); }
};

// Writes `pushes` times `notes` notes and syncs after each.
absl::StatusOr<Cost> Measure(Premises* premises, sdk::Notebook* notebook, Prose* prose,
                             const sync::RecordId& dossier, size_t notes, size_t pushes) {
  using Kind = sdk::Edit::Kind;
  Cost cost;
  for (size_t push = 0; push < pushes; ++push) {
    for (size_t i = 0; i < notes; ++i) {
      const auto created = notebook->Create("note", "", dossier,
                                            {{Kind::kSet, "kind", "", "NOTE_KIND_SCENE"},
                                             {Kind::kText, "body", "", prose->Note(kNoteBytes)},
                                             {Kind::kSet, "occurred_ms", "", "1794200000000"}});
      if (!created.ok()) return created.status();
    }
    const Traffic before = premises->proxy->CountedWhenQuiet();
    SOTAY_RETURN_IF_ERROR(notebook->Sync());
    const Traffic passed = premises->proxy->CountedWhenQuiet() - before;
    if (passed.connections != 0) return absl::InternalError("wire: the connection was lost");
    cost.up.push_back(static_cast<double>(passed.up) / static_cast<double>(notes));
    cost.down.push_back(static_cast<double>(passed.down) / static_cast<double>(notes));
  }
  return cost;
}

}  // namespace

absl::Status WireBench(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Premises> premises, stage->NewPremises(1));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<sdk::Notebook> notebook, premises->NewNotebook());
  const Traffic before = premises->proxy->CountedWhenQuiet();
  SOTAY_RETURN_IF_ERROR(notebook->Sync());
  const Traffic opening = premises->proxy->CountedWhenQuiet() - before;
  SOTAY_ASSIGN_OR_RETURN(
      const sync::RecordId dossier,
      notebook->Create("inspection", premises->fleet->unit_id(), absl::nullopt,
                       {{sdk::Edit::Kind::kSet, "kind", "", "INSPECTION_KIND_SCENE_EXAMINATION"}}));
  SOTAY_RETURN_IF_ERROR(notebook->Sync());

  std::vector<double> single, joined, length;
  for (size_t push = 0; push < kPushes; ++push) {
    std::vector<std::string> bodies;
    for (size_t i = 0; i < kPushNotes; ++i) {
      bodies.push_back(stage->prose().Note(kNoteBytes));
      length.push_back(static_cast<double>(bodies.back().size()));
      single.push_back(ZstdBytes({bodies.back()}));
    }
    joined.push_back(ZstdBytes(bodies));
  }
  SOTAY_ASSIGN_OR_RETURN(const Cost fifty, Measure(premises.get(), notebook.get(), &stage->prose(),
                                                   dossier, kPushNotes, kPushes));
  SOTAY_ASSIGN_OR_RETURN(const Cost one, Measure(premises.get(), notebook.get(), &stage->prose(),
                                                 dossier, 1, kPushes));
  Table& table = stage->table();
  table.Add({"wire.push_50_bytes", "a note of 600 bytes on the wire, in pushes of 50, both ways",
             fifty.both(), "B", 0, Bound::kAtMost, kBytesMax});
  table.Add({"wire.push_50_up", "  of these from the phone", Median(fifty.up), "B"});
  table.Add({"wire.push_50_down", "  and to it", Median(fifty.down), "B"});
  table.Add({"wire.push_1_bytes", "  the same, in pushes of one", one.both(), "B"});
  table.Add({"wire.push_1_up", "  of these from the phone", Median(one.up), "B"});
  table.Add({"wire.opening_bytes", "  not counted: opening a connection, an empty exchange",
             static_cast<double>(opening.both()), "B"});
  table.Add({"wire.note_bytes", "  a note's words", Median(length), "B"});
  table.Add(
      {"wire.zstd_1_bytes", "  words of one note alone, packed by zstd", Median(single), "B"});
  table.Add({"wire.zstd_50_bytes", "  words of 50 notes alone, packed as one, a note",
             Median(joined), "B"});
  return absl::OkStatus();
}

}  // namespace sotay::bench
