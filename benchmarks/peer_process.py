"""Other people's servers, each installed in an environment of its own by `make peers`, served by gunicorn as it is."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parent / ".peers"


@dataclass(frozen=True)
class Peer:
    """A server that keyfob is compared with.

    Attributes:
        distribution: its name, and its environment's.
        application: the folder with its settings, `wsgi.py`, and `enrol.py`, which prints serials and hexadecimal seeds.
        setup: the commands that make its database and keys, each a program of its environment and arguments.
        variables: what its processes want in their environment.
    """

    distribution: str
    application: Path
    setup: tuple[tuple[str, ...], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def installed(self) -> bool:
        return self._program("gunicorn").exists()

    @property
    def version(self) -> str:
        """Of its distribution, as installed."""
        asked = f"from importlib.metadata import version; print(version({self.distribution!r}))"
        return self._output(Path.cwd(), "python", "-c", asked).strip()

    def set_up(self, directory: Path) -> None:
        """Makes an installation that keeps all it writes in the directory."""
        for program, *arguments in self.setup:
            self._output(directory, program, *arguments)

    def enrol(self, directory: Path, count: int, pin: str) -> dict[str, bytes]:
        """Makes so many tokens: the seeds by serial."""
        told = [pin] if pin else []
        printed = self._output(directory, "python", "enrol.py", str(count), *told)
        return {serial: bytes.fromhex(seed) for serial, seed in json.loads(printed).items()}

    @contextmanager
    def serve(self, directory: Path) -> Iterator[int]:
        """The port of gunicorn with its defaults: one worker, which answers one request after the other."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            command = [self._program("gunicorn"), "--bind", f"fd://{listener.fileno()}"]
            quiet = ["--log-level", "warning", "--no-control-socket"]
            process = subprocess.Popen(
                [*command, *quiet, "wsgi:application"],
                cwd=self.application,
                env=self._variables(directory),
                pass_fds=[listener.fileno()],
            )
        try:  # with the listener closed here, connections break where gunicorn could not start
            yield port
        finally:
            process.terminate()
            process.wait()

    def _output(self, directory: Path, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._program(program), *arguments],
            cwd=self.application,
            env=self._variables(directory),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.distribution}: {program} {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout

    def _variables(self, directory: Path) -> dict[str, str]:
        return {
            **os.environ,
            **self.variables,
            "PEER_DIRECTORY": str(directory),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _program(self, name: str) -> Path:
        return ENVIRONMENTS / self.distribution / "bin" / name


DJANGO_OTP = Peer(
    "django-otp",
    HERE / "peer_django_otp",
    variables={"DJANGO_SETTINGS_MODULE": "settings"},
)
PRIVACYIDEA = Peer(
    "privacyidea",
    HERE / "peer_privacyidea",
    setup=(
        ("pi-manage", "setup", "create_enckey"),
        ("pi-manage", "setup", "create_audit_keys"),
        ("pi-manage", "setup", "create_tables"),
    ),
    variables={"PRIVACYIDEA_CONFIGFILE": str(HERE / "peer_privacyidea" / "pi.cfg")},
)
