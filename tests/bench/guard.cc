// An office with dossiers for named people and a surprise that is hidden.  Its server's processor
// time is measured from outside; then the server is ended, its store is opened here, and what the
// guard does of the same exchange is done alone.
#include "tests/bench/guard.h"

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mobile-sdk/core/builtin_schema.h"
#include "server/access_log.h"
#include "server/access_reading.h"
#include "server/access_rules.h"
#include "server/config.h"
#include "server/directory.h"
#include "server/feed.h"
#include "server/sight.h"
#include "server/supervision.h"
#include "server/watchers.h"
#include "sync/durable/open.h"
#include "sync/status_macros.h"
#include "tests/bench/asker.h"
#include "tests/bench/figures.h"

namespace sotay::bench {
namespace {

constexpr int kReturns = 20;
constexpr size_t kPhones = 10;
// Of ten phones' dossiers: for others, for the reader and others, and a surprise.
constexpr size_t kForOthers = 2;
constexpr size_t kForTheReader = 2;
constexpr size_t kNotes = 200;
constexpr size_t kRound = 10;
constexpr int kGuardRounds = 500;
constexpr int kLists = 50;
constexpr int kListed = 500;
constexpr double kGuardShareMax = 0.05;
// What the line `hidden` may make a list dearer by.
constexpr double kListMax = 1.10;
// As many as the country has: one above, provinces, regions.
constexpr int kProvinces = 34;
constexpr int kRegions = 355;
constexpr char kReader[] = "nguoi-doc-1";
constexpr char kDeputy[] = "cap-pho";
// Of which no dossier of the bench is.
constexpr char kOtherField[] = "khieu_to";

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Some dossiers are for named people, and one phone writes in a surprise.
absl::Status KeepSomeBack(Premises* premises) {
  Fleet* const fleet = premises->fleet.get();
  SOTAY_ASSIGN_OR_RETURN(const Asker head,
                         Asker::Enrol(premises->office.get(), "truong", fleet->unit_id(),
                                      options::v1::ROLE_SUPERVISOR));
  for (size_t i = 0; i < kForOthers + kForTheReader; ++i) {
    // Whoever writes there goes on writing.
    std::vector<std::string> people = {fleet->phone(i).user_id()};
    if (i >= kForOthers) people.push_back(kReader);
    SOTAY_RETURN_IF_ERROR(head.Restrict(fleet->phone(i).dossier().str(), people).status());
  }
  return fleet->phone(kPhones - 1).Begin(/*surprise=*/true);
}

absl::Status WriteNotes(Premises* premises, size_t notes) {
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Delivery> deliveries,
                         premises->fleet->Write({notes, notes, kNoteBytes}));
  return Deliver(deliveries, premises->fleet->size()).first_error;
}

// Microseconds of the server's processor for the reader's catch-up on a hundred records, those that
// are kept back among them.
absl::StatusOr<double> CatchUpUs(Premises* premises, sdk::Notebook* notebook) {
  std::vector<double> us;
  for (int i = 0; i < kReturns; ++i) {
    SOTAY_RETURN_IF_ERROR(WriteNotes(premises, kRound));
    premises->proxy->CountedWhenQuiet();
    const double before = premises->server->CpuSeconds();
    SOTAY_RETURN_IF_ERROR(notebook->Sync());
    us.push_back((premises->server->CpuSeconds() - before) * 1e6);
  }
  return Median(us);
}

// The store of a server that was ended, with the whole country's units beside its own.
struct Archive {
  std::shared_ptr<const sync::Schema> schema = sdk::BuiltinSchema();
  std::unique_ptr<server::Store> store;
  std::unique_ptr<server::Directory> directory;
  // By a table that hides nothing.
  std::unique_ptr<server::Directory> plain;
  // In which nothing was ever kept back.
  std::unique_ptr<server::Directory> never;
  std::string unit;

