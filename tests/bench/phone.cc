#include "tests/bench/phone.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "casework/v1/attachment.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/note.pb.h"
#include "sync/limits.h"
#include "sync/seal/digest.h"
#include "sync/seal/packed.h"
#include "sync/seal/random.h"
#include "sync/seal/seal.h"
#include "sync/status_macros.h"

namespace sotay::bench {
namespace {

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

sync::RecordId NewRecordId() {
  std::array<char, sync::RecordId::kSize> bytes;
  seal::RandomBytes(bytes.data(), bytes.size());
  return sync::RecordId(bytes);
}

// A wish to set the one field that is set in `content`.
sync::FieldEdit Set(int field, const google::protobuf::Message& content) {
  sync::FieldEdit edit;
  edit.op.set_field(static_cast<uint32_t>(field));
  edit.op.set_set(content.SerializeAsString());
  return edit;
}

}  // namespace

Phone::Phone(Identity identity, const sync::Schema* schema, std::string unit_id)
    : identity_(std::move(identity)),
      schema_(schema),
      unit_id_(std::move(unit_id)),
      channel_(Connect(identity_.credentials)),
      stub_(v1::SyncService::NewStub(channel_)) {}

absl::Status Phone::Begin(bool surprise) {
  SOTAY_RETURN_IF_ERROR(WaitUntilConnected(channel_.get()));
  dossier_ = NewRecordId();
  sync::RecordWish wish;
  wish.id = dossier_;
  wish.type = "casework.v1.Inspection";
  casework::v1::Inspection kind;
  kind.set_kind(casework::v1::INSPECTION_KIND_SCENE_EXAMINATION);
  wish.fields.push_back(Set(casework::v1::Inspection::kKindFieldNumber, kind));
  if (surprise) {
    casework::v1::Inspection planned;
    planned.set_planned(casework::v1::INSPECTION_PLANNING_SURPRISE);
    wish.fields.push_back(Set(casework::v1::Inspection::kPlannedFieldNumber, planned));
  }
  SOTAY_RETURN_IF_ERROR(Compose(std::move(wish), dossier_));
  SOTAY_ASSIGN_OR_RETURN(const std::vector<Parcel> parcels, Pack(1));
  v1::SyncRequest request;
  request.ParseFromString(parcels.front().request);
  SOTAY_ASSIGN_OR_RETURN(const v1::SyncResponse answer, Exchange(request));
  return CheckAnswer(parcels.front(), answer);
}

absl::Status Phone::Reconnect() {
  channel_ = Connect(identity_.credentials);
  stub_ = v1::SyncService::NewStub(channel_);
  return WaitUntilConnected(channel_.get());
}

absl::Status Phone::Refresh() {
  SOTAY_ASSIGN_OR_RETURN(const v1::SyncResponse answer, Exchange(Request()));
  cursors_.assign(answer.cursors().begin(), answer.cursors().end());
  directory_revision_ = answer.directory_revision();
  return absl::OkStatus();
}

absl::StatusOr<sync::RecordId> Phone::Write(const std::string& body) {
  using casework::v1::Note;
  sync::RecordWish wish;
  wish.id = NewRecordId();
  wish.type = "casework.v1.Note";
  Note inspection, kind, occurred;
  inspection.set_inspection_id(dossier_.str());
  kind.set_kind(casework::v1::NOTE_KIND_SCENE);
  occurred.set_occurred_ms(NowMs());
  wish.fields.push_back(Set(Note::kInspectionIdFieldNumber, inspection));
  wish.fields.push_back(Set(Note::kKindFieldNumber, kind));
  sync::FieldEdit words;
  words.op.set_field(Note::kBodyFieldNumber);
  words.whole_text = body;
  wish.fields.push_back(std::move(words));
  wish.fields.push_back(Set(Note::kOccurredMsFieldNumber, occurred));
  const sync::RecordId id = wish.id;
  SOTAY_RETURN_IF_ERROR(Compose(std::move(wish), dossier_));
  return id;
}

absl::StatusOr<sync::RecordId> Phone::Attach(const std::string& sha256) {
  using casework::v1::Attachment;
  sync::RecordWish wish;
  wish.id = NewRecordId();
  wish.type = "casework.v1.Attachment";
  Attachment parent, hash, size;
  parent.set_parent(dossier_.str());
  hash.set_sha256(sha256);
  size.set_size(1);
  wish.fields.push_back(Set(Attachment::kParentFieldNumber, parent));
  wish.fields.push_back(Set(Attachment::kSha256FieldNumber, hash));
  wish.fields.push_back(Set(Attachment::kSizeFieldNumber, size));
  const sync::RecordId id = wish.id;
  SOTAY_RETURN_IF_ERROR(Compose(std::move(wish), dossier_));
  return id;
}

absl::Status Phone::Compose(sync::RecordWish wish, const sync::RecordId& dossier) {
  sync::ComposeInput input;
  input.schema = schema_;
  input.device = identity_.device;
  input.user_id = identity_.user_id;
  input.roles = {options::v1::ROLE_PROSECUTOR};
  input.sequence = last_sequence_ + 1;
  input.previous = head_;
  input.claimed_ms = NowMs();
  input.stamp = sync::NextStamp(stamp_, input.claimed_ms);
  input.salt.resize(16);
  seal::RandomBytes(input.salt.data(), input.salt.size());
  input.unit_id = unit_id_;
  input.dossier = dossier;
  input.wishes.push_back(std::move(wish));
  input.hash = &seal::HashChange;
  SOTAY_ASSIGN_OR_RETURN(sync::Composed composed, sync::Compose(input));
  last_sequence_ = input.sequence;
  head_ = composed.id.str();
  stamp_ = input.stamp;
  outbox_.push_back(std::move(composed.bytes));
  outbox_ids_.push_back(composed.id);
  return absl::OkStatus();
}

v1::SyncRequest Phone::Request() const {
  v1::SyncRequest request;
  request.set_protocol(1);
  for (const v1::Cursor& cursor : cursors_) *request.add_cursors() = cursor;
  request.set_device_now_ms(NowMs());
  request.set_last_sequence(last_sequence_);
  request.set_directory_revision(directory_revision_);
  request.set_app_version("sotay_bench");
  return request;
}

absl::StatusOr<std::vector<Parcel>> Phone::Pack(size_t changes_max) {
  std::vector<Parcel> parcels;
  for (size_t first = 0; first < outbox_.size();) {
    Parcel parcel;
    v1::ChangeBatch batch;
    size_t bytes = 0;
    size_t end = first;
    while (end < outbox_.size() && end - first < changes_max) {
      bytes += outbox_[end].size() + 4;  // tag and length
      if (bytes > sync::kPushBytesMax) break;
      batch.add_changes(outbox_[end]);
      parcel.changes.push_back(std::move(outbox_[end++]));
    }
    parcel.first_sequence = packed_through_ + 1;
    parcel.last_sequence = packed_through_ + parcel.count();
    seal::PushSeal seal;
    seal.organisation_id = identity_.organisation_id;
    seal.device = identity_.device;
    seal.first_sequence = parcel.first_sequence;
    seal.last_sequence = parcel.last_sequence;
    seal.previous = packed_head_;
    seal.ids = absl::MakeConstSpan(outbox_ids_).subspan(first, parcel.count());
    v1::SyncRequest request = Request();
    request.set_last_sequence(parcel.last_sequence);
    request.set_records_bytes_max(1);
    v1::Push* push = request.mutable_push();
    push->set_first_sequence(parcel.first_sequence);
    push->set_count(static_cast<uint32_t>(parcel.count()));
    push->set_previous(packed_head_);
    *push->mutable_changes() = seal::Pack(batch.SerializeAsString());
    SOTAY_ASSIGN_OR_RETURN(*push->mutable_signature(), identity_.key.Sign(seal::SealText(seal)));
    parcel.request = request.SerializeAsString();
    packed_through_ = parcel.last_sequence;
    packed_head_ = outbox_ids_[end - 1].str();
    first = end;
    parcels.push_back(std::move(parcel));
  }
  outbox_.clear();
  outbox_ids_.clear();
  return parcels;
}

absl::StatusOr<v1::SyncResponse> Phone::Exchange(const v1::SyncRequest& request) {
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  v1::SyncResponse response;
  const grpc::Status status = stub_->Sync(&context, request, &response);
  if (!status.ok()) return ToAbsl(status);
  return response;
}

absl::Status Phone::ReadFeed(const std::function<void(const v1::FeedRecord&)>& visit) {
  std::vector<v1::Cursor> cursors;
  while (true) {
    v1::SyncRequest request = Request();
    request.clear_cursors();
    for (const v1::Cursor& cursor : cursors) *request.add_cursors() = cursor;
    SOTAY_ASSIGN_OR_RETURN(const v1::SyncResponse answer, Exchange(request));
    if (answer.has_records()) {
      SOTAY_ASSIGN_OR_RETURN(const std::string raw,
                             seal::Unpack(answer.records(), sync::kRecordsBytesMax));
      v1::RecordBatch batch;
      if (!batch.ParseFromString(raw)) return absl::DataLossError("an answer cannot be read");
      for (const v1::FeedRecord& record : batch.records()) visit(record);
    }
    if (!answer.more()) return absl::OkStatus();
    cursors.assign(answer.cursors().begin(), answer.cursors().end());
  }
}

absl::Status CheckAnswer(const Parcel& parcel, const v1::SyncResponse& answer) {
  if (answer.accepted_through() < parcel.last_sequence) {
    return absl::InternalError(absl::StrCat("accepted through ", answer.accepted_through(),
                                            ", sent through ", parcel.last_sequence));
  }
  if (static_cast<size_t>(answer.outcomes_size()) != parcel.count()) {
    return absl::InternalError(
        absl::StrCat(answer.outcomes_size(), " outcomes for ", parcel.count(), " changes"));
  }
  for (const v1::ChangeOutcome& outcome : answer.outcomes()) {
    if (outcome.verdict() != v1::VERDICT_APPLIED) {
      return absl::InternalError(
          absl::StrCat("change ", outcome.sequence(), " was not applied: ", outcome.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace sotay::bench
