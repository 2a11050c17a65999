#include "tests/laws/laws.h"

#include <utility>

namespace sotay::laws {
namespace {

PastWishes Writing(std::vector<uint32_t> fields) {
  PastWishes wishes;
  wishes.fields = std::move(fields);
  return wishes;
}

PastWishes WithRefusals() {
  PastWishes wishes;
  wishes.refused_percent = 20;
  return wishes;
}

// Fields that keep every reading, one of them where its time is unknown, written over and over.
PastWishes Disagreeing() {
  return Writing(
      {kName, kRemarks, kColour, kBody, kStage, kForeignRegister, kForeignMap, kForeignText});
}

}  // namespace

Law LawM1() { return {"M1", JudgeM1, {}}; }

Law LawM2() { return {"M2", JudgeM2, {}}; }

Law LawM2WithRefusals() { return {"M2 where some are refused", JudgeM2, WithRefusals()}; }

Law LawM2OfVersions() { return {"M2 of every version", JudgeM2Versions, WithRefusals()}; }

Law LawM2OfMuddledKinds() {
  return {"M2 where kinds are muddled", JudgeM2Orders, Writing({kMuddled, kName})};
}

Law LawM2OfOneDevice() {
  PastWishes wishes = WithRefusals();
  wishes.devices_min = wishes.devices_max = 1;
  return {"M2 of one device", JudgeM2, wishes};
}

Law LawM3() { return {"M3", JudgeM3, Disagreeing()}; }

Law LawM4() {
  PastWishes wishes = Disagreeing();
  wishes.fields.push_back(kNumber);
  return {"M4", JudgeM4, wishes};
}

Law LawM5() { return {"M5", JudgeM5, Writing({kTags, kSeals, kForeignSet})}; }

Law LawM6() { return {"M6", JudgeM6, Writing({kPages, kCopies, kForeignCounter})}; }

Law LawM7() { return {"M7", JudgeM7, Writing({kHands, kForeignLog})}; }

Law LawM8() {
  return {"M8", JudgeM8,
          Writing({kName, kRemarks, kColour, kTags, kHands, kPages, kStage, kNumber, kSeals,
                   kForeignRegister, kForeignSet})};
}

Law LawM10() { return {"M10", JudgeM10, {}}; }

Law LawM11() { return {"M11", JudgeM11, Disagreeing()}; }

Law LawM13() { return {"M13", JudgeM13, Writing({kCourse, kName, kTags, kForeignRegister})}; }

}  // namespace sotay::laws
