// Writes the seeds of the targets whose inputs are messages: sotay_fuzz_seeds DIRECTORY, which is
// tests/fuzz/corpus.  Each shows a target one thing it would be long in finding.  The seeds of
// csv, mapping and certificate are files somebody else's program wrote and are kept by hand.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "casework/v1/case.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/note.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "sync/fragment.h"
#include "sync/seal/packed.h"
#include "tests/fuzz/scripts.pb.h"
#include "tests/support/paper_world.h"

namespace {

using namespace sotay;
using C = casework::v1::Case;
using N = casework::v1::Note;
using tests::PaperOffice;
using tests::PaperPhone;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path root) : root_(std::move(root)) {}

  void Put(const char* target, const char* name, const google::protobuf::Message& seed) {
    std::filesystem::create_directories(root_ / target);
    std::ofstream file(root_ / target / name, std::ios::binary | std::ios::trunc);
    if (!seed.SerializeToOstream(&file) || !file.flush()) {
      std::fprintf(stderr, "cannot write seed %s/%s\n", target, name);
      std::exit(1);
    }
  }

 private:
  std::filesystem::path root_;
};

// Ids of one byte, as short_ids.h widens them.
std::string Id(char name) { return std::string(1, name); }

v1::RecordEdit* AddEdit(v1::Change* change, char record, const tests::Wish& wish) {
  v1::RecordEdit* edit = change->add_edits();
  edit->set_record_id(Id(record));
  edit->set_type(wish.wish().type);
  for (const sync::FieldEdit& field : wish.wish().fields) {
    v1::FieldOp* op = edit->add_ops();
    *op = field.op;
    if (!field.whole_text.has_value()) continue;
    v1::TextSplice* splice = op->mutable_text()->add_splices();
    splice->set_inserted(*field.whole_text);
  }
  return edit;
}

fuzz::IngestStep* Forged(fuzz::IngestScript* script, uint32_t phone) {
  fuzz::IngestStep* step = script->add_steps();
  step->set_phone(phone);
  step->mutable_forged()->set_dossier_id(Id('k'));
  return step;
}

void Push(fuzz::IngestScript* script, uint32_t phone) {
  fuzz::IngestStep* step = script->add_steps();
  step->set_phone(phone);
  step->mutable_push();
}

fuzz::HonestWish* Wished(fuzz::IngestScript* script, uint32_t phone, uint32_t record,
                         const tests::Wish& wish) {
  fuzz::IngestStep* step = script->add_steps();
  step->set_phone(phone);
  fuzz::HonestWish* wanted = step->mutable_edit()->add_wishes();
  wanted->set_record(record);
  wanted->set_type(wish.wish().type);
  for (const sync::FieldEdit& field : wish.wish().fields) {
    if (field.whole_text.has_value()) {
      fuzz::WholeText* text = wanted->add_texts();
      text->set_field(field.op.field());
      text->set_text(*field.whole_text);
    } else {
      *wanted->add_ops() = field.op;
    }
  }
  return wanted;
}

void Exchange(fuzz::IngestScript* script, uint32_t phone) {
  fuzz::IngestStep* step = script->add_steps();
  step->set_phone(phone);
  step->set_exchange(true);
}

tests::Wish Inspection() { return tests::Wish("i", "casework.v1.Inspection"); }