  absl::StatusOr<server::Caller> CallerNamed(const std::string& user) const {
    for (const v1::DeviceView& device : directory->Devices(nullptr)) {
      if (device.user_id() != user) continue;
      return directory->CallerOf(*sync::DeviceId::From(device.device_id()));
    }
    return absl::InternalError(absl::StrCat("custody: no device of ", user));
  }
};

void AddTheCountry(server::Tables* tables) {
  const auto add = [tables](const std::string& unit, const std::string& parent) {
    v1::Unit& added = tables->units.emplace_back();
    added.set_unit_id(unit);
    added.set_parent_id(parent);
  };
  add("toi-cao", "");
  for (int i = 0; i < kProvinces; ++i) add(absl::StrCat("tinh-", i), "toi-cao");
  for (int i = 0; i < kRegions; ++i) {
    add(absl::StrCat("khu-vuc-", i), absl::StrCat("tinh-", i % kProvinces));
  }
}

absl::StatusOr<std::string> TableThatHidesNothing(const std::string& dir) {
  std::vector<absl::string_view> lines = absl::StrSplit(server::BuiltInRules(), '\n');
  lines.erase(
      std::remove_if(lines.begin(), lines.end(),
                     [](absl::string_view line) { return absl::StartsWith(line, "hidden "); }),
      lines.end());
  const std::string path = dir + "/plain.rules";
  std::ofstream out(path, std::ios::binary);
  out << absl::StrJoin(lines, "\n");
  out.close();
  if (!out) return absl::InternalError("custody: cannot write " + path);
  return path;
}

absl::StatusOr<Archive> OpenStoreOf(Premises* premises) {
  Archive archive;
  archive.unit = premises->fleet->unit_id();
  premises->server.reset();
  SOTAY_ASSIGN_OR_RETURN(archive.store,
                         server::Store::Open(server::StorePath(premises->dir + "/data"),
                                             durable::StoreOptions(), archive.schema.get()));
  SOTAY_ASSIGN_OR_RETURN(server::Tables tables, archive.store->LoadTables());
  AddTheCountry(&tables);
  const int64_t now_ms = NowMs();
  SOTAY_ASSIGN_OR_RETURN(server::AccessRules rules,
                         server::LoadAccessRules("", *archive.schema, sync::DayOf(now_ms)));
  SOTAY_ASSIGN_OR_RETURN(archive.directory,
                         server::Directory::From(tables, std::move(rules), now_ms));
  SOTAY_ASSIGN_OR_RETURN(const std::string path, TableThatHidesNothing(premises->dir));
  SOTAY_ASSIGN_OR_RETURN(rules,
                         server::LoadAccessRules(path, *archive.schema, sync::DayOf(now_ms)));
  SOTAY_ASSIGN_OR_RETURN(archive.plain, server::Directory::From(tables, std::move(rules), now_ms));
  tables.dossier_acts.clear();
  SOTAY_ASSIGN_OR_RETURN(rules, server::LoadAccessRules("", *archive.schema, sync::DayOf(now_ms)));
  SOTAY_ASSIGN_OR_RETURN(archive.never,
                         server::Directory::From(std::move(tables), std::move(rules), now_ms));
  return archive;
}

// Rows of the feed that a catch-up looks at.
struct FedRow {
  uint64_t position = 0;
  std::string dossier;
};

absl::StatusOr<std::vector<FedRow>> NewestRows(const Archive& archive) {
  const auto head = archive.directory->Head(archive.unit);
  if (!head.has_value()) return absl::InternalError("custody: no unit");
  std::vector<FedRow> rows;
  SOTAY_RETURN_IF_ERROR(
      archive.store->VisitFeed(archive.unit, head->position() - kPhones * kRound, head->position(),
                               [&](const server::FeedPlace& place, const stored::v1::FeedRow& row) {
                                 rows.push_back({place.position, row.dossier_id()});
                                 return true;
                               }));
  return rows;
}

// Microseconds the guard takes of one exchange that looks at these rows: who calls and what they
// are to be sent, asked before a push and again before the answer, as server/exchange.cc does;
// whether they see the dossier of each record; and what was shown noted in the access log and
// written.
absl::StatusOr<double> GuardUs(const Archive& archive, const std::string& user,
                               const std::vector<FedRow>& rows, server::AccessLog* log) {
  const server::Directory& directory = *archive.directory;
  SOTAY_ASSIGN_OR_RETURN(const server::Caller reader, archive.CallerNamed(user));
  const std::string hash = server::HashOfKey(reader.row->public_key());
  google::protobuf::RepeatedPtrField<v1::Cursor> cursors;
  v1::Cursor* const cursor = cursors.Add();
  cursor->set_unit_id(archive.unit);
  cursor->set_epoch(directory.meta().epoch());
  cursor->set_position(rows.front().position - 1);
  v1::AccessEntry asked;
  asked.set_kind(v1::ACCESS_KIND_FEED);
  const double begun = OwnCpuSeconds();
  for (int i = 0; i < kGuardRounds; ++i) {
    SOTAY_ASSIGN_OR_RETURN(const server::Caller caller, directory.CallerOf(hash));
    SOTAY_RETURN_IF_ERROR(server::PlanFeed(directory, *caller.person, cursors).status());
    SOTAY_ASSIGN_OR_RETURN(const server::Caller again, directory.CallerOf(caller.device));
    SOTAY_RETURN_IF_ERROR(server::PlanFeed(directory, *again.person, cursors).status());
    server::ShownParts shown;
    server::Sight sight(directory, archive.store.get(), *again.person, archive.unit);
    for (const FedRow& row : rows) {
      SOTAY_ASSIGN_OR_RETURN(const bool may, sight.Carries(row.dossier));
      if (may) {
        // No two reads are alike, or one row would do for all.
        server::AddShown(&shown, archive.unit, row.position + static_cast<uint64_t>(i));
      } else {
        server::CloseShown(&shown, archive.unit);
      }
    }
    SOTAY_RETURN_IF_ERROR(log->Note(again, asked, shown, absl::OkStatus()));
  }
  log->Close();
  return (OwnCpuSeconds() - begun) * 1e6 / kGuardRounds;
}

// Microseconds of a page of records as somebody lists them.
absl::StatusOr<double> ListUs(const Archive& archive, const server::Directory& directory,
                              const std::string& user) {
  const server::Supervision supervision(&directory, archive.store.get(), archive.schema.get());
  const auto person = directory.FindPerson(user);
  v1::ListRecordsRequest request;
  request.set_unit_id(archive.unit);
  request.set_page_size(kListed);
  std::vector<double> us;
  for (int i = 0; i < kLists; ++i) {
    server::ShownParts shown;
    const double begun = OwnCpuSeconds();
    SOTAY_ASSIGN_OR_RETURN(const auto page, supervision.ListRecords(*person, request, &shown));
    us.push_back((OwnCpuSeconds() - begun) * 1e6);
    if (page.records_size() != kListed) return absl::InternalError("custody: no page of records");
  }
  return Median(us);
}

// Microseconds of a page of who read what there.
absl::StatusOr<double> ReadsUs(const Archive& archive, const server::Directory& directory,
                               const std::string& user) {
  const server::Supervision supervision(&directory, archive.store.get(), archive.schema.get());
  const server::AccessReading reading(&directory, archive.store.get(), &supervision,
                                      archive.schema.get());
  const auto person = directory.FindPerson(user);
  v1::ListAccessRequest request;
  request.set_unit_id(archive.unit);
  request.set_page_size(kListed);
  std::vector<double> us;
  for (int i = 0; i < kLists; ++i) {
    const double begun = OwnCpuSeconds();
    SOTAY_ASSIGN_OR_RETURN(const auto page, reading.ListAccess(*person, request));
    us.push_back((OwnCpuSeconds() - begun) * 1e6);
    if (page.entries().empty()) return absl::InternalError("custody: no page of reads");
  }
  return Median(us);
}

// Reads of single records, for the access log to be read.
absl::Status NoteReads(const Archive& archive, server::AccessLog* log) {
  SOTAY_ASSIGN_OR_RETURN(const server::Caller reader, archive.CallerNamed(kReader));
  v1::AccessEntry asked;
  asked.set_kind(v1::ACCESS_KIND_RECORD);
  absl::Status noted;
  const auto head = archive.directory->Head(archive.unit);
  SOTAY_RETURN_IF_ERROR(
      archive.store->VisitFeed(archive.unit, 0, head->position(),
                               [&](const server::FeedPlace& place, const stored::v1::FeedRow&) {
                                 server::Shown part;
                                 part.unit = archive.unit;
                                 part.record = place.record.str();
                                 part.from = part.to = place.position;
                                 part.count = 1;
                                 noted = log->Note(reader, asked, {part}, absl::OkStatus());
                                 return noted.ok();
                               }));
  log->Close();
  return noted;
}

absl::Status MeasureLists(const Archive& archive, Table* table) {
  for (const auto& [user, words] :
       {std::pair{kReader, "a prosecutor's"}, std::pair{kDeputy, "a deputy's, of another field"}}) {
    SOTAY_ASSIGN_OR_RETURN(const double plain, ListUs(archive, *archive.plain, user));
    SOTAY_ASSIGN_OR_RETURN(const double guarded, ListUs(archive, *archive.directory, user));
    const std::string key = absl::StrCat("custody.list.", user == kReader ? "ksv" : "dep");
    table->Add({key,
                absl::StrCat(words,
                             " list of records, by a table that hides surprises ÷ one "
                             "that does not"),
                guarded / plain, "", 3, Bound::kAtMost, kListMax});
    table->Add(
        {key + "_us", absl::StrCat("  ", kListed, " records, processor time"), guarded, "µs", 0});
  }
  SOTAY_ASSIGN_OR_RETURN(const double plain, ReadsUs(archive, *archive.plain, kDeputy));
  SOTAY_ASSIGN_OR_RETURN(const double guarded, ReadsUs(archive, *archive.directory, kDeputy));
  table->Add({"custody.reads", "a deputy's list of who read what, the same", guarded / plain, "", 3,
              Bound::kAtMost, kListMax});
  SOTAY_ASSIGN_OR_RETURN(const double never, ReadsUs(archive, *archive.never, kDeputy));
  table->Add(
      {"custody.reads.never_us", "  the same where nothing was ever kept back", never, "µs", 0});
  table->Add({"custody.reads_us", absl::StrCat("  ", kListed, " reads, processor time"), guarded,
              "µs", 0});
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureGuard(Stage* stage) {
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<Premises> premises, stage->NewPremises(kPhones));
  SOTAY_ASSIGN_OR_RETURN(const std::unique_ptr<sdk::Notebook> notebook, premises->NewNotebook());
  SOTAY_RETURN_IF_ERROR(Asker::Enrol(premises->office.get(), kDeputy, premises->fleet->unit_id(),
                                     v1::CAPACITY_DEP, kOtherField)
                            .status());
  SOTAY_RETURN_IF_ERROR(KeepSomeBack(premises.get()));
  SOTAY_RETURN_IF_ERROR(WriteNotes(premises.get(), kNotes));
  SOTAY_RETURN_IF_ERROR(notebook->Sync());
  Say(absl::StrCat("custody: ", kReturns, " catch-ups, and what the guard takes of one"));
  SOTAY_ASSIGN_OR_RETURN(const double catch_up_us, CatchUpUs(premises.get(), notebook.get()));

  SOTAY_ASSIGN_OR_RETURN(const Archive archive, OpenStoreOf(premises.get()));
  server::Watchers watchers(archive.directory.get());
  server::HubOptions options;
  options.now_ms = &NowMs;
  server::Hub hub(archive.store.get(), archive.directory.get(), archive.schema.get(), &watchers,
                  std::move(options));
  // More than a second of one device may note.
  server::GatheringLimits limits;
  limits.rows_max = limits.of_device_max = size_t{1} << 20;
  server::AccessLog log(archive.store.get(), &hub, &NowMs, limits);
  SOTAY_ASSIGN_OR_RETURN(const auto rows, NewestRows(archive));
  SOTAY_ASSIGN_OR_RETURN(const double guard_us, GuardUs(archive, kReader, rows, &log));
  SOTAY_ASSIGN_OR_RETURN(const double deputy_us, GuardUs(archive, kDeputy, rows, &log));
  Table& table = stage->table();
  table.Add({"custody.guard_share",
             "the guard's share of a catch-up's processor time, some dossiers kept back",
             guard_us / catch_up_us, "", 4, Bound::kAtMost, kGuardShareMax});
  table.Add({"custody.guard_share.dep", "  the same of a deputy, who looks at fields of work",
             deputy_us / catch_up_us, "", 4, Bound::kAtMost, kGuardShareMax});
  table.Add(
      {"custody.guard_us",
       absl::StrCat("  the guard, of one exchange, ", rows.size(), " records looked at, 390 units"),
       guard_us, "µs", 1});
  table.Add({"custody.catch_up_us", "  a catch-up on 100 records, the server's processor time",
             catch_up_us, "µs", 0});
  SOTAY_RETURN_IF_ERROR(NoteReads(archive, &log));
  return MeasureLists(archive, &table);
}

}  // namespace sotay::bench
