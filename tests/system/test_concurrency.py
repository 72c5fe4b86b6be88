"""One code submitted many times at once, through four server processes over one database."""

import json
import random
from collections import Counter
from contextlib import nullcontext, suppress

import pytest
from sqlalchemy import select

from databases import connected
from keyfob import totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation
from keyfob_verifier.store.schema import audit
from nursery import nursery

START = 1_800_000_000.0
DAY_S = 86_400.0
SUBMISSIONS = 64
PROCESSES = 4


@pytest.fixture
def processes(tmp_path, database_url):
    """Four servers of one installation, and a way to start more."""
    installation = Installation(tmp_path, database_url)
    with nursery(installation, tmp_path / "servers") as servers:

        def start(at):
            return servers.start("--test-clock", repr(at))

        started = [start(START) for _ in range(PROCESSES)]
        for server in started:
            server.await_start()
        running = Processes(installation.api_key, started, start)
        yield running
        running.close()


class Processes:
    """Servers, and connections to them that stay open."""

    def __init__(self, api_key, servers, start):
        self.api_key, self.servers, self._start = api_key, servers, start
        self._connections = {}

    def connections(self, server, number):
        """So many connections to a server, the same ones each time."""
        known = self._connections.setdefault(server.pid, [])
        while len(known) < number:
            known.append(server.connect(self.api_key))
        return known[:number]

    def ask(self, server, method, path, body=None):
        """A server's answer over its first connection."""
        (connection,) = self.connections(server, 1)
        return connection.ask(method, path, body)

    def move_clock(self, server, to):
        """Moves one server's time on."""
        assert self.ask(server, "PUT", "/v1/test-clock", {"now": to})[0] == 200

    def replace(self, place, at):
        """Kills a server and starts another in its place, whose clock shows `at`."""
        self.servers[place].kill()
        for connection in self._connections.pop(self.servers[place].pid, []):
            connection.close()
        self.servers[place] = self._start(at)
        self.servers[place].await_start()

    def enrol(self, serial, at):
        """Enrols a token of a user of its own, and activates it with the code of `at`; its seed."""
        server = self.servers[0]
        status, enrolled = self.ask(server, "POST", "/v1/tokens", {"account": serial, "serial": serial})
        assert status == 201, enrolled
        seed = parse_uri(enrolled["uri"]).seed.reveal()
        _, answer = self.ask(server, "POST", f"/v1/tokens/{serial}/activate", {"code": totp(seed, at)})
        assert answer["answer"] == "accepted"
        return seed

    def close(self):
        """Lets go of all connections."""
        for connections in self._connections.values():
            for connection in connections:
                connection.close()


def submitted_at_once(processes, serial, code):
    """What 64 callers, each with a connection of its own, were told of one code."""
    share = SUBMISSIONS // PROCESSES
    connections = [each for server in processes.servers for each in processes.connections(server, share)]
    random.shuffle(connections)
    body = {"serial": serial, "code": code}
    prepared = [(each, each.request("POST", "/v1/validate", body)) for each in connections]
    for connection, request in prepared:
        connection.send(request)
    answers = [connection.receive() for connection in connections]
    return Counter(json.loads(body)["answer"] if status == 200 else status for status, _, body in answers)


def test_of_64_submissions_at_once_exactly_one_is_accepted(processes, database_url, soak_rounds):
    rounds = soak_rounds(50, 1000)
    seeds = {f"R{number}": processes.enrol(f"R{number}", START) for number in range(rounds)}
    for server in processes.servers:
        processes.move_clock(server, START + 60)
    for serial, seed in seeds.items():
        answers = submitted_at_once(processes, serial, totp(seed, START + 60))
        assert answers["accepted"] == 1, answers
        assert answers["refused"] + answers[429] == SUBMISSIONS - 1, answers
    recorded = Counter(serial for serial, _, _ in validations(database_url))
    assert recorded == dict.fromkeys(seeds, SUBMISSIONS)
    accepted = Counter(serial for serial, outcome, _ in validations(database_url) if outcome == "accepted")
    assert accepted == dict.fromkeys(seeds, 1)


def test_single_use_outlives_crashes_and_steps_of_the_clock(processes, database_url, soak_rounds):
    """Each server has a clock of its own, which is put on by anything up to a day; one that is killed comes back with
    any time at all. Every code goes to all four servers at once."""
    chance, begin = random.Random(20_271), START + 60.0
    seeds = {f"S{number}": processes.enrol(f"S{number}", START) for number in range(12)}
    clocks, newest, accepted, crashes = [begin] * PROCESSES, dict.fromkeys(seeds, -1), 0, 0
    for place in range(PROCESSES):
        processes.move_clock(processes.servers[place], begin)
    for _ in range(soak_rounds(60, 4000)):
        place = chance.randrange(PROCESSES)
        clocks[place] += chance.choice([0.0, 30.0, 30.0, 300.0, 3600.0, DAY_S])
        processes.move_clock(processes.servers[place], clocks[place])
        serial = chance.choice(list(seeds))
        crashing = chance.randrange(PROCESSES) if chance.random() < 0.2 else None
        step = int(clocks[place] // 30)
        told = submitted_to_all(processes, serial, totp(seeds[serial], clocks[place]), crashing)
        assert told["accepted"] <= 1
        if told["accepted"]:
            assert newest[serial] < step
            newest[serial] = step
            accepted += 1
        if crashing is not None:
            crashes += 1
            clocks[crashing] = begin + chance.choice([0.0, chance.uniform(0.0, 3 * DAY_S)])
            processes.replace(crashing, clocks[crashing])
    uses = Counter(
        (serial, step) for serial, outcome, step in validations(database_url) if outcome == "accepted"
    )
    assert set(uses.values()) == {1}
    assert accepted > 10
    assert crashes > 3


def submitted_to_all(processes, serial, code, crashing):
    """What was told of a code that went to every server at once; one of them may be killed before it answers."""
    connections = [processes.connections(server, 1)[0] for server in processes.servers]
    request = connections[0].request("POST", "/v1/validate", {"serial": serial, "code": code})
    for connection in connections:
        connection.send(request)
    if crashing is not None:
        processes.servers[crashing].kill()
    told = Counter()
    for place, connection in enumerate(connections):
        with suppress(OSError) if place == crashing else nullcontext():
            status, _, body = connection.receive()
            told[json.loads(body)["answer"] if status == 200 else status] += 1
    return told


def validations(database_url):
    """The token, the outcome and the step of every validation in the record."""
    with connected(database_url) as connection:
        query = select(audit.c.serial, audit.c.outcome, audit.c.step).where(audit.c.action == "validate")
        return connection.execute(query).all()
