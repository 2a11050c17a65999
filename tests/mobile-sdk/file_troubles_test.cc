// What goes wrong with a file: it is damaged, too large, not taken, or there is no room for it.  It
// holds up no other file and no note, and what is another's leaves with its dossier.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "mobile-sdk/core/forgetting.h"
#include "sync/status_macros.h"
#include "tests/mobile-sdk/file_room.h"
#include "tests/support/process.h"

namespace sotay::sdk {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::IsOk;
using tests::RefusedFor;
using tests::StatusIs;

constexpr int64_t kHourMs = 3'600'000;

class FileTroubles : public tests::FileRoom {
 protected:
  sync::RecordId Attached(const std::string& bytes) {
    const auto id = Attach(bytes);
    EXPECT_THAT(id, IsOk());
    return id.value_or(sync::RecordId());
  }
  // Everything that is to send, as far as it goes.
  absl::Status SendAll() {
    for (;;) {
      SOTAY_ASSIGN_OR_RETURN(const FileStep step, files_->Once());
      if (step.idle) return absl::OkStatus();
    }
  }
  // The notes are through, and nothing of a file has gone.
  void StandWithNotesSent() {
    ASSERT_THAT(phone_->Sync(), IsOk());
    Stand();
  }
  size_t Count(const std::string& call) {
    const std::vector<std::string> calls = server_.TakeCalls();
    return static_cast<size_t>(std::count(calls.begin(), calls.end(), call));
  }
  bool IsOnDisk(const sync::RecordId& id) { return phone_.Disk().files.count(PathOf(id)) != 0; }
  // As another's that was fetched.
  void MakeFetched(const sync::RecordId& id, bool to_send) {
    stored::v1::PhoneFile row = Row(id);
    row.set_fetched(true);
    row.set_to_send(to_send);
    StoreBatch batch;
    batch.PutFile(id, row);
    ASSERT_THAT(desk_.store->Commit(batch), IsOk());
  }
};

TEST_F(FileTroubles, ADamagedFileHoldsUpNoOther) {
  const sync::RecordId bad = Attached("the smallest goes first");
  const sync::RecordId good = Attached(std::string(2 * kPieceBytes, 'g'));
  ASSERT_THAT(phone_->Sync(), IsOk());
  phone_.Close();
  Damage(bad);
  Stand();
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_TRUE(server_.taken[good.str()].whole);
  EXPECT_FALSE(server_.taken[bad.str()].whole);
  EXPECT_TRUE(Row(bad).damaged());
  EXPECT_TRUE(Row(bad).to_send());
  EXPECT_FALSE(Row(bad).not_taken());
  // By itself it waits, and then is tried again; a person need not wait.
  server_.TakeCalls();
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_THAT(server_.TakeCalls(), IsEmpty());
  phone_.clock_ms += 6 * kHourMs;
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_EQ(Count("ask"), 1u);
  files_->TryAgain();
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_EQ(Count("ask"), 1u);
}

TEST_F(FileTroubles, WhatKeepsAllIsToldAndNothingElseIsTried) {
  Attached("one");
  Attached("another");
  StandWithNotesSent();
  for (const absl::Status& weather :
       {absl::UnavailableError("no network"),
        RefusedFor(absl::StatusCode::kResourceExhausted, v1::REASON_STORAGE)}) {
    server_.weather = [&](const auto&, const auto&) { return weather; };
    server_.TakeCalls();
    EXPECT_EQ(SendAll().code(), weather.code());
    EXPECT_THAT(server_.TakeCalls(), SizeIs(1));
  }
  server_.weather = nullptr;
  EXPECT_THAT(SendAll(), IsOk());
  EXPECT_TRUE(server_.taken.begin()->second.whole && server_.taken.rbegin()->second.whole);
}

TEST_F(FileTroubles, AQuotaThatPassesIsNoRefusalAndOneOnSizeIs) {
  const sync::RecordId small = Attached("small");
  const sync::RecordId large = Attached(std::string(2'000, 'l'));
  StandWithNotesSent();
  server_.weather = [&](const std::string& call, const v1::BlobName&) {
    return call == "send" ? RefusedFor(absl::StatusCode::kResourceExhausted, v1::REASON_QUOTA)
                          : absl::OkStatus();
  };
  server_.file_bytes_max = 1'000;
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_FALSE(Row(small).not_taken());
  EXPECT_TRUE(Row(large).not_taken());
  server_.weather = nullptr;
  phone_.clock_ms += kHourMs;
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_TRUE(server_.taken[small.str()].whole);
  EXPECT_FALSE(Row(large).not_taken()) << "the server has another limit now";
}

TEST_F(FileTroubles, AWholeThatIsRefusedIsNotSentForEver) {
  const sync::RecordId id = Attached("as it was attached");
  StandWithNotesSent();
  server_.weather = [&](const std::string& call, const v1::BlobName& blob) {
    if (call == "finish") server_.taken[blob.record_id()].bytes += "what the disk made of it";
    return absl::OkStatus();
  };
  for (int day = 0; day < 10; ++day) {
    files_->TryAgain();
    ASSERT_THAT(SendAll(), IsOk());
  }
  EXPECT_EQ(Count("finish"), kWholesMax);
  EXPECT_TRUE(Row(id).not_taken());
  EXPECT_TRUE(Row(id).to_send()) << "it is here, and is shown";
  EXPECT_FALSE(Row(id).damaged());
  // Another life of the server's store may take it.
  server_.weather = nullptr;
  StoreBatch batch;
  ASSERT_THAT(OfferAnew(*desk_.store, "", &batch), IsOk());
  ASSERT_THAT(desk_.store->Commit(batch), IsOk());
  files_->TryAgain();
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_TRUE(server_.taken[id.str()].whole);
  EXPECT_FALSE(Row(id).not_taken());
}

TEST_F(FileTroubles, WhatTheServerHasIsFetchedAnewWhereItIsDamagedHere) {
  const std::string bytes(kPieceBytes + 5, 'p');
  const sync::RecordId id = Attached(bytes);
  const auto open = [&] {
    return Notebook::Open(
        phone_.dir(), nullptr, phone_.surroundings(),
        std::make_unique<tests::FileLink>(&office_.hub, phone_.device(), phone_.weather, &server_));
  };
  phone_.Close();
  {
    const auto notebook = open();
    ASSERT_THAT(notebook, IsOk());
    ASSERT_THAT((*notebook)->Sync(), IsOk());
    ASSERT_THAT((*notebook)->SendFiles(), IsOk());
  }
  Damage(id);
  const auto notebook = open();
  ASSERT_THAT(notebook, IsOk());
  std::string saved;
  const auto save = [&] {
    saved.clear();
    return (*notebook)->SaveFile(id, [&](const std::string& some) {
      saved += some;
      return absl::OkStatus();
    });
  };
  EXPECT_THAT(save(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("save it again")));
  EXPECT_TRUE((*notebook)->ListFiles()->front().damaged);
  EXPECT_EQ((*notebook)->GetStatus()->files_damaged, 1u);
  ASSERT_THAT(save(), IsOk());
  EXPECT_EQ(saved, bytes);
  EXPECT_FALSE((*notebook)->ListFiles()->front().damaged);
}

TEST_F(FileTroubles, WhatTheServerWouldNotTakeIsNotAttached) {
  EXPECT_THAT(Attach(std::string((size_t{64} << 20) + 1, 'x')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("67108864 bytes")));
  Attached("to be asked about");
  StandWithNotesSent();
  server_.file_bytes_max = 1'000;
  ASSERT_THAT(SendAll(), IsOk());
  desk_.store.reset();
  ASSERT_THAT(phone_.Open(), IsOk());
  const auto refused = Attach(std::string(1'001, 'x'));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("1000 bytes")));
  EXPECT_EQ(DetailOf(refused.status()).reason(), v1::REASON_TOO_LARGE);
  EXPECT_THAT(Attach(std::string(1'000, 'x')), IsOk());
  EXPECT_THAT(*phone_->ListFiles(), SizeIs(2));
}

TEST_F(FileTroubles, FilesLeaveRoomForNotes) {
  phone_.free_bytes = kReserveBytes + kPieceBytes;
  EXPECT_THAT(Attach(std::string(kPieceBytes, 'x')), IsOk());
  phone_.free_bytes = kReserveBytes + kPieceBytes - 1;
  EXPECT_THAT(Attach(std::string(kPieceBytes, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free some space")));
  EXPECT_THAT(*phone_->ListFiles(), SizeIs(1));
  for (const auto& [name, content] : phone_.Disk().files) {
    EXPECT_THAT(name, Not(HasSubstr(".part")));
  }
  EXPECT_THAT(phone_->Create("note", "", visit_, {tests::Text("body", "Vẫn ghi được.")}), IsOk());
}

TEST_F(FileTroubles, NothingIsFetchedThatThereIsNoRoomFor) {
  const sync::RecordId id = Attached("photograph");
  StandWithNotesSent();
  server_.TakeCalls();
  stored::v1::PhoneFile row = Row(id);
  row.set_size(1'000'000);
  phone_.free_bytes = kReserveBytes + 999'999;
  EXPECT_THAT(files_->Fetch(id, row, nullptr), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(server_.TakeCalls(), IsEmpty());
  EXPECT_TRUE(IsOnDisk(id)) << "what was there stays";
}

TEST_F(FileTroubles, OthersFilesLeaveWithTheirDossierThoughARestoredServerIsOfferedThem) {
  const sync::RecordId own = Attached("made here");
  const sync::RecordId others = Attached("fetched");
  StandWithNotesSent();
  MakeFetched(others, /*to_send=*/false);
  StoreBatch restored;
  ASSERT_THAT(OfferAnew(*desk_.store, "", &restored), IsOk());
  ASSERT_THAT(desk_.store->Commit(restored), IsOk());
  EXPECT_TRUE(Row(others).to_send());
  sync::Absorbed absorbed;
  absorbed.progress = *desk_.store->Progress();
  absorbed.removed_dossiers = {visit_};
  Undone undone;
  StoreBatch gone;
  const auto forgotten = Forget(*desk_.store, absorbed, &undone, &gone);
  ASSERT_THAT(forgotten, IsOk());
  EXPECT_TRUE(forgotten->files);
  ASSERT_THAT(desk_.store->Commit(gone), IsOk());
  ASSERT_THAT(desk_.files->Sweep(*desk_.store), IsOk());
  EXPECT_FALSE(IsOnDisk(others));
  EXPECT_TRUE(IsOnDisk(own)) << "it is nowhere else yet";
  EXPECT_TRUE(Row(own).leaving());

  // The dossier comes back: it is the user's again, and stays when it has been sent.
  sync::Absorbed back;
  back.records.emplace(visit_, sync::MergedRecord(nullptr, visit_, "", "", visit_));
  StoreBatch welcome;
  ASSERT_THAT(WelcomeBack(*desk_.store, back, &undone, &welcome), IsOk());
  ASSERT_THAT(desk_.store->Commit(welcome), IsOk());
  EXPECT_FALSE(Row(own).leaving());
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_TRUE(IsOnDisk(own));
}

TEST_F(FileTroubles, ALeavingFileOfAnothersThatTheServerDoesNotKnowGoes) {
  const sync::RecordId own = Attached("made here");
  const sync::RecordId others = Attached("fetched");
  StandWithNotesSent();
  MakeFetched(others, /*to_send=*/true);
  for (const sync::RecordId& id : {own, others}) {
    stored::v1::PhoneFile row = Row(id);
    row.set_leaving(true);
    StoreBatch batch;
    batch.PutFile(id, row);
    ASSERT_THAT(desk_.store->Commit(batch), IsOk());
  }
  server_.weather = [](const auto&, const auto&) { return absl::NotFoundError("the file"); };
  ASSERT_THAT(SendAll(), IsOk());
  EXPECT_FALSE(IsOnDisk(others));
  EXPECT_TRUE(IsOnDisk(own));
}

TEST(FilesSweep, LeavesWhatIsNotOursAlone) {
  namespace fs = std::filesystem;
  const tests::Workspace space;
  const auto store = Store::Open(space / "notebook", Surroundings(), true);
  ASSERT_THAT(store, IsOk());
  Files files(space / "notebook/files", FilesOf(Surroundings()));
  const std::string ours = space / "notebook/files/" + std::string(32, 'a');
  fs::create_directories(space / "notebook/files/lost+found");
  // One that cannot be removed, before the others by its name.
  fs::create_directories(space / "notebook/files/" + std::string(32, '0') + "/in");
  for (const std::string& name : {ours, ours + ".part", space / "notebook/files/ghi.txt"}) {
    std::ofstream(name) << "x";
  }
  EXPECT_FALSE(files.Sweep(**store).ok());
  EXPECT_FALSE(fs::exists(ours));
  EXPECT_FALSE(fs::exists(ours + ".part"));
  EXPECT_TRUE(fs::exists(space / "notebook/files/ghi.txt"));
  fs::remove_all(space / "notebook/files/" + std::string(32, '0'));
  EXPECT_THAT(files.Sweep(**store), IsOk());
  EXPECT_TRUE(fs::exists(space / "notebook/files/lost+found"));
}

}  // namespace
}  // namespace sotay::sdk
