"""A verifier as its users meet it: `keyfob serve` in a process of its own, over each kind of database."""

from itertools import count

import pytest

from databases import database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from keyfob import SealingKey
from keyfob.oscillator import Crystal, Oscillator
from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess
from keyfob_firmware.fob import Fob
from keyfob_firmware.state import FobState

START = 1_800_000_000.0

_numbers = count()


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """A test installation on SQLite, shared by a module's tests."""
    return Installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def verifier(installation):
    """A running verifier, shared by a module's tests: its time only ever goes on."""
    with VerifierProcess(installation, START) as process:
        yield process


class Truth:
    """The true time, which is the verifier's own: moving one moves the other."""

    def __init__(self, verifier):
        self._verifier = verifier

    def now(self):
        return self._verifier.http.get("/v1/test-clock").json()["now"]

    def advance(self, seconds):
        self._verifier.move_clock(self.now() + seconds)


@pytest.fixture
def truth(verifier):
    return Truth(verifier)


class HeldFob:
    """A simulated fob in the test's hand, and the serial of its token."""

    def __init__(self, verifier, truth, tolerance_ppm=0.0):
        # everybody has an account of their own: failures count for the account too
        enrolled = verifier.enrol(account=f"alice-{next(_numbers)}@example.org")
        self.serial = enrolled["token"]["serial"]
        oscillator = Oscillator(crystal=Crystal(tolerance_ppm), made_at=truth.now(), wander_seed=1)
        self.fob = Fob(FobState.new(self.serial, oscillator), SealingKey.generate(), truth)
        self.fob.provision(enrolled["uri"])

    def press(self):
        return self.fob.press()

    def wrong_code(self):
        return f"{(int(self.press().code) + 1) % 10**6:06d}"


@pytest.fixture
def active_fob(verifier, truth):
    """Makes the fob of an active token; then a minute has passed."""

    def active_fob():
        held = HeldFob(verifier, truth)
        assert verifier.activate(held.serial, held.press().code) == "accepted"
        truth.advance(seconds=60)
        return held

    return active_fob


@pytest.fixture
def fob(active_fob):
    """The fob of an active token, a minute after its activation."""
    return active_fob()
