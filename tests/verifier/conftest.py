"""An installation to act upon, over each kind of database, in a time that the test moves."""

import json
import random

import pytest

from databases import database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from keyfob import VirtualClock
from keyfob.cli import main
from keyfob.uri import parse_uri
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation

START = 1_800_000_000.0


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def kek_path(tmp_path):
    return tmp_path / "keys" / "kek.key"


@pytest.fixture
def api_key(database_url, kek_path, clock):  # noqa: F811
    return initialise(database_url, kek_path, Purpose.PRODUCTION, clock)


@pytest.fixture
def context(database_url, kek_path, clock, api_key):  # noqa: F811
    opened = open_installation(database_url, kek_path, Purpose.PRODUCTION, clock)
    yield opened
    opened.store.close()


class HeldFob:
    """A perfect fob in the test's hand: the seed of an enrolled token, at the test's time."""

    def __init__(self, context, random_bytes, **wanted):
        self.context = context
        self.enrolment = enrol(
            context, DEFAULT_TENANT, "tester", Application(**{"account": "alice"} | wanted), random_bytes
        )
        self.serial = self.enrolment.token.serial
        self.seed = parse_uri(self.enrolment.uri).seed

    @property
    def parameters(self):
        return self.enrolment.token.parameters

    def code(self, steps_later=0):
        now = int(self.context.clock.now()) // self.parameters.time_step_s
        return self.seed.code(now + steps_later, self.parameters)

    def wrong_code(self):
        near = {self.code(steps) for steps in range(-30, 31)}
        return next(
            code for code in (f"{n:0{self.parameters.digits}d}" for n in range(100)) if code not in near
        )

    def token(self):
        with self.context.store.read() as transaction:
            return transaction.tokens.get(DEFAULT_TENANT, self.serial)


@pytest.fixture
def hold(context):
    """Enrols a token and gives its fob; the token is pending.

    The seeds are the same in every run: by chance, a seed has its first code twice in the steps that are searched.
    """
    random_bytes = random.Random(0).randbytes
    return lambda **wanted: HeldFob(context, random_bytes, **wanted)


@pytest.fixture
def fob(context, hold):
    """The fob of an active token, two minutes after its activation."""
    held = hold()
    assert (
        lifecycle.activate(context, DEFAULT_TENANT, "tester", held.serial, held.code()).reason == "accepted"
    )
    context.clock.advance(seconds=120)
    return held


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The directory of an installation that commands find by themselves; there is none in it yet."""
    monkeypatch.setenv("KEYFOB_DATABASE_URL", f"sqlite:///{tmp_path}/data/verifier.db")
    monkeypatch.setenv("KEYFOB_KEK", f"{tmp_path}/keys/kek.key")
    return tmp_path


@pytest.fixture
def keyfob(capsys):
    """Runs a command that should go well, and gives its JSON."""

    def run(*arguments, status=0):
        assert main([*map(str, arguments), "--json"]) == status, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def mistake(capsys):
    """Runs a command that should not go well, and gives its one line of complaint."""

    def run(*arguments, status=1):
        assert main([*map(str, arguments)]) == status
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("keyfob: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run
