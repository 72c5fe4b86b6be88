"""The host's clock is stepped under a running verifier: codes are judged by it, and nobody pays for it afterwards."""

import time
from dataclasses import replace

import pytest

from asgi_clients import RunningApp
from databases import database_url, new_postgres_database, postgres  # noqa: F401  fixtures
from keyfob import SystemClock, VirtualClock, totp
from keyfob.uri import parse_uri
from keyfob_verifier.api.app import create_app
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import installation
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.lifecycle import activate

DAY_S = 86_400.0


class SteppedClock:
    """The machine's clock, as somebody has set it."""

    def __init__(self):
        self.ahead_s = 0.0

    def now(self):
        return time.time() + self.ahead_s


class Host:
    """A verifier on a host whose clock the test sets, and the seed of an active token whose fob is right."""

    def __init__(self, running, api_key, clock, seed):
        self._running, self._api_key, self.clock, self.seed = running, api_key, clock, seed

    def ask(self, method, path, **content):
        return self._running.ask(method, path, api_key=self._api_key, **content)

    def submit(self, code):
        return self.ask("POST", "/v1/validate", json={"serial": "S", "code": code})

    def learning_is_paused(self):
        return "keyfob_learning_paused 1.0" in self.ask("GET", "/metrics").text

    def drift(self):
        return self.ask("GET", "/v1/tokens/S").json()["drift"]


@pytest.fixture
def host(database_url, tmp_path):  # noqa: F811
    kek, clock = tmp_path / "keys" / "kek.key", SteppedClock()
    api_key = installation.initialise(database_url, kek, Purpose.PRODUCTION, SystemClock())
    opened = installation.open_installation(database_url, kek, Purpose.PRODUCTION, SystemClock())
    seed = active_token(replace(opened, clock=VirtualClock(time.time() - 60.0)))
    with RunningApp(create_app(replace(opened, clock=clock))) as running:
        yield Host(running, api_key, clock, seed)


def active_token(context):
    """Enrols a token and activates it with its present code; its seed."""
    enrolled = enrol(context, installation.DEFAULT_TENANT, "tester", Application("alice", serial="S"))
    seed = parse_uri(enrolled.uri).seed.reveal()
    activate(context, installation.DEFAULT_TENANT, "tester", "S", totp(seed, context.clock.now()))
    return seed


@pytest.mark.parametrize("step_s", [-DAY_S, DAY_S])
def test_step_and_back_locks_nobody_out_and_revives_no_code(host, step_s):
    assert host.ask("GET", "/readyz").status_code == 200
    code, before = totp(host.seed, time.time()), totp(host.seed, time.time() - 30.0)
    host.clock.ahead_s = step_s
    refused = host.ask("GET", "/readyz")
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:keyfob:problem:clock-unreliable")
    assert f"stepped by {step_s:+.1f} s" in refused.json()["detail"]
    assert host.learning_is_paused()
    assert host.submit(code).json()["answer"] == "refused"
    host.clock.ahead_s = 0.0
    assert host.ask("GET", "/readyz").status_code == 200
    assert not host.learning_is_paused()
    back_off = host.submit(code)
    assert back_off.status_code == 429
    assert int(back_off.headers["retry-after"]) <= 1
    time.sleep(1.1)
    assert host.submit(code).json()["answer"] == "accepted"
    host.clock.ahead_s = step_s
    host.submit(code)
    host.clock.ahead_s = 0.0
    time.sleep(2.1)
    for used in (code, before):
        assert host.submit(used).json().get("answer") != "accepted"


def test_nothing_is_learned_from_a_login_under_a_stepped_clock(host):
    known = host.drift()
    host.clock.ahead_s = 20.0
    assert host.submit(totp(host.seed, time.time())).json()["answer"] == "accepted"
    assert host.drift()["offset_s"] == pytest.approx(known["offset_s"], abs=0.1)
    assert host.drift()["offset_sd_s"] == pytest.approx(known["offset_sd_s"], abs=0.1)


def test_host_that_is_not_at_the_databases_time_is_not_ready(new_postgres_database, tmp_path):  # noqa: F811
    url, kek, clock = new_postgres_database(), tmp_path / "keys" / "kek.key", SteppedClock()
    clock.ahead_s = 3.0
    api_key = installation.initialise(url, kek, Purpose.PRODUCTION, clock)
    opened = replace(installation.open_installation(url, kek, Purpose.PRODUCTION, clock), clock=clock)
    with RunningApp(create_app(opened)) as running:
        deadline = time.monotonic() + 5.0
        while (told := running.ask("GET", "/readyz", api_key=api_key)).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert "+3.0 s from the database's" in told.json()["detail"]
