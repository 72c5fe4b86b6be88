"""A server that has answered a million requests is as large as after the first thousands."""

import random
from itertools import count

import psutil

from keyfob import totp
from keyfob.uri import parse_uri
from keyfob_firmware.demo.verifier_process import Installation
from nursery import nursery

START = 1_800_000_000.0
CONNECTIONS = 32
TOKENS = 200
MIB = 2**20


class Callers:
    """Connections over which all kinds of validations go: right codes, wrong ones, old ones, odd ones, nobody's."""

    def __init__(self, server, api_key):
        self._connections = [server.connect(api_key) for _ in range(CONNECTIONS)]
        self._now, self._chance, self._numbers = START, random.Random(1), count()
        self._seeds = {}
        for number in range(TOKENS):
            serial = f"M{number}"
            status, told = self._ask("POST", "/v1/tokens", {"account": serial, "serial": serial})
            assert status == 201
            seed = self._seeds[serial] = parse_uri(told["uri"]).seed.reveal()
            self._ask("POST", f"/v1/tokens/{serial}/activate", {"code": totp(seed, START)})

    def validate(self, times):
        """So many validations, as many at once as there are connections; how many were accepted."""
        accepted = 0
        for _ in range(times // CONNECTIONS):
            if next(self._numbers) % 4 == 0:
                self._now += 300.0
                assert self._ask("PUT", "/v1/test-clock", {"now": self._now})[0] == 200
            for connection in self._connections:
                connection.send(connection.request("POST", "/v1/validate", self._question()))
            answers = [connection.receive() for connection in self._connections]
            assert {status for status, _, _ in answers} <= {200, 422, 429}
            accepted += sum(b'"answer":"accepted"' in body for _, _, body in answers)
        return accepted

    def close(self):
        """Closes the connections."""
        for connection in self._connections:
            connection.close()

    def _ask(self, method, path, body):
        return self._connections[0].ask(method, path, body)

    def _question(self):
        kind, serial = self._chance.random(), self._chance.choice(list(self._seeds))
        if kind < 0.1:
            return {"serial": f"NOBODY-{self._chance.getrandbits(64):x}", "code": "123456"}
        if kind < 0.15:
            return {"serial": serial, "code": "12"}
        if kind < 0.25:
            return {"serial": serial, "code": f"{self._chance.randrange(10**6):06d}"}
        return {"serial": serial, "code": totp(self._seeds[serial], self._now)}


def test_memory_stays_flat(tmp_path, soak_rounds):
    """Caches fill for a while: after the short warm-up they have most of their size, after the long one all."""
    warm_up, times = soak_rounds(12_000, 100_000), soak_rounds(10_000, 1_000_000)
    most = soak_rounds(4, 8) * MIB  # some 400 bytes for each request; eight in the long form
    installation = Installation(tmp_path)
    with nursery(installation, tmp_path / "servers") as servers:
        server = servers.start("--test-clock", repr(START)).await_start()
        callers = Callers(server, installation.api_key)
        callers.validate(warm_up)
        process = psutil.Process(server.pid)
        before = process.memory_info().rss
        assert callers.validate(times) > times / 10
        callers.close()
        assert process.memory_info().rss - before < most
