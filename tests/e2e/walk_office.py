"""An office of real processes on loopback TLS, for whoever plays a walk in it (demo.py): the server,
the commands of phones and console, and what they said."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

FAKETIME = next(iter(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)


class Failure(Exception):
    """Something the demo promises did not hold."""


def say(text=""):
    print(text, flush=True)


def title(text):
    say(f"\n── {text} " + "─" * max(0, 78 - len(text)))


def expect(holds, text):
    if not holds:
        raise Failure(text)
    say(f"  ✓ {text}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Office:
    """Everything lies in `house`; whoever is named in `fast_days` has a clock so many days ahead."""

    def __init__(self, build, house, fast_days):
        self.build, self.house = pathlib.Path(build), pathlib.Path(house)
        self.sotayd = self.build / "server" / "sotayd"
        self.sotay = self.build / "mobile-sdk" / "cli" / "sotay"
        self.sotayctl = self.build / "mobile-sdk" / "cli" / "sotayctl"
        self.server = None
        self.address = f"127.0.0.1:{free_port()}"
        self.fast_days = fast_days
        if fast_days and FAKETIME is None:
            raise Failure("libfaketime is not in /usr/lib/*/faketime, so no clock can be made fast: "
                          "install it (apt-get install faketime)")

    def run(self, command, check=True, env=None, **more):
        done = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                              env={**os.environ, **(env or {})}, **more)
        if check and done.returncode != 0:
            raise Failure(f"{' '.join(map(str, command[:6]))} … exit {done.returncode}: "
                          f"{done.stderr.strip()}")
        return done

    def start_server(self):
        port_file = self.house / "port"
        port_file.unlink(missing_ok=True)
        with open(self.house / "server.log", "ab") as log:
            self.server = subprocess.Popen(
                [self.sotayd, "run", "--data", self.house / "server", "--listen", self.address,
                 "--port-file", port_file], stdout=log, stderr=log)
        for _ in range(2000):
            if port_file.exists():
                return
            if self.server.poll() is not None:
                break
            time.sleep(0.005)
        raise Failure(f"sotayd does not start; see {self.house}/server.log")

    def stop_server(self):
        self.server.send_signal(signal.SIGTERM)
        expect(self.server.wait(30) == 0, "the server drained and stopped in order")

    def kill_server(self):
        if self.server is not None and self.server.poll() is None:
            self.server.kill()
            self.server.wait()

    def ctl(self, who, *words, js=True):
        done = self.run([self.sotayctl, "--dir", self.house / who, *(["--json"] if js else []),
                         *words])
        return json.loads(done.stdout) if js else done.stdout

    def phone(self, user, *words, js=True, check=True, env=None):
        done = self.run([self.sotay, "--dir", self.house / user, *(["--json"] if js else []),
                         *words], check=check, env={**self.clock(user), **(env or {})})
        if not check:
            return done
        return json.loads(done.stdout) if js else done.stdout

    def clock(self, user):
        if user not in self.fast_days:
            return {}
        return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"+{self.fast_days[user]}d",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
