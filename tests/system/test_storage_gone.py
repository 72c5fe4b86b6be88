"""While nothing can be written, right codes and wrong ones get the same answer, and nobody looks at them."""

import asyncio
import json
import resource
import time
from functools import partial

import pytest
from sqlalchemy import text

from databases import connected
from keyfob import VirtualClock, totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation
from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import group_commit
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.installation import DEFAULT_TENANT, initialise, open_installation
from keyfob_verifier.service.lifecycle import activate
from keyfob_verifier.service.outcome import Reason
from keyfob_verifier.service.verification import Attempt, verify
from nursery import nursery
from own_postgres import own_postgres

START = 1_800_000_000.0
PATIENCE_S = 10.0


class Login:
    """An active token on a running server, a minute after its activation."""

    def __init__(self, server, api_key):
        self.connection = server.connect(api_key)
        status, enrolled = self.connection.ask("POST", "/v1/tokens", {"account": "alice", "serial": "S"})
        assert status == 201
        self.seed = parse_uri(enrolled["uri"]).seed.reveal()
        first_code = {"code": totp(self.seed, START)}
        status, activated = self.connection.ask("POST", "/v1/tokens/S/activate", first_code)
        assert (status, activated["answer"]) == (200, "accepted")
        assert self.connection.ask("PUT", "/v1/test-clock", {"now": START + 60})[0] == 200
        self.right = totp(self.seed, START + 60)
        self.wrong = f"{(int(self.right) + 1) % 10**6:06d}"

    def answer(self, code, serial="S"):
        """The status, and all that was said but the date."""
        request = self.connection.request("POST", "/v1/validate", {"serial": serial, "code": code})
        self.connection.send(request)
        status, head, body = self.connection.receive()
        lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"date:")]
        return status, b"\r\n".join(lines), body


@pytest.fixture
def serve(tmp_path):
    """Serves an installation, and gives its server and a login there."""
    nests = []

    def start(url, busy_timeout_s=None):
        installation = Installation(tmp_path, url)
        nests.append(nest := nursery(installation, tmp_path / "servers"))
        server = nest.__enter__().start("--test-clock", repr(START), busy_timeout_s=busy_timeout_s)
        login = Login(server.await_start(), installation.api_key)
        logins.append(login)
        return server, login

    logins = []
    yield start
    for login in logins:
        login.connection.close()
    for nest in nests:
        nest.__exit__(None, None, None)


def assert_alike(login, times=15):
    """More wrong codes than a token's budget, and a right one before, between and after them."""
    codes = [login.right, *[login.wrong] * times, login.right, "000000", "12", login.right]
    answers = [login.answer(code) for code in codes] + [login.answer("123456", "NOBODY")]
    assert len(set(answers)) == 1, answers
    status, head, body = answers[0]
    assert status == 503
    assert b"retry-after: 5" in head.lower()
    assert json.loads(body)["type"] == "urn:keyfob:problem:storage-unavailable"
    assert login.connection.ask("GET", "/readyz")[0] == 503


def assert_recovers(login):
    """By itself, and soon; nothing was charged meanwhile, and the code is good once."""
    deadline = time.monotonic() + PATIENCE_S
    while (told := login.answer(login.right))[0] == 503:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    recorded = login.connection.ask("GET", "/v1/audit?limit=5")
    assert (told[0], json.loads(told[2])["answer"]) == (200, "accepted"), (told, recorded)
    assert json.loads(login.answer(login.right)[2])["answer"] == "refused"
    assert login.connection.ask("GET", "/readyz") == (200, "ready\n")


def test_full_disk_is_no_oracle(serve, tmp_path):
    """The limit on the size of files stands for a full disk: the kernel refuses to let any file grow."""
    server, login = serve(f"sqlite:///{tmp_path}/data/verifier.db")
    free = resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    assert_alike(login)
    status, token = login.connection.ask("GET", "/v1/tokens/S")
    assert (status, token["status"]) == (200, "active")
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, free)
    assert_recovers(login)


def test_disk_with_room_for_a_little_only_is_none_either(serve, tmp_path):
    """There is room for the probe now and then, and never for the codes."""
    server, login = serve(f"sqlite:///{tmp_path}/data/verifier.db")
    log = tmp_path / "data" / "verifier.db-wal"
    free = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    limit = log.stat().st_size + 6000
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    answers = set()
    for _ in range(3):
        answers |= {login.answer(code) for code in [login.wrong, login.right] * 4}
        time.sleep(0.3)
    assert {status for status, _, _ in answers} == {503}
    assert len(answers) == 1
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, free)
    assert_recovers(login)


def test_killed_database_is_no_oracle(serve):
    with own_postgres() as postgres:
        _, login = serve(postgres.new_database())
        postgres.kill()
        assert_alike(login)
        postgres.start()
        assert_recovers(login)


def test_database_that_hangs_is_no_oracle(serve):
    """Its connections are open and it says nothing; only the first who ask have to wait."""
    with own_postgres() as postgres:
        _, login = serve(postgres.new_database(), busy_timeout_s=1)
        postgres.suspend()
        try:
            first = login.answer(login.wrong)
            begun = time.monotonic()
            assert {login.answer(code) for code in [login.right, login.wrong] * 10} == {first}
            assert time.monotonic() - begun < 1.0
        finally:
            postgres.resume()
        assert_recovers(login)


async def answer_once_it_works(writer, attempt):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await writer.submit(attempt)
        except StorageUnavailableError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


def test_no_seed_is_opened_while_nothing_can_be_written(tmp_path, monkeypatch):
    url, kek_path, clock = (
        f"sqlite:///{tmp_path}/data/a.db",
        tmp_path / "keys" / "kek.key",
        VirtualClock(START),
    )
    initialise(url, kek_path, Purpose.PRODUCTION, clock)
    context = open_installation(url, kek_path, Purpose.PRODUCTION, clock)
    enrolment = enrol(context, DEFAULT_TENANT, "tester", Application(account="alice", serial="S"))
    seed = parse_uri(enrolment.uri).seed.reveal()
    activate(context, DEFAULT_TENANT, "tester", "S", totp(seed, START))
    clock.advance(seconds=60)
    opened, really_opened = [], Context.opened
    monkeypatch.setattr(Context, "opened", lambda self, token: opened.append(1) or really_opened(self, token))
    monkeypatch.setattr(group_commit, "PROBE_S", 0.01)
    right = totp(seed, START + 60)
    attempts = [Attempt(DEFAULT_TENANT, "tester", "S", code, clock.now()) for code in ("123456", right)]

    async def scenario():
        writer = GroupCommit(partial(verify, context), StorageUnavailableError, context.store.probe)
        rename(url, "audit", "audit_away")
        rename(url, "installation", "installation_away")
        for _ in range(20):
            for attempt in attempts:
                with pytest.raises(StorageUnavailableError):
                    await writer.submit(attempt)
            await asyncio.sleep(0.005)
        tried = len(opened)
        rename(url, "installation_away", "installation")
        rename(url, "audit_away", "audit")
        assert (await answer_once_it_works(writer, attempts[1])).reason is Reason.ACCEPTED
        writer.close()
        return tried

    tried = asyncio.run(scenario())
    context.store.close()
    assert tried == 1  # of forty, the one by which it was noticed
    assert len(opened) == 2


def rename(url, table, to):
    with connected(url) as connection:
        connection.execute(text("PRAGMA legacy_alter_table = ON"))
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))
