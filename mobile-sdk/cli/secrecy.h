// The secrecy gate as a person meets it: what `sotay new` asks, and what is left to be shown of a
// dossier that proved to be secret.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "mobile-sdk/cli/reader.h"
#include "nlohmann/json.hpp"
#include "sotay/notebook.h"
#include "sync/schema.h"

namespace sotay::cli {

// Adds to the edits that make a record the answers they lack, all of them no, where `not_secret`
// says so.  kInvalidArgument with the questions, when neither that is said, nor each is answered,
// nor one with yes.  OK for a type that asks none.
absl::Status AnswerSecrecy(const Reader& reader, const sync::RecordType& type, bool not_secret,
                           std::vector<sdk::Edit>* edits);

using SealedDossiers = std::map<sync::RecordId, stored::v1::SealedDossier>;

// {id, type, unit, dossier, title, state, conflicts, changed_ms, sync} as of a line of a list, and
// sealed{alias, holder, by, name, at_ms, withheld, unsent, reported}.
nlohmann::json SealedJson(const Reader& reader, const sync::RecordId& dossier,
                          const stored::v1::SealedDossier& sealed);
// "7f3a2b10  Hồ sơ S-07: hồ sơ giấy ở …; niêm phong lúc … bởi …; …"
std::string SealedInWords(const Reader& reader, const sync::RecordId& dossier,
                          const stored::v1::SealedDossier& sealed);

// The one whose id begins with these digits, of at least four; nothing: none, or several.
absl::optional<sync::RecordId> FindSealed(const SealedDossiers& sealed, const std::string& prefix);

}  // namespace sotay::cli
