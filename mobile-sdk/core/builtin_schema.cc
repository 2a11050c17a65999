#include "mobile-sdk/core/builtin_schema.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "casework/v1/assignment.pb.h"
#include "casework/v1/attachment.pb.h"
#include "casework/v1/case.pb.h"
#include "casework/v1/comment.pb.h"
#include "casework/v1/deadline.pb.h"
#include "casework/v1/finding.pb.h"
#include "casework/v1/inspection.pb.h"
#include "casework/v1/legal_action.pb.h"
#include "casework/v1/note.pb.h"
#include "casework/v1/sign_off.pb.h"

namespace sotay::sdk {

std::shared_ptr<const sync::Schema> BuiltinSchema() {
  static const std::shared_ptr<const sync::Schema> schema = [] {
    auto built = sync::Schema::Build({
        casework::v1::Assignment::descriptor()->file(),
        casework::v1::Attachment::descriptor()->file(),
        casework::v1::Case::descriptor()->file(),
        casework::v1::Comment::descriptor()->file(),
        casework::v1::Deadline::descriptor()->file(),
        casework::v1::Finding::descriptor()->file(),
        casework::v1::Inspection::descriptor()->file(),
        casework::v1::LegalAction::descriptor()->file(),
        casework::v1::Note::descriptor()->file(),
        casework::v1::SignOff::descriptor()->file(),
    });
    if (!built.ok()) {
      // Compiled in and tested: a build that gets here was never run.
      std::fprintf(stderr, "sotay: built-in types: %s\n", built.status().ToString().c_str());
      std::abort();
    }
    return *std::move(built);
  }();
  return schema;
}

}  // namespace sotay::sdk
