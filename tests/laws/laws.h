// The laws as they are tried: each with its judge and the kind of past that puts it to the
// test.  Used by the tests that hold the product to them and by the planted faults.
#pragma once

#include "tests/laws/judges.h"

namespace sotay::laws {

Law LawM1();
Law LawM2();
Law LawM2WithRefusals();
Law LawM2OfVersions();
Law LawM2OfMuddledKinds();
Law LawM2OfOneDevice();
Law LawM3();
Law LawM4();
Law LawM5();
Law LawM6();
Law LawM7();
Law LawM8();
Law LawM10();
Law LawM11();
Law LawM13();

}  // namespace sotay::laws
