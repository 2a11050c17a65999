"""Surprise visits of the demo's table at which nobody got in: they stay hidden until somebody says
otherwise (docs/decisions/0032-surprise-inspections.md)."""
from walk_office import Failure, expect


def open_surprises(office, supervisor, units, phones):
    """One by one: only whom it is for has it, then the supervisor opens it to the unit."""
    for unit in units:
        for act in office.ctl(supervisor, "dossiers", "list", "--unit", unit):
            if act["cause"] != "ACT_CAUSE_OPENED_HIDDEN":
                continue
            dossier, own = act["dossier"], {person["user"] for person in act["people"]}
            for user in (u for u in phones if phones[u] == unit):
                has = dossier in {r["id"] for r in office.phone(user, "list", "inspection")}
                if has != (user in own):
                    raise Failure(f"{user} {'sees' if has else 'lacks'} the surprise {dossier[:8]}")
            office.ctl(supervisor, "dossiers", "open", dossier, "--reason", "không vào được")
            expect(True, f"a surprise at which nobody got in was {', '.join(sorted(own))}'s alone; "
                         "it is opened to the unit")