void IngestSeeds(Seeds* seeds) {
  {  // two phones change one note unseen by each other
    fuzz::IngestScript script;
    v1::Change* born = Forged(&script, 0)->mutable_forged();
    AddEdit(born, 'k', tests::NewCase("k"));
    AddEdit(born, 'n', tests::Note("n").Says("ab"));
    Push(&script, 0);
    for (uint32_t phone = 0; phone < 2; ++phone) {
      v1::Change* edit = Forged(&script, phone)->mutable_forged();
      AddEdit(edit, 'n', tests::Note("n").Says("c"))->add_parents(Id('\0'));
      edit->mutable_edits(0)->mutable_ops(0)->mutable_text()->set_length_before(2);
      Push(&script, phone);
    }
    seeds->Put("ingest", "concurrent", script);
  }
  {  // held until the dossier comes; a fork
    fuzz::IngestScript script;
    AddEdit(Forged(&script, 1)->mutable_forged(), 'n', tests::Note("n").Measured("m", "1", "m"));
    Push(&script, 1);
    AddEdit(Forged(&script, 0)->mutable_forged(), 'k', tests::NewCase("k"));
    Push(&script, 0);
    fuzz::IngestStep* back = script.add_steps();
    back->set_set_back(true);
    AddEdit(Forged(&script, 0)->mutable_forged(), 'n', tests::Note("n"));
    Push(&script, 0);
    script.mutable_steps()->rbegin()->mutable_push()->set_first_sequence(1);
    seeds->Put("ingest", "held_and_forked", script);
  }
  {  // every rule, honestly
    fuzz::IngestScript script;
    Wished(&script, 0, 0,
           Inspection().SetNumber(1, 2).Add(12, "t").Count(15, 3, "k").Text(17, "ab"));
    Wished(&script, 0, 1, tests::Note("n").Says("một").Measured("m", "4,2", "m").Add(6, "x"));
    Exchange(&script, 0);
    Wished(&script, 0, 1,
           tests::Note("n").Says("mốt").Remove(6, "x").Moves(casework::v1::NOTE_STATE_SUBMITTED));
    Exchange(&script, 0);
    Exchange(&script, 1);
    script.add_steps()->set_wait_ms(60'000);
    seeds->Put("ingest", "honest", script);
  }
  {  // a phone an hour ahead types on while it hears of others
    fuzz::IngestScript script;
    Wished(&script, 0, 0, tests::NewCase("k"));
    Wished(&script, 0, 1, tests::Note("n").Says("ab"));
    for (uint32_t phone : {0, 1}) Exchange(&script, phone);
    fuzz::IngestStep* ahead = script.add_steps();
    ahead->set_phone(1);
    ahead->set_clock_off_ms(3'600'000);
    Wished(&script, 1, 1, tests::Note("n").Says("abc"));
    script.add_steps()->set_wait_ms(60'000);
    Wished(&script, 0, 1, tests::Note("n").Says("xy"));
    Exchange(&script, 0);
    fuzz::IngestStep* hear = script.add_steps();
    hear->set_phone(1);
    hear->set_hear(true);
    Wished(&script, 1, 1, tests::Note("n").Says("abcd"));
    seeds->Put("ingest", "clock_ahead", script);
  }
  {  // bytes that are no change, and a repeated push of them with a wrong clock
    fuzz::IngestScript script;
    script.add_steps()->set_raw("no change");
    Push(&script, 0);
    script.mutable_steps()->rbegin()->mutable_push()->set_skew_ms(-3'600'000);
    seeds->Put("ingest", "raw", script);
  }
}

// A note two people changed unseen by each other, as the office has it.
v1::Record Disputed() {
  PaperOffice office(tests::CaseworkSchema());
  PaperPhone one = office.Enrol("a", tests::kProsecutor);
  PaperPhone two = office.Enrol("b", tests::kProsecutor);
  one.Write("k", {tests::NewCase("k"), tests::Note("n").Says("ab").Add(6, "x")});
  office.Exchange(&one);
  office.Exchange(&two);
  one.Write("k", {tests::Note("n").Says("abc").Measured("m", "1", "m")});
  two.Write("k", {tests::Note("n").Says("abd").Measured("m", "2", "m").Append(512, "y")});
  office.Exchange(&one);
  office.Exchange(&two);
  v1::Record record;
  office.Find("n")->ToProto(&record);
  return record;
}

v1::Record Small() {
  v1::Record record;
  record.set_record_id(Id('n'));
  record.set_dossier_id(Id('k'));
  record.set_unit_id("u");
  record.set_type("casework.v1.Note");
  v1::ChangeRef* change = record.add_changes();
  change->set_change_id(Id('c'));
  change->set_device_id(Id('d'));
  change->set_sequence(1);
  change->set_stamp(5);
  record.add_heads(0);
  v1::Seen* seen = record.add_seen();
  seen->set_device_id(Id('d'));
  seen->set_sequence(1);
  v1::FieldState* body = record.add_fields();
  body->set_field(N::kBodyFieldNumber);
  body->add_readings()->set_value(sync::StringFragment(N::kBodyFieldNumber, "ab"));
  return record;
}

void RecordSeeds(Seeds* seeds) {
  fuzz::MergeScript disputed;
  *disputed.mutable_record() = Disputed();
  seeds->Put("merged_record", "disputed", disputed);

  fuzz::MergeScript edited;
  *edited.mutable_record() = Small();
  v1::Change change;
  AddEdit(&change, 'n', tests::Note("n").Says("c").Add(6, "x"));
  fuzz::MergeStep* step = edited.add_steps();
  *step->mutable_edit() = change.edits(0);
  step->mutable_edit()->mutable_ops(0)->mutable_text()->set_length_before(2);
  *step->mutable_seen() = edited.record().seen();
  step->mutable_author()->set_device_id(Id('e'));
  step->mutable_author()->set_sequence(1);
  seeds->Put("merged_record", "edited", edited);

  fuzz::MergeScript raw;
  v1::Record whole = Small();
  whole.set_record_id(std::string(16, 'n'));
  raw.set_raw(whole.SerializeAsString());
  seeds->Put("merged_record", "raw", raw);
}

void AbsorbSeeds(Seeds* seeds) {
  fuzz::AbsorbScript script;
  script.mutable_progress()->set_last_sequence(2);
  script.set_device_now_ms(tests::kMorning);
  v1::SyncResponse* response = script.mutable_response();
  response->set_accepted_through(1);
  response->set_server_now_ms(tests::kMorning - 5);
  response->add_cursors()->set_unit_id("u");
  v1::ChangeOutcome* outcome = response->add_outcomes();
  outcome->set_sequence(1);
  outcome->set_verdict(v1::VERDICT_APPLIED);
  *response->add_revised() = *outcome;
  *script.add_records() = Small();
  fuzz::OwnChange* own = script.add_own();
  v1::Change* change = own->mutable_change();
  change->set_device_id(Id('e'));
  change->set_sequence(2);
  change->set_stamp(9);
  own->set_change_id(Id('f'));
  AddEdit(change, 'n', tests::Note("n").Says("c").Moves(casework::v1::NOTE_STATE_SUBMITTED));
  stored::v1::EditContext* context = own->add_contexts();
  *context->mutable_seen() = Small().seen();
  context->add_texts("cab");
  seeds->Put("absorb", "pending", script);

  fuzz::AbsorbScript disputed = script;
  disputed.mutable_response()->mutable_cursors(0)->set_unit_id(tests::kUnit);
  *disputed.mutable_records(0) = Disputed();
  disputed.mutable_own(0)->mutable_change()->mutable_edits(0)->set_record_id(
      tests::RecordNamed("n").str());
  seeds->Put("absorb", "disputed", disputed);
}

void TextSeeds(Seeds* seeds) {
  fuzz::TextScript script;
  script.set_before("Vết phanh dài 4,2 m \xF0\x9F\x93\x8F");
  script.set_after("Vệt phanh dài 4,3 m \xF0\x9F\x93\x90");
  fuzz::Splice* splice = script.add_splices();
  splice->set_position(1);
  splice->set_deleted(1);
  splice->set_inserted("ệ");
  splice = script.add_splices();
  splice->set_position(16);
  splice->set_deleted(1);
  splice->set_inserted("3");
  script.set_position(20);
  seeds->Put("text", "splices", script);
  script.Clear();
  script.set_before("e\xCC\x81\xCC\xA3");
  script.set_after("\xED\xA0\x80\xC0\x80\xF4\x90\x80\x80");
  seeds->Put("text", "marks_and_no_text", script);
}

// One value of each of the first fields, whatever they are.
void FragmentSeeds(Seeds* seeds) {
  uint32_t type_number = 0;
  for (const auto& [name, type] : tests::CaseworkSchema()->types()) {
    uint32_t field_number = 0;
    for (const auto& [number, field] : type.fields) {
      fuzz::FragmentScript script;
      script.set_type(type_number);
      script.set_field(field_number++);
      script.set_number(number);
      if (!field.is_map) continue;  // scalars are soon found; entries are not
      script.set_key("k");
      const bool message = field.value_descriptor->message_type() != nullptr;
      script.set_fragment(sync::StringFragment(
          number, sync::StringFragment(1, "k") +
                      (message ? sync::StringFragment(2, sync::StringFragment(1, "4,2"))
                               : sync::VarintFragment(2, 1))));
      seeds->Put("fragment", (type.short_name + "_" + field.name).c_str(), script);
    }
    ++type_number;
  }
}

void PackedSeeds(Seeds* seeds) {
  std::string prose;
  for (int i = 0; i < 8; ++i) prose += "Vết phanh dài 4,2 m, cách tim đường 1,1 m. ";
  seeds->Put("packed", "zstd", seal::Pack(prose));
  seeds->Put("packed", "plain", seal::Pack("x"));
  v1::Packed bomb = seal::Pack(std::string(200, 'a') + prose, 19);
  bomb.set_size(1 << 20);
  seeds->Put("packed", "lying", bomb);

  fuzz::InvitationScript invitation;
  v1::Invitation* whole = invitation.mutable_invitation();
  whole->set_address("sotay.example:8443");
  whole->set_authority("a");
  whole->set_certificate("c");
  whole->set_private_key("k");
  whole->set_code("7F3K-9QXM-2HTB");
  whole->set_full_name("Nguyễn Ưu Đàm");
  *invitation.mutable_packed() = seal::Pack(whole->SerializeAsString());
  invitation.set_code("7f3k-9qxm\u20102htb l0o");
  invitation.set_text(" SOTAY1:\n AAAA");
  seeds->Put("invitation", "whole", invitation);
}

void SchemaSeeds(Seeds* seeds) {
  // The built-in types under another package, since a name is taken only once.
  for (const google::protobuf::Descriptor* type : {N::descriptor(), C::descriptor()}) {
    google::protobuf::FileDescriptorSet set;
    google::protobuf::FileDescriptorProto* file = set.add_file();
    type->file()->CopyTo(file);
    file->set_name("other.proto");
    std::string bytes = file->SerializeAsString();
    for (size_t at = bytes.find("casework.v1"); at != std::string::npos;
         at = bytes.find("casework.v1", at + 1)) {
      bytes.replace(at, 11, "otherone.v1");
    }
    if (!file->ParseFromString(bytes)) std::abort();
    for (auto& message : *file->mutable_message_type()) {
      for (auto& field : *message.mutable_field()) {
        // What it imports keeps its package.
        if (field.type_name() == ".otherone.v1.Classification" ||
            field.type_name() == ".otherone.v1.Withdrawal") {
          field.set_type_name(".casework.v1" + field.type_name().substr(12));
        }
      }
      google::protobuf::MessageOptions* options = message.mutable_options();
      if (!options->HasExtension(options::v1::record)) continue;
      options->MutableExtension(options::v1::record)->set_short_name("other");
    }
    const auto schema = sync::Schema::Build({}, {set});
    if (!schema.ok()) {
      std::fprintf(stderr, "a seed's schema: %s\n", schema.status().ToString().c_str());
      std::exit(1);
    }
    seeds->Put("schema", type->name().c_str(), set);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: sotay_fuzz_seeds DIRECTORY\n");
    return 2;
  }
  Seeds seeds(argv[1]);
  IngestSeeds(&seeds);
  RecordSeeds(&seeds);
  AbsorbSeeds(&seeds);
  TextSeeds(&seeds);
  FragmentSeeds(&seeds);
  PackedSeeds(&seeds);
  SchemaSeeds(&seeds);
}
