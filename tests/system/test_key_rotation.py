"""`keyfob keys rotate` is killed at random moments while codes are verified; no right code is refused, no seed lost."""

import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from databases import connected, database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from keyfob import VirtualClock
from keyfob.uri import parse_uri
from keyfob_verifier.records import SEALED_AS, Purpose, TokenStatus
from keyfob_verifier.service.data_keys import seal, sealing_key
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.verification import Attempt, verify
from keyfob_verifier.store.schema import data_keys, tokens

TOKENS = 600
TURN = 20
"""So many codes share a transaction, as they do on a busy server."""
PAUSE_S = 0.002
"""Between two turns: without any, SQLite's lock would be free too rarely for whoever asks for it now and then."""
PATIENCE_S = 60.0


class Fleet:
    """Active tokens of one seed each, and a verifier that is asked about them without a pause."""

    def __init__(self, context):
        self.context = context
        self.refused, self.accepted = [], 0
        first = enrol(context, DEFAULT_TENANT, "tester", Application("a", serial="FIRST"))
        self.seed, self.parameters = parse_uri(first.uri).seed, first.token.parameters
        self.serials = [f"KF{number:05d}" for number in range(TOKENS)]
        with context.store.write() as transaction:
            key = sealing_key(context, transaction, DEFAULT_TENANT)
            for serial in self.serials:
                token = replace(
                    first.token,
                    id=uuid.uuid4().hex,
                    serial=serial,
                    account=serial,
                    status=TokenStatus.ACTIVE,
                )
                transaction.tokens.add(seal(token, self.seed, key))

    def verify_all(self):
        """Submits the next code of every token."""
        self.context.clock.advance(seconds=30)
        at = self.context.clock.now()
        code = self.seed.code(int(at) // 30, self.parameters)
        for start in range(0, TOKENS, TURN):
            batch = self.serials[start : start + TURN]
            time.sleep(PAUSE_S)
            outcomes = verify(
                self.context, [Attempt(DEFAULT_TENANT, "tester", serial, code, at) for serial in batch]
            )
            self.accepted += sum(outcome.reason == "accepted" for outcome in outcomes)
            self.refused += [
                (serial, outcome.reason.value)
                for serial, outcome in zip(batch, outcomes, strict=True)
                if outcome.reason != "accepted"
            ]


class Verifying(threading.Thread):
    """Verifies the fleet's codes from the `with` statement to its end."""

    def __init__(self, fleet):
        super().__init__()
        self._fleet, self._enough = fleet, threading.Event()
        self.fault = None

    def run(self):
        try:
            while not self._enough.is_set():
                self._fleet.verify_all()
        except Exception as fault:  # noqa: BLE001  the test's own thread raises it
            self.fault = fault

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self._enough.set()
        self.join(PATIENCE_S)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def places(database_url, tmp_path):  # noqa: F811
    return {"KEYFOB_DATABASE_URL": database_url, "KEYFOB_KEK": str(tmp_path / "keys" / "kek.key")}


@pytest.fixture
def fleet(places):
    clock = VirtualClock(float(int(time.time())))
    place = places["KEYFOB_DATABASE_URL"], places["KEYFOB_KEK"]
    initialise(*place, Purpose.PRODUCTION, clock)
    context = open_installation(*place, Purpose.PRODUCTION, clock)
    yield Fleet(context)
    context.store.close()


def start(places, *arguments):
    command = [sys.executable, "-m", "keyfob", "keys", *arguments, "--json"]
    return subprocess.Popen(
        command, env=os.environ | places, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(places, *arguments):
    process = start(places, *arguments)
    told, complaint = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, complaint
    return json.loads(told)


def sealed_counts(url):
    """How many seeds lie under each data key that there is, newest key first."""
    count = (
        select(func.count(tokens.c.id))
        .select_from(data_keys.outerjoin(tokens, tokens.c.data_key_id == data_keys.c.id))
        .group_by(data_keys.c.id, data_keys.c.created_at)
        .order_by(data_keys.c.created_at.desc())
    )
    with connected(url) as connection:
        return list(connection.execute(count).scalars())


def kill_when_sealed(process, url, wanted):
    """Kills a rotation once it has sealed that many seeds anew; whether it had not ended by then."""
    until = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < until:
        counts = sealed_counts(url)
        if len(counts) > 1 and counts[0] >= wanted:
            break
        time.sleep(0.002)
    was_alive = process.poll() is None
    process.kill()
    process.communicate()
    return was_alive


def test_data_key_rotation_that_is_killed_again_and_again_loses_nothing(places, fleet, soak_rounds):
    rng = random.Random(6)
    url = places["KEYFOB_DATABASE_URL"]
    halts = 0
    with Verifying(fleet):
        for _ in range(soak_rounds(3, 40)):
            sealed = sealed_counts(url)
            already = sealed[0] if len(sealed) > 1 else 0
            wanted = min(already + rng.randrange(TOKENS // 2), TOKENS)
            halts += kill_when_sealed(start(places, "rotate", "data"), url, wanted)
        done = finish(places, "rotate", "data")
    assert halts > 0
    assert done["unusable"] == []
    assert sealed_counts(url) == [TOKENS + 1]
    fleet.verify_all()
    assert fleet.refused == []
    assert fleet.accepted >= 2 * TOKENS
    with connected(url) as connection:
        assert set(connection.execute(select(tokens.c.sealed_as)).scalars()) == {SEALED_AS}


def test_kek_rotation_that_is_killed_is_gone_on_with(places, fleet, tmp_path, soak_rounds):
    rng = random.Random(7)
    new = tmp_path / "new-keys" / "kek.key"
    with Verifying(fleet):
        for _ in range(soak_rounds(1, 10)):
            process = start(places, "rotate", "kek", "--to", str(new))
            until = time.monotonic() + PATIENCE_S
            while not new.exists() and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.02))
            process.kill()
            process.communicate()
        finish(places, "rotate", "kek", "--to", str(new))
    (row,) = finish(places | {"KEYFOB_KEK": str(new)}, "status")["data_keys"]
    assert (row["seeds"], row["opens"], row["advice"]) == (TOKENS + 1, True, None)
    assert fleet.refused == []
