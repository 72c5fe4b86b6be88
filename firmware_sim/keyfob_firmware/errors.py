"""Every error that the simulated fob raises on purpose."""

from pathlib import Path

from keyfob.errors import KeyfobError


class FirmwareError(KeyfobError):
    """The root of the simulated fob's errors."""

    code = "firmware-error"


class UnprovisionedError(FirmwareError):
    """The button of a fob was pressed that holds no seed."""

    code = "fob-unprovisioned"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"fob {serial} holds no seed yet: scan the QR code that its verifier shows, then press"
        )


class AlreadyProvisionedError(FirmwareError):
    """A fob that holds a seed was to be given another."""

    code = "fob-already-provisioned"

    def __init__(self, serial: str, account: str) -> None:
        self.serial, self.account = serial, account
        super().__init__(
            f"fob {serial} holds a seed already, for {account}: reset it first to give it another"
        )


class ForeignFobKeyError(FirmwareError):
    """A fob's seed was sealed with another key than the one at hand."""

    code = "fob-key-foreign"

    def __init__(self, serial: str, needed: str, found: str) -> None:
        self.serial, self.needed, self.found = serial, needed, found
        super().__init__(
            f"the seed of fob {serial} is sealed with key {needed}, and this is key {found}: name the right one"
        )


class InvalidSerialError(FirmwareError):
    """A fob's serial number could not stand on its back."""

    code = "fob-serial-invalid"

    def __init__(self) -> None:
        super().__init__("a serial number is 1 to 64 printable characters without blanks")


class InvalidFobNameError(FirmwareError):
    """A fob's name would not do as a file's."""

    code = "fob-name-invalid"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name!r} is no name for a fob: 1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first",
        )


class FobMissingError(FirmwareError):
    """There is no fob of that name."""

    code = "fob-missing"

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        super().__init__(f"there is no fob {name!r} in {folder}: make it with `keyfob fob new {name}`")


class FobExistsError(FirmwareError):
    """A new fob was to take the name of another."""

    code = "fob-exists"

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        super().__init__(f"there is a fob {name!r} in {folder} already: choose another name")


class FobFileError(FirmwareError):
    """A fob's file cannot be used as it is. It was left so."""

    code = "fob-file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} {problem}")


class FobFileDamagedError(FobFileError):
    """A fob's file was cut short or altered."""

    code = "fob-file-damaged"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"is damaged ({reason}): restore it from a copy; it was left as it is")


class NotAFobFileError(FobFileError):
    """A file in a fob's place is something else."""

    code = "not-a-fob-file"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is no fob's file: move it away; it was left as it is")


class FobFileVersionError(FobFileError):
    """A fob's file is of a format that this keyfob does not know."""

    code = "fob-file-version"

    def __init__(self, path: Path, found: object, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(
            path, f"is of format version {found}, and this keyfob knows {known}: use a newer keyfob"
        )


class FobFileInaccessibleError(FobFileError):
    """The system refuses to read or write a fob's file."""

    code = "fob-file-inaccessible"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"cannot be read or written: {reason}")
