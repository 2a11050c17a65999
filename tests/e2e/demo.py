#!/usr/bin/env python3
"""The whole walk of sotay with real processes on loopback TLS: `demo.py BUILD_DIR [--keep]`.

One server, one administrator, two units under a province, six phones, one supervisor.  Phones
lose the network, write, edit the same records against each other; one has a clock three days
fast (of libfaketime), one is killed in mid-push, when the server has some of its changes and not
all, one sends everything twice.  Then all meet again, and every phone's visible records are
compared with the server's.  Exit 0 only if nothing differs, is missing, or is there twice.  The
csv of real inspection visits is used where it lies beside the checkout
(../shared/data/inspections.csv); without it the twelve notes in mobile-sdk/examples serve."""
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from walk_office import Failure, Office, expect, say, title
from walk_surprise import open_surprises

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "mobile-sdk" / "examples"
CSV = ROOT.parent / "shared" / "data" / "inspections.csv"

# user → (unit, what the demo does to it)
PHONES = {
    "nguyen-uu-dam": "vkskv1",
    "vo-nguyet-que": "vkskv1",
    "huynh-kiem-phong": "vkskv1",
    "le-o-ro": "vkskv2",
    "ngo-thi-an": "vkskv2",
    "do-may-ha": "vkskv2",
}
FAST_CLOCK, KILLED, TWICE = "huynh-kiem-phong", "le-o-ro", "ngo-thi-an"
SUPERVISOR, ADMINISTRATOR = "luong-quoc-ngu", "mac-khoa"
FAST_DAYS = 3
FAST_MS = FAST_DAYS * 24 * 3600 * 1000
VISITS = 2500  # that wait on the phone to be killed: more than two pushes can carry
VISITS_MAPPING = """format = 1
[table]
kind = "csv"
key = ["No"]
[record.inspection]
type = "casework.v1.Inspection"
[record.inspection.fields]
kind = { const = "INSPECTION_KIND_OTHER" }
paper_decision_no = { column = "No" }
place = { column = "Place" }
"""


