"""Servers and their database are killed at random moments, under load; nothing that was acknowledged may be missing."""

import random
import threading
import time
from collections import Counter

import pytest
from sqlalchemy import select

from databases import connected
from keyfob import Parameters, VirtualClock, totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation
from keyfob_verifier.records import Purpose
from keyfob_verifier.service.installation import open_installation
from keyfob_verifier.service.proof import verify_record
from keyfob_verifier.store.schema import audit, tokens
from nursery import nursery
from own_postgres import own_postgres

START = 1_800_000_000.0
TICK_S = 300.0
"""How far the servers' time is put on at each tick: every token may be tried anew then."""
TEN_DIGITS = Parameters(digits=10)
"""So that two steps of a token never share a code: of six digits, one pair in a million does."""
PATIENCE_S = 20.0
UNAVAILABLE = 503


class Place:
    """A database that this test alone has; killing it is part of the test where it is a process."""

    def __init__(self, url, server_count, postgres=None):
        self.url, self.server_count, self.postgres = url, server_count, postgres

    def crash(self):
        """Kills the database and starts it again."""
        self.postgres.kill()
        self.postgres.start()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        yield Place(f"sqlite:///{tmp_path}/data/verifier.db", 2)
        return
    with own_postgres() as postgres:
        yield Place(postgres.new_database(), 4, postgres)


class Servers:
    """The servers that are alive, and the time that they all believe it is."""

    def __init__(self, place, nest, api_key):
        self.now, self._nest, self.api_key = START, nest, api_key
        self.alive = [self._start() for _ in range(place.server_count)]
        for server in self.alive:
            server.await_start()

    def _start(self):
        return self._nest.start("--test-clock", repr(self.now))

    def crash(self, number):
        """Kills one, and puts another in its place once that answers."""
        self.alive[number].kill()
        self.alive[number] = self._start().await_start()

    def tick(self):
        """Puts everybody's time on."""
        to = self.now + TICK_S
        for server in list(self.alive):
            try:
                connection = server.connect(self.api_key)
                connection.ask("PUT", "/v1/test-clock", {"now": to})
                connection.close()
            except OSError:
                continue  # it was killed; the one that follows it starts at the new time, or a tick behind
        self.now = to


