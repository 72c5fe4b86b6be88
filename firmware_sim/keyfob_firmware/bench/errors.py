"""What the bench refuses, with the HTTP status of each."""

from pathlib import Path
from typing import ClassVar

from keyfob_firmware.errors import FirmwareError


class BenchError(FirmwareError):
    """The root of the bench's errors."""

    code = "bench-error"
    status: ClassVar[int] = 500


class UnknownFobError(BenchError):
    """There is no fob of that serial on the bench."""

    code = "bench-fob-unknown"
    status = 404

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__("there is no fob of that serial on this bench: GET /v1/fobs lists them")


class SerialTakenError(BenchError):
    """A new fob was to have the serial of another."""

    code = "bench-serial-taken"
    status = 409

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"there is a fob {serial} on this bench already: choose another serial")


class UnauthorizedError(BenchError):
    """A request carries no API key, or another one."""

    code = "bench-unauthorized"
    status = 401

    def __init__(self) -> None:
        super().__init__("this bench wants its API key: send the header Authorization: Bearer KEY")


class ForeignPageError(BenchError):
    """A bench on loopback was asked by another name, or by a page of another site."""

    code = "bench-foreign-page"
    status = 403

    def __init__(self, header: str) -> None:
        self.header = header
        super().__init__(f"the header {header} is not this bench's own: ask it as http://127.0.0.1:PORT")


class InvalidApiKeyError(BenchError):
    """What was to be an API key is too easily guessed, or cannot stand in a header."""

    code = "bench-api-key-invalid"

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} holds no usable API key: {reason}")


class BenchFileError(BenchError):
    """The bench's file cannot be used as it is."""

    code = "bench-file"
    status = 503

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} {problem}")


class BenchFileInUseError(BenchFileError):
    """Another bench has the file open."""

    code = "bench-file-in-use"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is in use by another bench: stop that one, or name another file with --state")


class NotABenchFileError(BenchFileError):
    """The file is something else, or of a format that this keyfob does not know."""

    code = "not-a-bench-file"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is no bench's file, or a newer keyfob's; it was left as it is")


class BenchFileInaccessibleError(BenchFileError):
    """The system refuses to read or write the file."""

    code = "bench-file-inaccessible"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"cannot be read or written: {reason}")
