// An exported dossier, and whoever tampers with it knowing everything but other people's keys: each
// time the exporter's seal is made anew over what came of it, so that nothing but the proofs inside
// can tell.  Many thousand draws from one seed; each must be found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sync/seal/dossier_check.h"
#include "sync/seal/seal.h"
#include "tests/server/proven_case.h"
#include "tests/server/tampering.h"

namespace sotay::server {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using tests::Tampering;

constexpr size_t kDraws = 10'000;

using TamperedDossier = ProvenCase;

// What docs/evidence.md says that nothing vouches for: with it taken away, whatever is left is
// evidence.
File Evidently(const File& file) {
  File left = file;
  left.dossier.clear_names();
  left.dossier.clear_exported_ms();
  left.dossier.clear_refused();
  left.dossier.clear_refused_after();
  for (v1::GoneChange& gone : *left.dossier.mutable_gone()) {
    gone.clear_after();
    gone.clear_destroyed();
    gone.clear_by();
    gone.clear_done_ms();
    gone.clear_reason();
    v1::Change named;
    if (named.ParseFromString(gone.named())) {
      named.clear_dossier_id();
      gone.set_named(named.SerializeAsString());
    }
  }
  for (v1::ProvenDevice& device : *left.dossier.mutable_devices()) {
    for (v1::EarlierKey& earlier : *device.mutable_earlier()) earlier.clear_through();
  }
  left.dossier.DiscardUnknownFields();
  left.going_on.DiscardUnknownFields();
  return left;
}

// Which of these words differ, when nothing else does.
std::string WordsThatDiffer(const v1::Dossier& a, const v1::Dossier& b) {
  if (a.refused_size() != b.refused_size()) return "refused, and when they came";
  const auto differ = [&](const std::function<void(v1::Dossier*)>& clear) {
    v1::Dossier one = a, two = b;
    clear(&one);
    clear(&two);
    return one.SerializeAsString() == two.SerializeAsString();
  };
  if (differ([](v1::Dossier* d) { d->clear_names(); })) return "names";
  if (differ([](v1::Dossier* d) { d->clear_exported_ms(); })) return "exported_ms";
  if (differ([](v1::Dossier* d) { d->clear_refused_after(); })) return "refused_after";
  if (differ([](v1::Dossier* d) { d->clear_gone(); })) return "gone, and what became of it";
  if (differ([](v1::Dossier* d) {
        for (v1::ProvenDevice& device : *d->mutable_devices()) {
          for (v1::EarlierKey& earlier : *device.mutable_earlier()) earlier.clear_through();
        }
      })) {
    return "through, between the pushes that are here";
  }
  return "several";
}

class Draws {
 public:
  void Found(const std::string& kind) { ++found_[kind]; }
  void Words(const std::string& words) { ++words_[words]; }
  void Same() { ++same_; }
  void Say() const {
    size_t all = 0;
    for (const auto& [kind, count] : found_) {
      std::printf("  %-28s %6zu found\n", kind.c_str(), count);
      all += count;
    }
    std::printf("  %-28s %6zu found\n", "all", all);
    for (const auto& [words, count] : words_) {
      std::printf("  nothing vouches for: %-44s %6zu\n", words.c_str(), count);
    }
    std::printf("  drawn again, as it read the same: %zu\n", same_);
  }