class Caller(threading.Thread):
    """Somebody with tokens of their own, who logs in, enrols more, and tries again what was accepted before.

    Attributes:
        enrolled: the serials of acknowledged enrolments.
        accepted: of each token the steps whose codes were acknowledged as accepted.
        replays: codes that were accepted although that had been acknowledged before.
        faults: answers that should never be.
    """

    def __init__(self, name, servers, chance):
        super().__init__(name=name, daemon=True)
        self.enrolled, self.accepted, self.replays, self.faults = [], {}, [], []
        self.acknowledged = 0
        self._servers, self._chance, self._seeds = servers, chance, {}
        self._ended = threading.Event()

    def run(self):
        while not self._ended.is_set():
            try:
                connection = self._chance.choice(self._servers.alive).connect(self._servers.api_key)
            except OSError:
                continue
            try:
                while not self._ended.is_set():
                    self._act(connection)
            except OSError:
                pass  # the server was killed; nobody knows what became of the last request
            except Exception as fault:  # noqa: BLE001  whatever it is, the test is to show it
                self.faults.append(repr(fault))
            finally:
                connection.close()

    def end(self):
        """Ends it once its last request is answered."""
        self._ended.set()
        self.join(PATIENCE_S)

    def _act(self, connection):
        action = self._chance.random()
        if action < 0.1 or len(self._seeds) < 4:
            self._enrol(connection)
        elif action < 0.2:
            self._submit_again(connection)
        else:
            self._log_in(connection)

    def _enrol(self, connection):
        serial = f"{self.name}-{len(self.enrolled)}-{self._chance.randrange(10**9)}"
        status, body = connection.ask(
            "POST", "/v1/tokens", {"account": serial, "serial": serial, "digits": TEN_DIGITS.digits}
        )
        if self._is_answered(status, body, 201):
            self.enrolled.append(serial)
            seed = parse_uri(body["uri"]).seed.reveal()
            step = int(self._servers.now // 30) - 1
            path, code = f"/v1/tokens/{serial}/activate", {"code": totp(seed, step * 30, TEN_DIGITS)}
            status, answer = connection.ask("POST", path, code)
            if self._is_answered(status, answer, 200, 429) and answer.get("answer") == "accepted":
                self._seeds[serial], self.accepted[serial] = seed, [step]
                self.acknowledged += 1

    def _log_in(self, connection):
        serial = self._chance.choice(list(self._seeds))
        step = int(self._servers.now // 30)
        if self._validate(connection, serial, step):
            if step in self.accepted[serial]:
                self.replays.append((serial, step))
            self.accepted[serial].append(step)
            self.acknowledged += 1

    def _submit_again(self, connection):
        serial = self._chance.choice(list(self._seeds))
        if self._validate(connection, serial, self.accepted[serial][-1]):
            self.replays.append((serial, self.accepted[serial][-1]))

    def _validate(self, connection, serial, step):
        body = {"serial": serial, "code": totp(self._seeds[serial], step * 30, TEN_DIGITS)}
        status, answer = connection.ask("POST", "/v1/validate", body)
        return self._is_answered(status, answer, 200, 429) and answer.get("answer") == "accepted"

    def _is_answered(self, status, body, *expected):
        if status == UNAVAILABLE:
            time.sleep(0.01)
        elif status not in expected:
            self.faults.append((status, body))
        return status in expected


def test_nothing_that_was_acknowledged_is_lost(place, tmp_path, soak_rounds):
    """Of PostgreSQL it has the careless defaults: who does not insist on durable commits loses some here."""
    installation = Installation(tmp_path, place.url)
    chance = random.Random(1_701)
    with nursery(installation, tmp_path / "servers") as nest:
        servers = Servers(place, nest, installation.api_key)
        callers = [Caller(f"C{number}", servers, random.Random(number)) for number in range(4)]
        for caller in callers:
            caller.start()
        for _ in range(soak_rounds(20, 200)):
            await_progress(callers, servers)
            time.sleep(chance.uniform(0.0, 0.1))
            if place.postgres is not None and chance.random() < 0.3:
                place.crash()
            else:
                servers.crash(chance.randrange(place.server_count))
        await_progress(callers, servers)
        for caller in callers:
            caller.end()
        assert [caller.faults for caller in callers] == [[]] * len(callers)
        assert [caller.replays for caller in callers] == [[]] * len(callers)
        assert_nothing_is_missing(place.url, callers)
        assert_record_holds(place.url, installation)
        assert_last_codes_are_refused(servers, callers)


def await_progress(callers, servers):
    """Lets the callers get something acknowledged, and time pass."""
    before, deadline = sum(caller.acknowledged for caller in callers), time.monotonic() + PATIENCE_S
    while sum(caller.acknowledged for caller in callers) < before + 20:
        assert time.monotonic() < deadline, [caller.faults[:3] for caller in callers]
        servers.tick()
        time.sleep(0.02)


def assert_nothing_is_missing(url, callers):
    """Each acknowledged enrolment has its token, each acknowledged acceptance stands in the record, once."""
    with connected(url) as connection:
        present = set(connection.scalars(select(tokens.c.serial)))
        query = select(audit.c.serial, audit.c.step).where(audit.c.outcome == "accepted")
        recorded = Counter(map(tuple, connection.execute(query)))
    for caller in callers:
        assert set(caller.enrolled) <= present
        acknowledged = {(serial, step) for serial, steps in caller.accepted.items() for step in steps}
        assert acknowledged <= set(recorded)
    assert set(recorded.values()) == {1}


def assert_record_holds(url, installation):
    """The chains of all the processes that were killed, and of those that followed them, are whole."""
    kek = installation.environment["KEYFOB_KEK"]
    context = open_installation(url, kek, Purpose.TEST, VirtualClock(START))
    found = verify_record(context.store, context.keyring.keks)
    context.store.close()
    assert found.findings == ()


def assert_last_codes_are_refused(servers, callers):
    """The newest code of each token, sent to a server whose clock stands where it did when that was accepted."""
    latest = sorted(
        (steps[-1], serial, caller)
        for caller in callers
        for serial, steps in caller.accepted.items()
    )  # fmt: skip
    server = servers._nest.start("--test-clock", repr(latest[0][0] * 30.0)).await_start()
    connection = server.connect(servers.api_key)
    for step, serial, caller in latest:
        connection.ask("PUT", "/v1/test-clock", {"now": step * 30.0})
        assert not caller._validate(connection, serial, step)
    connection.close()
