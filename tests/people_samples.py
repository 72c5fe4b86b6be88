"""People for the tests, with passwords that cost nothing to hash."""

from keyfob_verifier.service import people
from keyfob_verifier.service.installation import DEFAULT_TENANT
from keyfob_verifier.service.passwords import CHEAPEST, Passwords

PASSWORD = "a pass phrase of her own"
CHEAP = Passwords(CHEAPEST)
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.9"


def add_person(context, serial, name="alice", role="admin", password=PASSWORD):
    wanted = people.NewPerson(name, role, serial, password)
    return people.add(context, CHEAP, DEFAULT_TENANT, "tester", wanted)


def recorded(context, *actions):
    with context.store.read() as transaction:
        entries = transaction.audit.latest(DEFAULT_TENANT, None, 100)
    return [
        (entry.actor, entry.action, entry.serial, entry.outcome)
        for entry in reversed(entries)
        if entry.action in actions
    ]