 private:
  std::map<std::string, size_t> found_, words_;
  size_t same_ = 0;
};

TEST_F(TamperedDossier, HasEverythingInIt) {
  const auto report = seal::CheckDossier(
      *tests::CaseworkSchema(), tests::SealedBy(nguyet_.key(), file_.dossier, file_.going_on),
      room_.log_key.PublicKey());
  ASSERT_THAT(report.faults, IsEmpty());
  EXPECT_GE(report.changes.size(), 50u);
  EXPECT_THAT(report.signatures, Not(IsEmpty()));
  EXPECT_GE(file_.dossier.devices_size(), 4);
  EXPECT_GE(file_.dossier.refused_size(), 2);
  EXPECT_EQ(file_.dossier.gone_size(), 1);
  EXPECT_TRUE(file_.dossier.gone(0).destroyed());
  EXPECT_EQ(file_.dossier.handovers_size(), 1);
  EXPECT_EQ(file_.going_on.going_on_size(), 1);
  int rolled = 0, taken_in = 0;
  for (const v1::ProvenDevice& device : file_.dossier.devices()) rolled += device.earlier_size();
  for (const auto& checked : report.changes) taken_in += checked.admission.has_taken_in() ? 1 : 0;
  EXPECT_EQ(rolled, 1);
  EXPECT_EQ(taken_in, 1);
  for (const File& neighbour : neighbours_) {
    EXPECT_THAT(FaultsOf(neighbour.Bytes()), IsEmpty()) << "what is taken from it is sound";
  }
}

TEST_F(TamperedDossier, IsFoundOutInEveryDraw) {
  ASSERT_THAT(FaultsOf(file_.Bytes()), IsEmpty());
  const std::vector<std::pair<std::string, Tampering>> kinds = {
      {"bit flipped", Tampering::kFlip},
      {"value cut", Tampering::kCut},
      {"left out", Tampering::kDrop},
      {"there twice", Tampering::kRepeat},
      {"two swapped", Tampering::kSwap},
      {"moved", Tampering::kMove},
      {"two values exchanged", Tampering::kValues},
      {"out of another dossier", Tampering::kForeign}};
  tests::Tamperer tamperer(20261107);
  Draws draws;
  const std::string as_it_was = file_.Bytes();
  const std::string evidence = Evidently(file_).Bytes();
  for (size_t drawn = 0; drawn < kDraws;) {
    const File& neighbour = neighbours_[tamperer.Below(neighbours_.size())];
    File file = file_;
    std::string bytes, kind, where = "the file";
    const size_t way = tamperer.Below(kinds.size() + 2);
    if (way < kinds.size()) {
      kind = kinds[way].first;
      // The going-on is small beside the rest, and is drawn as often as a tenth of it.
      where = tamperer.Below(10) == 0
                  ? tamperer.Tamper(kinds[way].second, &file.going_on, neighbour.going_on)
                  : tamperer.Tamper(kinds[way].second, &file.dossier, neighbour.dossier);
      if (where.empty()) continue;
      bytes = file.Bytes();
    } else {
      kind = way == kinds.size() ? "bit of the file flipped" : "file cut";
      bytes = way == kinds.size() ? tamperer.Flipped(as_it_was) : tamperer.Cut(as_it_was);
    }
    if (bytes == as_it_was) {
      draws.Same();
      continue;
    }
    if (!FaultsOf(bytes).empty()) {
      draws.Found(kind);
      ++drawn;
      continue;
    }
    File read;
    ASSERT_TRUE(read.dossier.ParseFromString(bytes) && read.going_on.ParseFromString(bytes));
    read.dossier.DiscardUnknownFields();
    read.going_on.DiscardUnknownFields();
    if (read.Bytes() == as_it_was) {
      draws.Same();  // with something in it that nobody reads
      continue;
    }
    ASSERT_EQ(Evidently(read).Bytes(), evidence)
        << kind << " in " << where << " was not found, draw " << drawn;
    draws.Words(WordsThatDiffer(read.dossier, file_.dossier));
  }
  draws.Say();
}

// Whoever also has a phone of their own puts their name to somebody else's words.
TEST_F(TamperedDossier, NobodyPutsTheirNameToWhatAnotherWrote) {
  tests::Tamperer tamperer(7);
  const auto forged = [&](const std::function<void(v1::Dossier*)>& forge) {
    File file = file_;
    forge(&file.dossier);
    return file.Bytes() == file_.Bytes() || !FaultsOf(file.Bytes()).empty();
  };
  const std::string own = nguyet_.device().str();
  for (int at = 0; at < file_.dossier.pushes_size(); ++at) {
    EXPECT_TRUE(forged([&](v1::Dossier* d) {
      v1::ProvenPush& push = *d->mutable_pushes(at);
      seal::PushSeal seal;
      seal.organisation_id = d->organisation_id();
      seal.device = nguyet_.device();
      seal.first_sequence = push.first_sequence();
      std::vector<sync::ChangeId> ids;
      for (size_t i = 0; i < push.change_ids().size(); i += sync::ChangeId::kSize) {
        ids.push_back(*sync::ChangeId::From(push.change_ids().substr(i, sync::ChangeId::kSize)));
      }
      seal.last_sequence = seal.first_sequence + ids.size() - 1;
      seal.previous = push.previous();
      seal.ids = ids;
      if (push.device_id() == own) return;
      push.set_device_id(own);
      push.set_signature(*nguyet_.key().Sign(seal::SealText(seal)));
    })) << "push "
        << at;
  }
  for (int at = 0; at < file_.dossier.changes_size(); ++at) {
    for (const char* user : {"nguyet", "dam", "que", "ngu", "khoa", ""}) {
      EXPECT_TRUE(forged([&](v1::Dossier* d) {
        v1::Admission admission;
        ASSERT_TRUE(admission.ParseFromString(d->changes(at).admission()));
        admission.set_user_id(user);
        d->mutable_changes(at)->set_admission(admission.SerializeAsString());
      })) << "the admission of change "
          << at << " to " << user;
    }
    EXPECT_TRUE(forged([&](v1::Dossier* d) {
      v1::Change change;
      ASSERT_TRUE(change.ParseFromString(d->changes(at).change()));
      change.set_device_id(own);
      d->mutable_changes(at)->set_change(change.SerializeAsString());
    })) << "change "
        << at;
  }
  for (int at = 0; at < file_.dossier.devices_size(); ++at) {
    EXPECT_TRUE(forged([&](v1::Dossier* d) {
      d->mutable_devices(at)->set_user_id(d->devices((at + 1) % d->devices_size()).user_id());
    })) << "device "
        << at;
  }
}

}  // namespace
}  // namespace sotay::server
