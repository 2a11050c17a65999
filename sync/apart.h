// Whether a record's state was set by somebody who did not know what others had written, nor they
// of it: a note that was withdrawn while somebody wrote on in it.  Pure; any thread.
#pragma once

#include <vector>

#include "sync/merged_record.h"

namespace sotay::sync {

// Who else changed the record last, without knowing of the step its state stands on, which does not
// know of them either; by change id.  Empty once anybody has written in the record who knew of
// both, and while the type has no state or nobody has moved it.
std::vector<Author> ApartFromState(const MergedRecord& record);

}  // namespace sotay::sync
