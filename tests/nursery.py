"""Server processes by the dozen: each `keyfob serve` is forked from one interpreter that has imported keyfob already.

A crash test kills and starts servers all the time; nearly all of an ordinary start is the import of modules.
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from raw_http import RawConnection

START_S = 30.0

NURSERY = """
import json, os, resource, signal, sys
from keyfob.cli import main
import keyfob_verifier.api.serve, keyfob_verifier.api.app, keyfob_verifier.service.installation
from keyfob_verifier.store import database

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, descriptor in enumerate((nothing, said, said)):
        os.dup2(descriptor, place)
    os.environ.update(asked["environment"])
    if asked["busy_timeout_s"]:
        database.BUSY_TIMEOUT_S = asked["busy_timeout_s"]
    sys.argv = ["keyfob", *asked["arguments"]]
    try:
        main()
    finally:
        os._exit(1)
"""


class Server:
    """A `keyfob serve`, or another command, in a process of its own, alive until it is killed or ends."""

    def __init__(self, pid, said):
        self.pid, self._said = pid, said

    def await_start(self):
        """Waits until it answers, and gives it its `url`."""
        deadline = time.monotonic() + START_S
        while "listening on " not in self.said():
            assert self.is_alive(), self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.005)
        self.url = self.said().partition("listening on ")[2].split()[0]
        return self

    def said(self):
        """What it wrote so far, errors too."""
        return self._said.read_text() if self._said.exists() else ""

    def is_alive(self):
        """Whether the process is there."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self, how=signal.SIGKILL):
        """Ends it, and returns once it is gone."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)
        while self.is_alive():
            time.sleep(0.001)

    def connect(self, api_key):
        """A connection of one's own."""
        return RawConnection(self.url, api_key)


class Nursery:
    """Where servers of an installation come from, and its other commands."""

    def __init__(self, installation, directory):
        self._installation, self._directory = installation, directory
        self._numbers, self._servers = count(), []
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, *arguments, busy_timeout_s=None):
        """Starts a server, on a port of its own; it may take a moment to answer."""
        return self.command("serve", "--port", "0", *arguments, busy_timeout_s=busy_timeout_s)

    def command(self, *arguments, busy_timeout_s=None):
        """Starts any command."""
        said = self._directory / f"process-{next(self._numbers)}.log"
        names = ("KEYFOB_DATABASE_URL", "KEYFOB_KEK")
        environment = {name: self._installation.environment[name] for name in names}
        asked = {
            "said": str(said),
            "environment": environment,
            "busy_timeout_s": busy_timeout_s,
            "arguments": arguments,
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        server = Server(int(self._process.stdout.readline()), said)
        self._servers.append(server)
        return server

    def close(self):
        """Ends every process that is left."""
        for server in self._servers:
            server.kill()
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@contextmanager
def nursery(installation, directory):
    """A nursery, and the end of all that came from it."""
    place = Path(directory)
    place.mkdir(exist_ok=True)
    opened = Nursery(installation, place)
    try:
        yield opened
    finally:
        opened.close()
