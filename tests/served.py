"""`keyfob serve` as an administrator starts it: a real installation, the machine's time, any options."""

import json
import os
import subprocess
import sys
import threading

import httpx

KEYFOB = (sys.executable, "-m", "keyfob")
START_S = 30.0


class Served:
    """A running verifier, and what it says; from the `with` statement to its end.

    Args:
        directory: of its files; an installation that is there already is served.
        *options: of `keyfob serve`.
        **client: what its httpx client is told.
    """

    def __init__(self, directory, *options, **client):
        self.directory = directory
        self.environment = os.environ | {
            "KEYFOB_DATABASE_URL": f"sqlite:///{directory}/data/verifier.db",
            "KEYFOB_KEK": f"{directory}/keys/kek.key",
        }
        self.api_key = self.keyfob("init")["api_key"] if not (directory / "data").exists() else None
        self._out, self._err = directory / "serve.out", directory / "serve.err"
        with self._err.open("ab") as error:
            self.process = subprocess.Popen(
                [*KEYFOB, "serve", "--port", "0", *options],
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=error,
                text=True,
            )
        self.url = self._announced_url()
        headers = {} if self.api_key is None else {"Authorization": f"Bearer {self.api_key}"}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=30, **client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()
        self.process.terminate()
        rest, _ = self.process.communicate(timeout=30)
        self._out.write_text(self._said + rest)

    def keyfob(self, *arguments):
        """What a command prints as JSON, on the same installation."""
        ran = subprocess.run(
            [*KEYFOB, *arguments, "--json"], env=self.environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def output(self):
        """All that it wrote to standard output and standard error, once it has ended."""
        return self._out.read_text() + self._err.read_text()

    def _announced_url(self):
        impatience = threading.Timer(START_S, self.process.kill)
        impatience.start()
        self._said = self.process.stdout.readline()
        impatience.cancel()
        assert self._said, self._err.read_text()
        return self._said.split()[-1]
