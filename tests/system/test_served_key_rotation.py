"""`keyfob keys rotate` is killed at random moments while a verifier takes logins over HTTP: no login notices.

The logins are of counter tokens, so that they never wait for the clock.
"""

import json
import random
import threading
import time
import uuid
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine, func, select

from databases import database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from key_samples import add_tenant
from keyfob import SystemClock
from keyfob.uri import parse_uri
from keyfob_verifier.keys.provider import open_or_make_kek
from keyfob_verifier.records import Purpose, TokenKind, TokenStatus
from keyfob_verifier.service.data_keys import seal, sealing_key
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.key_status import key_status, signing_key_advice
from keyfob_verifier.service.signing import present_signer
from keyfob_verifier.store.schema import data_keys, tokens
from nursery import nursery

TOKENS = 400
TENANTS = 300
"""Each has a data key to be wrapped."""
LINES = 2
REPLAY_EVERY = 20
REST_S = 1.5
"""After a refusal a token waits for one second."""
PATIENCE_S = 60.0
ROTATIONS = ("data", "kek")
ACCEPTED = "accepted", 200, "accepted", "accepted"
USED = "used", 200, "refused", "replayed"


class CountingFob:
    """A counter token in somebody's hand."""

    def __init__(self, token, seed):
        self.serial, self._parameters, self._seed = token.serial, token.parameters, seed
        self._counter, self.free_at = 0, 0.0

    def press(self):
        code = self._seed.code(self._counter, self._parameters)
        self._counter += 1
        return {"serial": self.serial, "code": code}


class Logins(threading.Thread):
    """Somebody at one connection who logs in with every fob in turn, from the `with` statement to its end.

    Attributes:
        told: how often each answer came, by what was due.
    """

    def __init__(self, connection, fobs):
        super().__init__()
        self.connection, self._fobs, self._enough = connection, fobs, threading.Event()
        self.told, self.fault = Counter(), None

    def run(self):
        try:
            while not self._enough.is_set():
                for fob in self._fobs:
                    self._log_in(fob)
                    if self._enough.is_set():
                        return
        except Exception as fault:  # noqa: BLE001  the test's own thread raises it
            self.fault = fault

    def log_in_once(self):
        """Every fob once, as soon as none has to wait."""
        time.sleep(max(0.0, *(fob.free_at - time.monotonic() for fob in self._fobs)))
        for fob in self._fobs:
            self._submit(fob.press(), "accepted")

    def _log_in(self, fob):
        if time.monotonic() < fob.free_at:
            time.sleep(0.001)
            return
        pressed = fob.press()
        self._submit(pressed, "accepted")
        if sum(self.told.values()) % REPLAY_EVERY == 0:
            self._submit(pressed, "used")
            fob.free_at = time.monotonic() + REST_S

    def _submit(self, body, due):
        status, told = self.connection.ask("POST", "/v1/validate", body)
        answer = told.get("answer", told.get("type")) if isinstance(told, dict) else told
        reason = told.get("reason") if isinstance(told, dict) else None
        self.told[due, status, answer, reason] += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self._enough.set()
        self.join(PATIENCE_S)
        if self.fault is not None:
            raise self.fault


class Keys:
    """What the database shows of a rotation from outside."""

    def __init__(self, url):
        self._engine = create_engine(url)

    def done(self, kind, kek):
        """How much of a rotation's work is done, from 0 to 1; 0 where none was begun."""
        with self._engine.connect() as connection:
            if kind == "kek":
                held = list(connection.execute(select(data_keys.c.kek_id)).scalars())
                return held.count(kek.kek_id) / len(held)
            of_tenant = select(data_keys.c.id).where(data_keys.c.tenant_id == DEFAULT_TENANT)
            held = list(connection.execute(of_tenant.order_by(data_keys.c.created_at)).scalars())
            if len(held) == 1:
                return 0.0
            query = select(func.count()).select_from(tokens).where(tokens.c.data_key_id == held[-1])
            return connection.execute(query).scalar() / TOKENS

    def close(self):
        self._engine.dispose()


