"""A bench as its users meet it: `keyfob fob bench` in a process of its own."""

import os
import subprocess
import sys
import threading
from itertools import count

import httpx
import pytest

from fob_samples import URI

START_S = 30.0


class BenchProcess:
    """A running bench on a free port, and a client that speaks to it."""

    def __init__(self, home, *options):
        self.state, self.key = home / "bench" / "bench.db", home / "keys" / "fob.key"
        self.log = home / "bench.log"
        environment = os.environ | {"KEYFOB_BENCH_STATE": str(self.state), "KEYFOB_FOB_KEY": str(self.key)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "keyfob", "fob", "bench", "--port", "0", *options],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.said = self._said_at_start()
        self.url = self.said[-1].split()[-1].replace("0.0.0.0", "127.0.0.1")
        self.http = httpx.Client(base_url=f"{self.url}/v1", timeout=30.0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        self.process.terminate()
        self.process.communicate(timeout=10)

    def kill(self):
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.communicate()

    def _said_at_start(self):
        impatience = threading.Timer(START_S, self.process.kill)
        impatience.start()
        said = []
        for line in self.process.stdout:
            said.append(line.strip())
            if "listening on" in line:
                break
        impatience.cancel()
        if not said or "listening on" not in said[-1]:
            self.process.communicate()
            pytest.fail(f"the bench did not start: {self.log.read_text()}")
        return said


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """A running bench, shared by a module's tests; its time stands still but for what they move it."""
    with BenchProcess(tmp_path_factory.mktemp("bench")) as process:
        process.http.put("/time", json={"mode": "standing"})
        yield process


@pytest.fixture
def start_bench(tmp_path):
    """Starts a bench with these options; each goes on with what the one before kept."""
    return lambda *options: BenchProcess(tmp_path, *options)


@pytest.fixture
def http(bench):
    return bench.http


_serials = count(1)


@pytest.fixture
def make(http):
    """Makes a fob with what is told, and a seed unless told otherwise; its serial."""

    def make(**wanted):
        serial = f"T{next(_serials)}"
        answer = http.post("/fobs", json={"serial": serial, "uri": URI, "wander_ppm": 0} | wanted)
        assert answer.status_code == 201, answer.text
        return serial

    return make
