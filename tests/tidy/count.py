#!/usr/bin/env python3
"""Adds up what several test runners did: `count.py DIR` reads DIR/ctest.xml (JUnit, one case a
test program) and DIR/gtest/*.xml (one file a GoogleTest program), prints what failed, and ends
with one line over all of them.  Exit 1 when anything failed or nothing ran."""
import pathlib
import sys
import xml.etree.ElementTree as xml


def main():
    folder = pathlib.Path(sys.argv[1])
    passed = failed = skipped = 0
    for case in xml.parse(folder / "ctest.xml").getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        inner = folder / "gtest" / f"{name}.xml"
        if not inner.is_file():  # a runner of another kind, or a crash before its report
            passed += status == "run"
            failed += status == "fail"
            skipped += status not in ("run", "fail")
            if status == "fail":
                print(f"failed: {name}")
            continue
        before = failed
        for test in xml.parse(inner).getroot().iter("testcase"):
            if test.find("failure") is not None:
                failed += 1
                print(f"failed: {name}: {test.get('classname')}.{test.get('name')}")
            elif test.get("result") == "skipped" or test.find("skipped") is not None:
                skipped += 1
                print(f"skipped: {name}: {test.get('classname')}.{test.get('name')}")
            elif test.get("result") == "completed":
                passed += 1
        if status == "fail" and failed == before:  # died after its report, or timed out
            failed += 1
            print(f"failed: {name}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