class Rotations:
    """The two rotations of an installation, begun again and again; the KEK goes to and fro between two."""

    def __init__(self, nest, keys, keks, chance):
        self._nest, self._keys, self._keks, self._chance = nest, keys, list(keks), chance
        self.halted_midway = Counter()

    @property
    def present(self):
        """The KEK that all lies under once a rotation has ended."""
        return self._keks[0]

    def kill_one(self, kind):
        """Starts one and kills it once a random part of what is left of it is done; a last step is let end."""
        if (began := self._done(kind)) == 1.0:
            self.finish(kind)
            return
        process = self._start(kind)
        wanted = began + (1.0 - began) * self._chance.random()
        until = time.monotonic() + PATIENCE_S
        while process.is_alive() and self._done(kind) < wanted and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(self._chance.uniform(0.0, 0.01))
        process.kill()
        self.halted_midway[kind] += 0.0 < self._done(kind) < 1.0
        if kind == "kek" and process.said():
            self._check(process)

    def finish(self, kind):
        """Runs one to its end."""
        process, until = self._start(kind), time.monotonic() + PATIENCE_S
        while process.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        self._check(process)

    def _check(self, process):
        told = json.loads(process.said())
        assert told["unusable"] == []
        if "kek" in told:
            self._keks.reverse()

    def _done(self, kind):
        return self._keys.done(kind, self._keks[1])

    def _start(self, kind):
        first, second = (kek.source for kek in self._keks)
        to = ("--to", second) if kind == "kek" else ("--tenant", DEFAULT_TENANT)
        return self._nest.command("keys", "rotate", kind, *to, "--kek", first, "--kek", second, "--json")


@pytest.fixture
def place(database_url, tmp_path):  # noqa: F811
    """A production installation with many data keys, a signing key and active counter tokens; and a second KEK."""
    clock, first = SystemClock(), tmp_path / "keys" / "kek.key"
    api_key = initialise(database_url, first, Purpose.PRODUCTION, clock)
    context = open_installation(database_url, first, Purpose.PRODUCTION, clock)
    with context.store.write() as transaction:
        present_signer(transaction, context.keyring.keks, clock.now())
    fobs = enrolled(context)
    for number in range(TENANTS):
        add_tenant(context, f"t{number}")
    keks = context.keyring.keks.current, open_or_make_kek(tmp_path / "keys-2" / "kek.key", None)
    context.store.close()
    environment = {"KEYFOB_DATABASE_URL": database_url, "KEYFOB_KEK": str(first)}
    return SimpleNamespace(environment=environment, api_key=api_key, fobs=fobs, keks=keks, url=database_url)


def enrolled(context):
    first = enrol(
        context, DEFAULT_TENANT, "tester", Application("first", serial="FIRST", kind=TokenKind.HOTP)
    )
    seed, fobs = parse_uri(first.uri).seed, []
    with context.store.write() as transaction:
        key = sealing_key(context, transaction, DEFAULT_TENANT)
        for number in range(TOKENS):
            changed = {"id": uuid.uuid4().hex, "serial": f"KF{number:05d}", "account": f"person {number}"}
            token = replace(first.token, status=TokenStatus.ACTIVE, **changed)
            transaction.tokens.add(seal(token, seed, key))
            fobs.append(CountingFob(token, seed))
    return fobs


def serve(nest, *keks):
    named = [part for kek in keks for part in ("--kek", kek.source)]
    return nest.start(*named, "--failure-budget", "100").await_start()


@pytest.fixture
def connect(place):
    """Connects to a server, until the test's end."""
    with ExitStack() as connections:
        yield lambda server: connections.enter_context(closing(server.connect(place.api_key)))


def test_no_login_notices_that_rotations_are_killed_and_begun_again(place, connect, tmp_path, soak_rounds):
    with nursery(place, tmp_path / "processes") as nest, closing(Keys(place.url)) as keys:
        server = serve(nest, *place.keks)
        lines = [Logins(connect(server), place.fobs[number::LINES]) for number in range(LINES)]
        rotations = Rotations(nest, keys, place.keks, random.Random(8))
        with lines[0], lines[1]:
            for number in range(soak_rounds(5, 60)):
                rotations.kill_one(ROTATIONS[number % 2])
            rotations.finish("data")
            rotations.finish("kek")
            last = rotations.present
        told = lines[0].told + lines[1].told
        assert min(rotations.halted_midway[kind] for kind in ROTATIONS) > 0
        assert set(told) == {ACCEPTED, USED}
        server.kill()
        server = serve(nest, last)
        again = Logins(connect(server), place.fobs)
        again.log_in_once()
        assert again.told == {ACCEPTED: TOKENS}
        assert again.connection.ask("GET", "/readyz") == (200, "ready\n")
    context = open_installation(place.url, last.source, Purpose.PRODUCTION, SystemClock())
    assert all(key.opens and not key.advice for key in key_status(context))
    assert signing_key_advice(context) == ""
    context.store.close()
