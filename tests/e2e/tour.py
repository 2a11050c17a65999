#!/usr/bin/env python3
"""Walks the README's ten minutes word for word: `tour.py BUILD_DIR`.

Every line that begins with "$ " in the console blocks of that chapter is typed into one shell, in
order; what it prints must be what stands below it.  Ids, dates and the port may differ; a line
"…" stands for any number of lines, and at the end of a line for any words."""
import pathlib
import re
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
END = "end of what it printed:"
PORT = "7443"


def steps(text):
    """(command, [lines below it]) of each console block in the chapter."""
    chapter = text.split("## Ten minutes")[1].split("\n## ")[0]
    for block in re.findall(r"```console\n(.*?)```", chapter, re.S):
        command, printed = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, printed
                command, printed = line[2:], []
            elif command is not None and command.endswith("\\"):
                command += "\n" + line
            else:
                printed.append(line)
        if command is not None:
            yield command, printed


def plain(line):
    line = re.sub(r"\b[0-9a-f]{8,64}\b", "ID", line.rstrip())
    line = re.sub(r"\b\d{2}/\d{2}/\d{4} \d{2}:\d{2}\b", "DATE", line)
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:" + PORT, line)


def same(shown, printed):
    if len(shown) != len(printed):
        return False
    return all(b.startswith(a[:-1]) if a.endswith("…") else a == b
               for a, b in zip(shown, printed))


def agrees(shown, printed):
    shown, printed = [plain(line) for line in shown], [plain(line) for line in printed]
    if "…" not in shown:
        return same(shown, printed)
    before, after = shown[:shown.index("…")], shown[shown.index("…") + 1:]
    rest = len(printed) - len(after)
    return rest >= len(before) and same(before, printed[:len(before)]) and same(after, printed[rest:])


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    build = pathlib.Path(sys.argv[1]).resolve()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    shell = subprocess.Popen(["bash", "--norc"], cwd=ROOT, text=True, bufsize=1,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    walked, failed = 0, None
    try:
        for command, shown in steps((ROOT / "README.md").read_text(encoding="utf-8")):
            typed = command.replace(PORT, port).replace("$PWD/build/dev", str(build))
            shell.stdin.write(f"{typed}\necho '{END}'\n")
            shell.stdin.flush()
            printed = []
            for line in shell.stdout:
                if line.rstrip("\n") == END:
                    break
                printed.append(line.rstrip("\n"))
            else:
                failed = (command, shown, printed + ["(the shell ended)"])
                break
            walked += 1
            if not agrees(shown, printed):
                failed = (command, shown, printed)
                break
    finally:
        shell.stdin.write("kill $(jobs -p) 2>/dev/null\nexit\n")
        shell.stdin.close()
        shell.wait(30)
    if failed:
        command, shown, printed = failed
        print(f"the README's tour is not true at:\n  $ {command}\nit says:\n  " +
              "\n  ".join(shown) + "\nit printed:\n  " + "\n  ".join(printed))
        return 1
    print(f"{walked} commands of the README's tour, each as it says")
    return 0 if walked > 10 else 1


if __name__ == "__main__":
    sys.exit(main())
