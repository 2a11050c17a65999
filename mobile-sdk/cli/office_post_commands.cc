// posts: who is what in which unit, from when to when; and how long units last.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "mobile-sdk/cli/commands.h"
#include "mobile-sdk/cli/day_words.h"
#include "mobile-sdk/cli/open_office.h"
#include "mobile-sdk/cli/table.h"
#include "mobile-sdk/cli/terminal.h"
#include "mobile-sdk/core/edits.h"
#include "sync/matrix.h"
#include "sync/status_macros.h"

namespace sotay::cli {
namespace {

using nlohmann::json;

struct ListWords {
  std::string user, unit;
  bool history = false;
};

struct PutWords {
  std::string user, unit, capacity, from, to, reason;
  std::vector<std::string> fields;
};

struct EndWords {
  std::string user, last, reason;
  uint64_t number = 0;
};

struct TermWords {
  std::string unit, first, last, reason;
  std::vector<std::string> successors;
};

std::string CapacityInWords(const Voice& voice, v1::Capacity capacity) {
  switch (capacity) {
    case v1::CAPACITY_HEAD:
      return voice("Viện trưởng", "head");
    case v1::CAPACITY_DEP:
      return voice("Phó Viện trưởng", "deputy head");
    case v1::CAPACITY_DIV:
      return voice("Lãnh đạo phòng", "head of division");
    case v1::CAPACITY_KSV:
      return voice("Kiểm sát viên", "prosecutor");
    case v1::CAPACITY_KTV:
      return voice("Kiểm tra viên", "examiner");
    case v1::CAPACITY_CLK:
      return voice("Văn thư", "clerk");
    case v1::CAPACITY_STA:
      return voice("Thống kê", "statistics");
    case v1::CAPACITY_INS:
      return voice("Đoàn kiểm tra", "check");
    default:
      return "?";
  }
}

json PostJson(const v1::Post& post) {
  json fields = json::array();
  for (const std::string& field : post.fields_of_work()) fields.push_back(field);
  return {{"user", post.user_id()},
          {"number", post.number()},
          {"unit", post.unit_id()},
          {"capacity", sync::NameOf(post.capacity())},
          {"fields_of_work", std::move(fields)},
          {"valid_from", post.valid_from()},
          {"valid_to", post.valid_to()},
          {"reason", post.reason()},
          {"set_by", post.set_by()},
          {"set_ms", post.set_ms()},
          {"replaces", post.replaces()}};
}

std::string Said(const Invocation& run, const v1::Post& post) {
  std::string words = absl::StrCat(
      run.voice("Đã ghi chức danh ", "Saved post "), post.user_id(), " ", post.number(), "  ",
      CapacityInWords(run.voice, post.capacity()), "  ", post.unit_id());
  if (post.valid_from() != 0) {
    absl::StrAppend(&words, run.voice("  từ ", "  from "), DayInWords(post.valid_from()));
  }
  if (post.valid_to() != 0) {
    absl::StrAppend(&words, run.voice("  đến hết ", "  through "), DayInWords(post.valid_to()));
  }
  return absl::StrCat(words, "\n");
}

absl::Status ListPosts(const Invocation& run, const ListWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  v1::ListPostsRequest request;
  request.set_user_id(words.user);
  request.set_unit_id(words.unit);
  request.set_history(words.history);
  SOTAY_ASSIGN_OR_RETURN(const v1::ListPostsResponse response, open.office->ListPosts(request));
  Table table({{run.voice("người dùng", "user")},
               {run.voice("số", "no."), true},
               {run.voice("đơn vị", "unit")},
               {run.voice("chức danh", "capacity")},
               {run.voice("khâu", "fields"), false, 8},
               {run.voice("từ", "from")},
               {run.voice("đến hết", "through")},
               {run.voice("thay số", "replaces"), true, 0, true},
               {run.voice("căn cứ", "reason"), false, 8, true},
               {run.voice("người ghi", "set by"), false, 0, true}});
  json list = json::array();
  for (const v1::Post& post : response.posts()) {
    list.push_back(PostJson(post));
    table.Add({post.user_id(), absl::StrCat(post.number()), post.unit_id(),
               absl::StrCat(sync::NameOf(post.capacity()), " ",
                            CapacityInWords(run.voice, post.capacity())),
               absl::StrJoin(post.fields_of_work(), ","), DayInWords(post.valid_from()),
               DayInWords(post.valid_to()),
               post.replaces() == 0 ? "" : absl::StrCat(post.replaces()), post.reason(),
               post.set_by()});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

absl::Status PutPost(const Invocation& run, const PutWords& words) {
  v1::PutPostRequest request;
  v1::Post& post = *request.mutable_post();
  post.set_user_id(words.user);
  post.set_unit_id(words.unit);
  post.set_capacity(sync::CapacityNamed(words.capacity));
  if (post.capacity() == v1::CAPACITY_UNSPECIFIED) {
    return absl::InvalidArgumentError(absl::StrCat(
        "capacity \"", words.capacity, "\": write HEAD, DEP, DIV, KSV, KTV, CLK, STA or INS"));
  }
  for (const std::string& field : words.fields) post.add_fields_of_work(field);
  SOTAY_ASSIGN_OR_RETURN(const int32_t from, DayOfWord(words.from, run.NowMs()));
  SOTAY_ASSIGN_OR_RETURN(const int32_t to, DayOfWord(words.to, run.NowMs()));
  post.set_valid_from(from);
  post.set_valid_to(to);
  SOTAY_ASSIGN_OR_RETURN(*post.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::PutPostResponse response, open.office->PutPost(request));
  run.Print(PostJson(response.post()), Said(run, response.post()));
  return absl::OkStatus();
}

absl::Status EndPost(const Invocation& run, const EndWords& words) {
  v1::EndPostRequest request;
  request.set_user_id(words.user);
  request.set_number(words.number);
  SOTAY_ASSIGN_OR_RETURN(const int32_t last, DayOfWord(words.last, run.NowMs()));
  request.set_valid_to(last);
  SOTAY_ASSIGN_OR_RETURN(*request.mutable_reason(), sdk::CleanText("--reason", words.reason));
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  SOTAY_ASSIGN_OR_RETURN(const v1::EndPostResponse response, open.office->EndPost(request));
  run.Print(PostJson(response.post()), Said(run, response.post()));
  return absl::OkStatus();
}

json TermJson(const v1::UnitTerm& term) {
  json successors = json::array();
  for (const std::string& successor : term.successor_ids()) successors.push_back(successor);
  return {{"unit", term.unit_id()},      {"valid_from", term.valid_from()},
          {"valid_to", term.valid_to()}, {"successors", std::move(successors)},
          {"reason", term.reason()},     {"set_by", term.set_by()},
          {"set_ms", term.set_ms()}};
}

absl::Status ListTerms(const Invocation& run, const TermWords& words) {
  SOTAY_ASSIGN_OR_RETURN(const OpenOffice open, OpenOfficeFor(run));
  if (!words.unit.empty()) {
    v1::PutUnitTermRequest request;
    v1::UnitTerm& term = *request.mutable_term();
    term.set_unit_id(words.unit);
    SOTAY_ASSIGN_OR_RETURN(const int32_t first, DayOfWord(words.first, run.NowMs()));
    SOTAY_ASSIGN_OR_RETURN(const int32_t last, DayOfWord(words.last, run.NowMs()));
    term.set_valid_from(first);
    term.set_valid_to(last);
    for (const std::string& successor : words.successors) term.add_successor_ids(successor);
    SOTAY_ASSIGN_OR_RETURN(*term.mutable_reason(), sdk::CleanText("--reason", words.reason));
    SOTAY_ASSIGN_OR_RETURN(const v1::PutUnitTermResponse put, open.office->PutUnitTerm(request));
    run.Print(TermJson(put.term()),
              absl::StrCat(run.voice("Đã ghi thời hạn của đơn vị ", "Saved the term of unit "),
                           put.term().unit_id(), "\n"));
    return absl::OkStatus();
  }
  SOTAY_ASSIGN_OR_RETURN(const v1::ListUnitTermsResponse response, open.office->ListUnitTerms());
  Table table({{run.voice("đơn vị", "unit")},
               {run.voice("từ", "from")},
               {run.voice("đến hết", "through")},
               {run.voice("đơn vị kế tiếp", "successors")},
               {run.voice("căn cứ", "reason"), false, 8, true}});
  json list = json::array();
  for (const v1::UnitTerm& term : response.terms()) {
    list.push_back(TermJson(term));
    table.Add({term.unit_id(), DayInWords(term.valid_from()), DayInWords(term.valid_to()),
               absl::StrJoin(term.successor_ids(), ", "), term.reason()});
  }
  run.Print(list, table.Print(run.streams.columns));
  return absl::OkStatus();
}

}  // namespace

void AddOfficePostCommands(Command app, Invocation* run) {
  const Voice& voice = run->voice;
  const std::string reason = voice("quyết định nào", "by which decision");
  auto listed = std::make_shared<ListWords>();
  Command posts = AddCommand(app, run, "posts",
                             voice("Chức danh: ai, ở đâu, từ ngày nào đến hết ngày nào",
                                   "Posts: who is what, where, when"),
                             listed, &ListPosts);
  posts.AddOption("--user", listed->user, voice("của một người", "of one user")).TypeName("USER");
  posts.AddOption("--unit", listed->unit, voice("ở một đơn vị", "in one unit")).TypeName("UNIT");
  posts.AddFlag("--history", listed->history,
                voice("cả những dòng đã được thay", "rows that were replaced, too"));
  posts.Footer(
      voice("Một chức danh có hiệu lực cả ngày đầu và ngày cuối; dòng đã ghi không bao giờ "
            "bị sửa. Quyền của từng chức danh: sotayctl rules.",
            "A post counts on its first day and its last; a row is never changed. What "
            "each capacity may do: sotayctl rules."));

  auto put = std::make_shared<PutWords>();
  Command put_post =
      AddCommand(posts, run, "put", voice("Giao một chức danh", "Give a post"), put, &PutPost);
  put_post.AddOption("USER", put->user, "uu-dam").Required();
  put_post.AddOption("UNIT", put->unit, "vkskv3").Required();
  put_post.AddOption("CAPACITY", put->capacity, "HEAD DEP DIV KSV KTV CLK STA INS").Required();
  put_post
      .AddOption("--field", put->fields,
                 voice("khâu công tác; lặp lại được; * là tất cả",
                       "field of work; may be repeated; * for all"))
      .TypeName("CODE")
      .OneEach();
  put_post.AddOption("--from", put->from, voice("ngày đầu", "first day")).TypeName("D/M/YYYY");
  put_post.AddOption("--to", put->to, voice("ngày cuối", "last day")).TypeName("D/M/YYYY");
  put_post.AddOption("--reason", put->reason, reason).Required();
  put_post.Footer(
      voice("DEP và DIV làm việc trong khâu công tác được giao; INS luôn có ngày cuối. Ví dụ:",
            "DEP and DIV act in the fields of work given to them; INS always has a last day. "
            "Examples:") +
      R"(
  sotayctl posts put uu-dam vkskv3 KSV --from 1/12/2026 --reason "12/QĐ-VKS"
  sotayctl posts put thi-duoc vkskv3 DEP --field hinh_su --field giam_giu --reason "13/QĐ-VKS"
  sotayctl posts put o-ro vks-sm INS --from 1/12/2026 --to 20/12/2026 --reason "14/QĐ-VKS"
)");

  auto end = std::make_shared<EndWords>();
  Command end_post =
      AddCommand(posts, run, "end",
                 voice("Cho một chức danh thôi hiệu lực", "Say when a post ends"), end, &EndPost);
  end_post.AddOption("USER", end->user, "uu-dam").Required();
  end_post.AddOption("NUMBER", end->number, voice("số của dòng", "number of its row")).Required();
  end_post.AddOption("--last", end->last, voice("ngày cuối", "last day"))
      .Required()
      .TypeName("D/M/YYYY");
  end_post.AddOption("--reason", end->reason, reason).Required();
  end_post.Footer(voice("Ví dụ:", "Example:") + R"(
  sotayctl posts end uu-dam 1 --last 31/12/2026 --reason "15/QĐ-VKS"
)");

  auto term = std::make_shared<TermWords>();
  Command terms = AddCommand(posts, run, "units",
                             voice("Thời hạn của các đơn vị và đơn vị kế tiếp",
                                   "How long units last, and what comes after"),
                             term, &ListTerms);
  const Option unit = terms.AddOption("UNIT", term->unit, "vkskv3");
  terms.AddOption("--first", term->first, voice("ngày đầu", "first day"))
      .TypeName("D/M/YYYY")
      .Needs(unit);
  terms.AddOption("--last", term->last, voice("ngày cuối", "last day"))
      .TypeName("D/M/YYYY")
      .Needs(unit);
  terms
      .AddOption("--successor", term->successors,
                 voice("đơn vị kế tiếp; lặp lại được", "what comes after; may be repeated"))
      .TypeName("UNIT")
      .OneEach()
      .Needs(unit);
  terms.AddOption("--reason", term->reason, reason).Needs(unit);
  terms.Footer(voice("Sau ngày cuối, ai đọc được đơn vị kế tiếp thì đọc được hồ sơ cũ. Ví dụ:",
                     "After its last day, whoever reads a successor reads its records. Examples:") +
               R"(
  sotayctl posts units
  sotayctl posts units vkskv1 --last 31/12/2026 --successor vkskv2 --reason "NQ 7"
)");
}

}  // namespace sotay::cli