class Demo(Office):
    def __init__(self, build, house):
        super().__init__(build, house, {FAST_CLOCK: FAST_DAYS})
        self.names = {}
        self.visits = 0  # numbered so far
        self.told = {user: set() for user in PHONES}  # records each phone was told are saved

    def device(self, user):
        """What the server knows of the person's phone."""
        return next(one for one in self.ctl(SUPERVISOR, "devices", "--unit", "vks-sm", "--subtree")
                    if one["user"] == user)

    def new(self, user, *words):
        record = self.phone(user, "new", *words)["id"]
        self.told[user].add(record)
        return record

    def found_office(self):
        title("The office")
        with open(EXAMPLES / "notes.vi.json", encoding="utf-8") as file:
            self.samples = json.load(file)
        self.names = {p["user_id"]: p["full_name"] for p in self.samples["people"]}
        units = {u["unit_id"]: u["name"] for u in self.samples["units"]}
        self.run([self.sotayd, "init", "--data", self.house / "server", "--organisation",
                  units["vks-sm"], "--address", self.address, "--admin", ADMINISTRATOR,
                  "--admin-name", self.names[ADMINISTRATOR]])
        self.start_server()
        invite = (self.house / "server" / "first-administrator.invite").read_text().strip()
        self.ctl(ADMINISTRATOR, "enroll", invite)
        for unit, parent in (("vks-sm", None), ("vkskv1", "vks-sm"), ("vkskv2", "vks-sm")):
            self.ctl(ADMINISTRATOR, "units", "put", unit, "--name", units[unit],
                     *(["--parent", parent] if parent else []))
        members = {user: [f"{unit}:prosecutor"] for user, unit in PHONES.items()}
        # Head of the province, who leads both units: from above alone, drafts are not seen.
        members[SUPERVISOR] = [f"{unit}:supervisor" for unit in ("vks-sm", "vkskv1", "vkskv2")]
        for user, held in members.items():
            self.ctl(ADMINISTRATOR, "users", "put", user, "--name", self.names[user],
                     *(word for member in held for word in ("--member", member)))
            invitation = self.ctl(ADMINISTRATOR, "invite", user)["invitation"]
            if user == SUPERVISOR:
                self.ctl(user, "enroll", invitation)
                say(f"  {self.names[user]} supervises {units['vks-sm']}")
                continue
            self.phone(user, "enroll", invitation, "--device-name", f"Máy của {self.names[user]}",
                       env={"LD_PRELOAD": ""})
            self.phone(user, "sync")
            say(f"  {self.names[user]} has a phone in {units[PHONES[user]]}")
        skew = self.device(FAST_CLOCK)["skew_ms"]
        expect(abs(skew - FAST_MS) < 60_000,
               f"{self.names[FAST_CLOCK]}'s clock is {skew / 86_400_000:.3f} days fast, as the "
               "server measures it")

    def shared_work(self):
        """What everybody has before the network goes."""
        self.inspection = {}
        self.note = {}
        for unit, user in (("vkskv1", "nguyen-uu-dam"), ("vkskv2", "le-o-ro")):
            self.inspection[unit] = self.new(
                user, "inspection", "--unit", unit, "kind=custody_place",
                "target_body=Cơ sở giam giữ Tân Mây", "place=xã Tân Mây")
            self.note[unit] = self.new(
                user, "note", "--in", self.inspection[unit], "kind=scene",
                "body=Vết phanh dài 4,2 m. Trời mưa nhẹ.")
        # Terms, of which the newest value of one field is shown and no other: what a clock could win.
        self.term = {
            last: self.new("nguyen-uu-dam", "deadline", "--in", self.inspection["vkskv1"],
                           "rule_id=report.resolve", f"subject={last} viết sau")
            for last in ("vo-nguyet-que", FAST_CLOCK)}
        for user in PHONES:
            self.phone(user, "sync")
        for user in PHONES:
            self.phone(user, "sync")

    def offline(self):
        title("No network: the server is gone, everybody writes")
        self.stop_server()
        refused = self.phone("nguyen-uu-dam", "sync", check=False)
        expect(refused.returncode == 5, "a phone without a network says so and keeps working")
        writers = list(PHONES)
        for number, sample in enumerate(self.samples["notes"]):
            user = writers[number % len(writers)]
            where = ["--in", self.inspection[PHONES[user]]]
            self.new(user, "note", *where, f"kind={sample['kind']}", f"body={sample['body']}",
                     *([f"occurred_ms={sample['occurred_at']}"] if sample.get("occurred_at") else []))
        say(f"  {len(self.samples['notes'])} notes written by {len(writers)} people")
        if CSV.exists():
            for user, first in (("vo-nguyet-que", "0"), ("do-may-ha", "171")):
                done = self.phone(user, "import", CSV, "--mapping",
                                  EXAMPLES / "inspections.mapping.toml", "--unit", PHONES[user],
                                  "--skip", first, "--limit", "171")
                self.told[user].update(done["records"])
                say(f"  {self.names[user]} imported {done['imported']} visits, "
                    f"{len(done['records'])} records")
        else:
            say("  (no inspections.csv beside the checkout: the notes alone)")
        self.much_to_send()
        self.against_each_other()

    def much_to_send(self):
        """More visits on the phone that will be killed; each time others."""
        table, mapping = self.house / "visits.csv", self.house / "visits.toml"
        first = self.visits + 1
        self.visits += max(VISITS, self.visits)  # twice as many as before
        table.write_text("No,Place\n" + "".join(
            f"{number}/QĐ,xã Bãi Nổi\n" for number in range(first, self.visits + 1)),
            encoding="utf-8")
        mapping.write_text(VISITS_MAPPING, encoding="utf-8")
        done = self.phone(KILLED, "import", table, "--mapping", mapping, "--unit", PHONES[KILLED])
        self.told[KILLED].update(done["records"])
        say(f"  {self.names[KILLED]} imported {done['imported']} visits, each a change of its own")

    def against_each_other(self):
        say("  and the same records edited against each other:")
        a, b, c = "nguyen-uu-dam", "vo-nguyet-que", FAST_CLOCK
        one, note = self.inspection["vkskv1"], self.note["vkskv1"]
        self.phone(a, "edit", one, "place=xã Rạch Đước")
        self.phone(b, "edit", one, "place=xã Cồn Sậy")
        say(f"    {self.names[a]} and {self.names[b]} put different places")
        self.phone(a, "edit", note, "body=Vết phanh dài 4,5 m. Trời mưa nhẹ.")
        self.phone(b, "edit", note, "body=Vết phanh dài 4,7 m. Trời mưa nhẹ.")
        say("    and measure the skid mark as 4,5 m and 4,7 m")
        self.phone(a, "edit", one, "tallies[nguoi]+=14")
        self.phone(b, "edit", one, "tallies[nguoi]+=9")
        say("    and count 14 and 9 people")
        self.phone(a, "edit", one, "team+=vo-nguyet-que")
        self.phone(c, "edit", one, "team+=huynh-kiem-phong", "others_present+=Trưởng ấp")
        say(f"    {self.names[c]}, three days ahead, adds to the team")
        # Both know the term and nothing of each other; the names say who is the last in truth.
        self.phone(c, "edit", self.term[b], "warn_days=30")
        self.phone(b, "edit", self.term[c], "warn_days=5")
        time.sleep(2)
        self.phone(b, "edit", self.term[b], "warn_days=7")
        self.phone(c, "edit", self.term[c], "warn_days=20")
        say(f"    {self.names[c]} and then {self.names[b]} say when to warn of a term, and of "
            "another the other way round")
        two = self.inspection["vkskv2"]
        self.phone(KILLED, "edit", two, "target_body=Nhà tạm giữ Bãi Nổi")
        self.phone(TWICE, "edit", two, "target_body=Nhà tạm giữ Cồn Sậy")
        say(f"    {self.names[KILLED]} and {self.names[TWICE]} name different places of custody")
        self.phone(KILLED, "edit", two, "tallies[nguoi]+=5")
        self.phone(TWICE, "edit", two, "tallies[nguoi]+=7")
        say("    and count 5 and 7 people")

    def reconnect(self):
        title("The network is back")
        self.start_server()
        self.kill_in_mid_push()
        self.send_twice()
        for round_ in range(2):  # the second brings everybody the others' last
            for user in PHONES:
                before = self.phone(user, "status")
                self.phone(user, "sync")
                if round_ == 0 and before["outbox"]:
                    say(f"  {self.names[user]} sent {before['outbox']} changes")
        for user in PHONES:
            status = self.phone(user, "status")
            if status["outbox"] or status["refused"]:
                raise Failure(f"{user}: outbox {status['outbox']}, refused {status['refused']}")
        expect(True, "every outbox is empty and nothing was refused")

    def settled(self, user):
        """How far the server has the phone's changes, once it works on none of them any more."""
        before = None
        while before != (now := self.device(user)["accepted_through"]):
            before = now
            time.sleep(0.3)
        return now

    def kill_in_mid_push(self):
        name = self.names[KILLED]
        for _ in range(5):
            before = self.device(KILLED)["accepted_through"]
            waiting = self.phone(KILLED, "status")["outbox"]
            pushing = subprocess.Popen([self.sotay, "--dir", self.house / KILLED, "sync"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            while (self.device(KILLED)["accepted_through"] == before and pushing.poll() is None):
                pass
            pushing.send_signal(signal.SIGKILL)
            trouble, ended = pushing.communicate()[1], pushing.returncode
            if ended not in (0, -signal.SIGKILL):
                raise Failure(f"{KILLED}: sync ended with {ended}: {trouble.decode().strip()}")
            taken = self.settled(KILLED) - before
            if ended == -signal.SIGKILL and taken < waiting:
                break
            say(f"  {name}'s phone was too quick: {taken} of {waiting} changes are taken; more, then")
            self.much_to_send()
        expect(ended == -signal.SIGKILL and 0 < taken < waiting,
               f"{name}'s phone was killed in mid-push: the server has {taken} of its {waiting}")
        status = self.phone(KILLED, "status")
        expect(waiting - taken <= status["outbox"] <= waiting,
               f"started again, the phone has {status['outbox']} to send: all it was not told of")
        self.phone(KILLED, "sync")
        expect(self.phone(KILLED, "status")["outbox"] == 0
               and self.settled(KILLED) == status["last_sequence"],
               f"it sent the rest: the server has all {waiting}")

    def send_twice(self):
        copy = self.house / "before-sending"
        shutil.copytree(self.house / TWICE, copy)
        count = self.phone(TWICE, "status")["outbox"]
        sent = [self.phone(TWICE, "sync")["sent"]]
        shutil.rmtree(self.house / TWICE)
        copy.rename(self.house / TWICE)
        sent.append(self.phone(TWICE, "sync")["sent"])
        expect(sent == [count, count] and self.phone(TWICE, "status")["outbox"] == 0,
               f"{self.names[TWICE]}'s phone sent its {count} changes twice")

    def counts_once(self):
        """Of one record by its sum and history, of the units by the length of their logs."""
        shown = self.ctl(SUPERVISOR, "show", self.inspection["vkskv2"], "--history", "500")
        expect(int(shown["content"]["tallies"]["nguoi"]) == 12,
               "5 and 7 people are 12, though they were sent again and twice")
        changes = [one["change"] for one in shown["history"]]
        expect(len(changes) == len(set(changes)) and len(changes) >= 5,
               f"each of the record's {len(changes)} changes is in its history once")
        for unit in ("vkskv1", "vkskv2"):
            phones = [self.phone(user, "status") for user in PHONES if PHONES[user] == unit]
            written = sum(status["last_sequence"] for status in phones)
            entries = {log["size"] for status in phones for log in status["logs"]
                       if log["unit"] == unit}
            expect(entries == {written},
                   f"the log of {unit} has {written} entries: each change of its phones once")

    def supervise(self):
        title(f"What {self.names[SUPERVISOR]} sees")
        say(self.ctl(SUPERVISOR, "devices", "--unit", "vks-sm", "--subtree", js=False))
        say(self.ctl(SUPERVISOR, "conflicts", "--unit", "vks-sm", "--subtree", js=False))
        say(self.ctl(SUPERVISOR, "show", self.inspection["vkskv1"], js=False))
        shown = self.ctl(SUPERVISOR, "show", self.inspection["vkskv1"])
        expect(int(shown["content"]["tallies"]["nguoi"]) == 23, "14 and 9 people are 23")
        expect(sorted(shown["content"]["team"]) == ["huynh-kiem-phong", "vo-nguyet-que"],
               "both additions to the team stand")
        places = {r["value"] for c in shown["conflicts"] if c["field"] == "place"
                  for r in c["readings"]}
        expect(places == {"xã Rạch Đước", "xã Cồn Sậy"}, "both places stand until somebody picks")
        text = json.dumps(self.ctl(SUPERVISOR, "show", self.note["vkskv1"]), ensure_ascii=False)
        say(self.ctl(SUPERVISOR, "show", self.note["vkskv1"], js=False))
        expect("4,5" in text and "4,7" in text and "4,57" not in text,
               "both measurements stand; nobody reads 4,57")
        self.a_clock_wins_nothing()

    def a_clock_wins_nothing(self):
        other, now_ms = "vo-nguyet-que", time.time() * 1000
        for last, days in ((other, 7), (FAST_CLOCK, 20)):
            shown = self.ctl(SUPERVISOR, "show", self.term[last], "--history", "10")
            expect(int(shown["content"]["warn_days"]) == days,
                   f"{self.names[last]} wrote last in truth, and {days} days stand")
            mine = [one for one in shown["history"] if one["user"] == FAST_CLOCK]
            expect(len(mine) == 1
                   and abs(mine[0]["claimed_ms"] - now_ms - FAST_MS) < 600_000
                   and abs(mine[0]["admission"]["at_ms"] - now_ms) < 600_000,
                   f"{self.names[FAST_CLOCK]} claimed a time three days ahead; what counts is when "
                   "it was")

    def resolve(self):
        title("One pick settles it everywhere")
        a, record = "nguyen-uu-dam", self.inspection["vkskv1"]
        conflict = next(c for c in self.phone(a, "show", record)["conflicts"]
                        if c["field"] == "place")
        pick = next(i for i, r in enumerate(conflict["readings"]) if r["value"] == "xã Rạch Đước")
        self.phone(a, "resolve", record, conflict["id"], "--pick", str(pick + 1), "--reason",
                   "đối chiếu quyết định phân công")
        self.sync_all()
        self.sync_all()
        places = [c for user in PHONES if PHONES[user] == "vkskv1"
                  for c in self.phone(user, "show", record)["conflicts"] if c["field"] == "place"]
        places += [c for c in self.ctl(SUPERVISOR, "show", record)["conflicts"]
                   if c["field"] == "place"]
        expect(not places, f"{self.names[a]} picked; the conflict is gone on every phone and here")

    def sync_all(self):
        for user in PHONES:
            self.phone(user, "sync")

    def compare(self):
        title("Nothing differs, nothing is missing")
        for unit in ("vkskv1", "vkskv2"):
            central = self.ctl(SUPERVISOR, "digest", "--unit", unit)
            for user in (u for u in PHONES if PHONES[u] == unit):
                own = self.phone(user, "digest")
                say(f"  {unit}  {self.names[user]:<18} {own['records']:>5} records  "
                    f"{own['digest'][:16]}")
                if own["digest"] != central["digest"] or own["records"] != central["records"]:
                    raise Failure(f"{user} shows something else than the server")
                here = {line["id"] for line in self.phone(user, "list")}
                for other in (u for u in PHONES if PHONES[u] == unit):
                    lost = self.told[other] - here
                    if lost:
                        raise Failure(f"{user} misses {len(lost)} records of {other}")
            say(f"  {unit}  {'sotayd':<18} {central['records']:>5} records  "
                f"{central['digest'][:16]}")
        total = sum(len(told) for told in self.told.values())
        expect(True, f"all {total} records anybody was told are saved are on every phone of the unit")
        self.counts_once()

    def keep(self):
        title("The server stays up")
        say(f"  export PATH={self.build}/mobile-sdk/cli:$PATH\n"
            f"  cd {self.house}\n"
            f"  sotay --dir nguyen-uu-dam list --conflicts\n"
            f"  sotay --dir nguyen-uu-dam new note --in {self.inspection['vkskv1'][:8]} "
            f"body='Đã hỏi 05 người.'\n"
            f"  sotay --dir nguyen-uu-dam sync\n"
            f"  sotayctl --dir {SUPERVISOR} records --unit vks-sm --subtree\n"
            f"  sotayctl --dir {SUPERVISOR} watch --unit vkskv1\n"
            f"  kill {self.server.pid}      # and remove {self.house} when you are done")

    def play(self):
        self.found_office()
        self.shared_work()
        self.offline()
        self.reconnect()
        self.supervise()
        open_surprises(self, SUPERVISOR, sorted(set(PHONES.values())), PHONES)
        self.resolve()
        self.compare()


def main():
    if len(sys.argv) < 2 or set(sys.argv[2:]) - {"--keep"}:
        print(__doc__)
        return 2
    keep = "--keep" in sys.argv
    house = tempfile.mkdtemp(prefix="sotay-demo-")
    began = time.monotonic()
    demo, stays_up = None, False
    try:
        demo = Demo(sys.argv[1], house)
        demo.play()
        if keep:
            demo.keep()
            stays_up = True
        else:
            demo.kill_server()
            shutil.rmtree(house)
        say(f"\nThe demo held in {time.monotonic() - began:.0f} s.")
        return 0
    except Failure as failure:
        say(f"\nThe demo FAILED: {failure}\nEverything is left in {house} (server.log).")
        return 1
    finally:
        if demo is not None and not stays_up:
            demo.kill_server()


if __name__ == "__main__":
    sys.exit(main())
