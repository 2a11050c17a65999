// What must be true of a world that has come to calm.  Each judge says in a sentence how its law
// is broken, or nothing; the same judges hold the product to the laws and planted faults to be
// found.
#pragma once

#include <string>

#include "tests/laws/world.h"

namespace sotay::laws {

using WorldJudge = std::string (*)(const World& world);

// M1: whatever came how often, every change is in the log once, at a position of its own.
std::string JudgeWorldM1(const World& world);
// M2: every record is the one the oracle makes of what was admitted.
std::string JudgeWorldM2(const World& world);
// M4: every change anybody wrote is applied, held or quarantined, with a reason, and its author
// was told which.
std::string JudgeWorldM4(const World& world);
// M8: no effective stamp is later than could be believed, none earlier than what its author had
// seen.
std::string JudgeWorldM8(const World& world);
// M9: what phones show is what the server has; and nothing moved on a screen on the way but by
// others' hands.
std::string JudgeWorldM9(const World& world);
// No word nobody wrote: every text that was applied stands as its author saw it when typing.
std::string JudgeWorldWords(const World& world);
// Nothing an honest build composed was refused.  For worlds without forgery.
std::string JudgeWorldHonesty(const World& world);

// The first judge's complaint, or nothing; with the number of records judged.
std::string JudgeWorld(const World& world);

}  // namespace sotay::laws
