#!/usr/bin/env python3
"""Holds the house to its plan: one check a call, findings as file:line, exit 1 if any.

  tidy.py layers    which room may include which, and where a third party's headers may stand
  tidy.py tests     every *_test.cc, *_fuzz.cc and *_bench.cc on disk is in a build list
  tidy.py headers   every header of the product compiles alone
  tidy.py test_headers
                    and every one of the tests, which takes longer (./dev check)
  tidy.py size      files do not grow past 400 lines
  tidy.py leftovers marks of unfinished work
  tidy.py canary    each check above finds what it is there to find
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("proto", "sync", "server", "mobile-sdk", "tests")
DEFINED = re.compile(r'\b([A-Z][A-Z_]+)="')
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')

# Room → what it may include with quotes, by prefix.  Generated messages stand at sotay/ and
# casework/; `.grpc.pb.h` is a third party's and has its doors below.
GENERATED = ("sotay/v1/", "sotay/options/v1/", "sotay/stored/v1/", "casework/v1/")
LAYERS = {
    "sync": ("sync/",) + GENERATED,
    "sync/seal": ("sync/",) + GENERATED,
    "sync/durable": ("sync/",),
    "server": ("sync/", "server/") + GENERATED,
    "mobile-sdk": ("sync/", "mobile-sdk/", "sotay/") + GENERATED,
}
# Inside sync/ the rooms with a third party's types are above the pure ones.
SYNC_CLOSED = {"sync": ("sync/seal/", "sync/durable/"), "sync/seal": ("sync/durable/",),
               "sync/durable": ("sync/seal/",)}
THIRD_PARTY_QUOTED = ("absl/", "google/protobuf/", "leveldb/", "grpcpp/", "gtest/", "gmock/",
                      "nlohmann/", "spdlog/", "CLI/")
# Third party → files (by pattern) that may speak it.
DOORS = {
    "leveldb/": r"sync/durable/|server/(store|keys)|mobile-sdk/core/(store|keys)|tests/",
    "grpcpp/": r"server/(\w+_service|rpc|daemon|main)|mobile-sdk/core/(grpc_\w+)|"
               r"mobile-sdk/cli/office|tests/",
    "grpc/": r"server/(\w+_service|rpc|daemon|main|transport_log)|mobile-sdk/core/(grpc_\w+)|tests/",
    "openssl/": r"sync/seal/|server/(authority|certificate_draft)|tests/",
    "zstd": r"sync/seal/|tests/",
    "brotli/": r"sync/seal/|tests/",
    "utf8proc": r"mobile-sdk/|tests/",
    "nlohmann/": r"server/event_log|mobile-sdk/cli/|tests/",
    "spdlog/": r"server/event_log",
    "CLI/": r"server/main|mobile-sdk/cli/|tests/",
    "toml++/": r"server/config|mobile-sdk/cli/|tests/",
}
SYNC_PURE_FORBIDDEN = ("thread", "mutex", "chrono", "fstream", "iostream", "random", "filesystem",
                       "atomic", "future", "condition_variable", "ctime", "time.h", "unistd.h")
LINES_MAX = 400


def sources(root, suffixes=(".h", ".cc")):
    for room in ROOMS:
        base = root / room
        if base.is_dir():
            for path in sorted(base.rglob("*")):
                if path.suffix in suffixes and path.is_file():
                    yield path, path.relative_to(root).as_posix()


def room_of(name):
    parts = name.split("/")
    if parts[0] == "sync" and len(parts) > 2:
        return "sync/" + parts[1]
    return parts[0]


def layers(root):
    for path, name in sources(root):
        room = room_of(name)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, target = match.group(1) == '"', match.group(2)
            where = f"{name}:{number}"
            if target.startswith("tests/") and room != "tests":
                yield f"{where}: production code includes {target}"
            for party, doors in DOORS.items():
                if target.startswith(party) and not re.match(doors, name):
                    yield f"{where}: {target} stops at another door ({doors})"
            if target.endswith(".grpc.pb.h") and not re.match(DOORS["grpcpp/"], name):
                yield f"{where}: {target} stops at another door"
            if room == "tests" or room not in LAYERS:
                continue
            if quoted and not target.startswith(LAYERS[room] + THIRD_PARTY_QUOTED):
                yield f"{where}: {room} may not include {target}"
            if quoted and target.startswith(SYNC_CLOSED.get(room, ("\0",))):
                yield f"{where}: {room} may not include {target}"
            if room == "sync" and not quoted and target in SYNC_PURE_FORBIDDEN:
                yield f"{where}: sync/ decides; <{target}> is for a room that owns something"


def tests(root):
    lists = "".join(p.read_text(encoding="utf-8") for p in root.rglob("CMakeLists.txt")
                    if "build" not in p.relative_to(root).parts
                    and "node_modules" not in p.relative_to(root).parts)
    for path, name in sources(root, (".cc",)):
        if re.search(r"_(test|fuzz|bench)\.cc$", name):
            if not re.search(rf"(?<![\w]){re.escape(path.stem)}(?![\w])", lists):
                yield f"{name}:1: is in no build list"


def test_headers(root):
    yield from headers(root, ("tests",))


def headers(root, rooms=ROOMS[:-1]):
    """A header with a source file of its name is proven by being included there first; the
    others are compiled alone."""
    alone = []
    for path, name in sources(root, (".h",)):
        if name.split("/")[0] not in rooms:
            continue
        source = path.with_suffix(".cc")
        if not source.is_file():
            alone.append((path, name))
            continue
        for line in source.read_text(encoding="utf-8").splitlines():
            match = INCLUDE.match(line)
            if match:
                if not name.endswith(match.group(2)):
                    yield f"{source.relative_to(root)}:1: does not include {name} first"
                break
    build = os.environ.get("SOTAY_BUILD_DIR", "")
    flags = ["-I", str(root), "-I", str(root / "mobile-sdk/include"), "-I", f"{build}/proto"]
    # Paths that a test's target gives it, such as those of the programs it runs.
    given = {define for path in (root / "tests").rglob("CMakeLists.txt")
             for define in DEFINED.findall(path.read_text(encoding="utf-8"))}
    flags += [f'-D{define}=""' for define in sorted(given)]

    def compile_alone(item):
        path, name = item
        with tempfile.NamedTemporaryFile("w", suffix=".cc") as probe:
            probe.write(f'#include "{path}"\n')
            probe.flush()
            run = subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-fsyntax-only",
                                  *flags, probe.name], capture_output=True, text=True)
        return None if run.returncode == 0 else f"{name}:1: does not compile alone\n{run.stderr[:800]}"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for finding in pool.map(compile_alone, alone):
            if finding:
                yield finding


def size(root):
    for path, name in sources(root, (".h", ".cc", ".proto", ".py")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LINES_MAX:
            yield f"{name}:{lines}: {lines} lines, limit {LINES_MAX}: look for the second noun"


def leftovers(root):
    marks = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + "X|HA" + r"CK)\b|[Nn]ot " + "implemented")
    for path, name in sources(root, (".h", ".cc", ".proto", ".py", ".txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if marks.search(line):
                yield f"{name}:{number}: {line.strip()[:80]}"


def canary():
    """Plants one fault per check in an empty house; each must be found."""
    planted = {
        "layers": ("sync/bad.cc", '#include "server/store.h"\n'),
        "tests": ("tests/sync/lost_test.cc", "\n"),
        "headers": ("sync/lonely.h", "std::string Undeclared();\n"),
        "size": ("server/long.cc", "\n" * (LINES_MAX + 1)),
        "leftovers": ("sync/later.cc", "// TO" + "DO: later\n"),
    }
    for check, (name, text) in planted.items():
        with tempfile.TemporaryDirectory() as house:
            path = pathlib.Path(house) / name
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            if not list(globals()[check](pathlib.Path(house))):
                yield f"{check}: did not find a planted fault"


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in ("layers", "tests", "headers", "test_headers",
                                                 "size", "leftovers", "canary"):
        print(__doc__)
        return 2
    check = globals()[sys.argv[1]]
    findings = list(check() if sys.argv[1] == "canary" else check(ROOT))
    print("\n".join(findings) if findings else f"{sys.argv[1]}: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
