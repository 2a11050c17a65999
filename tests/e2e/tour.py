#!/usr/bin/env python3
"""Walks the README's ten minutes word for word, then its chapter on backups: `tour.py BUILD_DIR`.

Every line that begins with "$ " in the console blocks of that chapter is typed into one shell, in
order; what it prints must be what stands below it.  Ids, dates and the port may differ; a line
"…" stands for any number of lines, and at the end of a line for any words.  The backup is made as
the chapter says, the server lost, and restored from it and from what the chapter says to keep apart.
Every command the README names anywhere has the flags it is named with, and every page it points at
is there."""
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


COMMANDS = {"sotay": "mobile-sdk/cli/sotay", "sotayctl": "mobile-sdk/cli/sotayctl",
            "sotayd": "server/sotayd"}


def untrue_names(text, build):
    """What the README names that is not there: commands, their flags, pages."""
    for page in re.findall(r"\]\(([^)#:]+)[^)]*\)", text):
        if not (ROOT / page).exists():
            yield f"no page {page}"
    for named in re.findall(r"`((?:sotay|sotayctl|sotayd) [^`]+)`", text.replace("\n", " ")):
        words = named.split()
        # "keys roll-log" is one command, "import FILE" another and what it is about.
        verbs = re.match(r"[a-z-]* ?[a-z-]*", " ".join(words[1:]).split(" --")[0])[0].split()
        for named_by in (verbs, verbs[:1]):
            command = [str(build / COMMANDS[words[0]]), *named_by]
            done = subprocess.run([*command, "--help"], text=True, capture_output=True)
            known = " ".join([words[0], *named_by]) + " " in done.stdout
            if known:
                break
        flags = [word for word in words if word.startswith("--")]
        if not known or not all(re.search(re.escape(f) + r"(?![\w-])", done.stdout) for f in flags):
            yield f"no command {named}"


def untrue_backup(text, build):
    """Makes a backup, loses the server and restores it, as the chapter says; "" when that works."""
    chapter = text.split("## Backup")[1].split("\n## ")[0]
    table = re.search(r"```toml\n(.*?)```", chapter, re.S)[1]
    restore = re.search(r"```console\n(sotayd restore.*?)```", chapter, re.S)[1].splitlines()
    kept_apart = re.findall(r"`([^`]+)`", chapter.split("where keys are kept:")[1].split("None")[0])
    there = pathlib.Path(tempfile.mkdtemp(prefix="sotay-backup-"))
    (there / "backup").mkdir(mode=0o700)
    put = {"/mnt/backup/sotay": str(there / "backup"), "--data server": f"--data {there}/server",
           "sotayd ": f"{build}/server/sotayd ", }
    address = f"127.0.0.1:{free_port()}"

    def here(words):
        for old, new in put.items():
            words = words.replace(old, new)
        return words

    def run(words):
        return subprocess.run(here(words).split(), text=True, capture_output=True)

    def life(words):
        """A server until it listens; then it is stopped, which makes a last segment."""
        with open(there / "log", "w") as log:
            server = subprocess.Popen(here(words).split(), stdout=log, stderr=log)
        for _ in range(2000):
            if "listening" in (there / "log").read_text() or server.poll() is not None:
                break
            time.sleep(0.01)
        server.terminate()
        return (there / "log").read_text() if server.wait(30) == 0 else ""

    try:
        run(f"sotayd init --data server --organisation Sông-Mây --address {address} --admin khoa "
            "--admin-name Khoá")
        if "no_backup" not in life(f"sotayd run --data server --listen {address}"):
            return "without the table no_backup is not said"
        with open(there / "server" / "sotayd.toml", "a") as config:
            config.write("\n" + here(table))
        if "backup_written" not in life(f"sotayd run --data server --listen {address}"):
            return "backup_written is not said"
        checked = run(re.search(r"`(sotayd backup-check [^`]+)`", chapter.replace("\n", " "))[1])
        if checked.returncode != 0:
            return f"backup-check: {checked.stderr}"
        (there / "server").rename(there / "lost")
        (there / "server").mkdir(mode=0o700)
        for name in kept_apart:
            old = there / "lost" / name
            if name == "log.handovers" and not old.exists():
                continue
            (shutil.copytree if old.is_dir() else shutil.copy2)(old, there / "server" / name.strip("/"))
        restored = run(restore[0])
        if restored.returncode != 0:
            return f"{restore[0]}: {restored.stderr}"
        if not life(f"{restore[1]} --listen {address}"):
            return f"{restore[1]}: {(there / 'log').read_text()}"
        return ""
    finally:
        shutil.rmtree(there)


def main():
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    build = pathlib.Path(sys.argv[1]).resolve()
    port = free_port()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    untrue = list(untrue_names(text, build))
    if not untrue:
        untrue = [what for what in [untrue_backup(text, build)] if what]
    if untrue:
        print("the README is not true:\n  " + "\n  ".join(untrue))
        return 1
    shell = subprocess.Popen(["bash", "--norc"], cwd=ROOT, text=True, bufsize=1,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT)
    walked, failed = 0, None
    try:
        for command, shown in steps(text):
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
