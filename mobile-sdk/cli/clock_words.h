// What a person is told of clocks that were wrong.
#pragma once

#include <string>

#include "mobile-sdk/cli/voice.h"
#include "sotay/notebook.h"
#include "sotay/v1/change.pb.h"

namespace sotay::cli {

// That the stamp of a change is another than what its device's clock said; empty: it is not.
std::string ClockInWords(const Voice& voice, const v1::Admission& admission);

// What is to be looked at, why, and how it is answered.
std::string DoubtInWords(const Voice& voice, const sdk::DoubtfulTime& time);

}  // namespace sotay::cli
