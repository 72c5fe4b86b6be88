"""A verifier of one's own: a real process on a fresh test database, spoken to over HTTP."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from keyfob.errors import KeyfobError

START_S = 30.0
STOP_S = 10.0
_KEYFOB = (sys.executable, "-m", "keyfob")


class VerifierFailedError(KeyfobError):
    """The verifier process did not start, or answered as it should not."""

    code = "verifier-failed"

    def __init__(self, what: str) -> None:
        super().__init__(f"the verifier {what}")


class Installation:
    """A test installation in a directory: its database, and apart from it its key file.

    Args:
        directory: an empty one.
        database_url: where the database is; an SQLite file in the directory unless told otherwise.

    Attributes:
        environment: of the verifier's processes.
        log: what they write to standard error.
        api_key: the first one.

    Raises:
        VerifierFailedError: `keyfob init` failed.
    """

    def __init__(self, directory: Path, database_url: str | None = None) -> None:
        database = directory / "data" / "verifier.db"
        self.log = directory / "verifier.log"
        self.environment = os.environ | {
            "KEYFOB_DATABASE_URL": database_url or f"sqlite:///{database}",
            "KEYFOB_KEK": str(directory / "keys" / "kek.key"),
        }
        made = subprocess.run(  # noqa: S603  this very program
            [*_KEYFOB, "init", "--test", "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise VerifierFailedError(f"could not be initialised: {made.stderr.strip()}")
        self.api_key: str = json.loads(made.stdout)["api_key"]


class VerifierProcess:
    """`keyfob serve` with a test clock on a free loopback port, from the `with` statement to its end.

    Args:
        installation: what it serves.
        start: the Unix time that its clock stands at first.

    Raises:
        VerifierFailedError: it did not come up.
    """

    def __init__(self, installation: Installation, start: float) -> None:
        with installation.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  this very program
                [*_KEYFOB, "serve", "--port", "0", "--test-clock", repr(start)],
                env=installation.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.url = self._announced_url(installation.log)
        self.http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {installation.api_key}"},
            timeout=30.0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()
        self.stop()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def stop(self) -> None:
        """Ends the process, by force where it does not end by itself."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Ends the process as a crash would."""
        self._process.kill()
        self._process.communicate()

    def move_clock(self, to: float) -> None:
        """Moves the verifier's time on."""
        self._expect(200, self.http.put("/v1/test-clock", json={"now": to}))

    def enrol(self, **wanted: object) -> dict[str, Any]:
        """Enrols a token."""
        return self._expect(201, self.http.post("/v1/tokens", json=wanted))

    def activate(self, serial: str, code: str) -> str:
        """Activates a token; the answer."""
        return self._answer(self.http.post(f"/v1/tokens/{serial}/activate", json={"code": code}))

    def validate(self, serial: str, code: str) -> str:
        """Submits a code; the answer."""
        return self._answer(self.http.post("/v1/validate", json={"serial": serial, "code": code}))

    def resync(self, serial: str, first_code: str, second_code: str) -> str:
        """Submits two consecutive codes; the answer."""
        codes = {"first_code": first_code, "second_code": second_code}
        return self._answer(self.http.post(f"/v1/tokens/{serial}/resync", json=codes))

    def token(self, serial: str) -> dict[str, Any]:
        """A token's state."""
        return self._expect(200, self.http.get(f"/v1/tokens/{serial}"))

    def _answer(self, response: httpx.Response) -> str:
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return "retry-after"
        return str(self._expect(200, response)["answer"])

    def _expect(self, status: int, response: httpx.Response) -> dict[str, Any]:
        if response.status_code != status:
            raise VerifierFailedError(
                f"answered {response.status_code} where {status} was due: {response.text}"
            )
        answered: dict[str, Any] = response.json()
        return answered

    def _announced_url(self, log: Path) -> str:
        impatience = threading.Timer(START_S, self._process.kill)
        impatience.start()
        line = self._process.stdout.readline() if self._process.stdout else ""
        impatience.cancel()
        if not line:
            self._process.wait()
            raise VerifierFailedError(f"did not start: {log.read_text().strip()}")
        return line.split()[-1]
