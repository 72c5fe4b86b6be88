"""Every error that the simulated fob raises on purpose."""

from pathlib import Path

from keyfob.errors import KeyfobError


class FirmwareError(KeyfobError):
    """The root of the simulated fob's errors."""

    code = "firmware-error"


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


class InvalidDisplayError(FirmwareError, ValueError):
    """A display was to show, or to be drawn as, what it cannot."""

    code = "display-invalid"

    def __init__(self, field: str, found: object, allowed: str) -> None:
        self.field, self.found, self.allowed = field, found, allowed
        super().__init__(f"a display's {field} must be {allowed}, not {found}")


class UnshowableCharacterError(InvalidDisplayError):
    """Seven segments cannot show a character."""

    code = "display-character"

    def __init__(self, character: str) -> None:
        self.character = character
        super().__init__("cells", repr(character), "digits, letters A to Z, blanks, '-' and '_'")


class UnreadableDisplayError(FirmwareError):
    """An image is no picture of a display that keyfob drew."""

    code = "display-unreadable"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"no display to read: {reason}; hand in a PNG as keyfob draws it, not scaled or cropped"
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
            path, f"is of format version {found}, and this keyfob knows 1 to {known}: use a newer keyfob"
        )


class FobFileInaccessibleError(FobFileError):
    """The system refuses to read or write a fob's file."""

    code = "fob-file-inaccessible"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"cannot be read or written: {reason}")


class InvalidPinError(FirmwareError):
    """What was to be a PIN can be none, or not with so many attempts."""

    code = "fob-pin-invalid"

    def __init__(self) -> None:
        super().__init__("a PIN has 4 to 8 digits, and bears 1 to 15 wrong attempts")


class FuseBlownError(FirmwareError):
    """A fob whose programming fuse is blown was to be programmed, checked or reset."""

    code = "fob-fuse-blown"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"the programming fuse of fob {serial} is blown: what it holds stays in it; take another fob"
        )


class UnsuitableSuiteError(FirmwareError):
    """An OCRA suite needs what a fob does not have."""

    code = "fob-suite-unsuitable"

    def __init__(self, suite: str, reason: str) -> None:
        self.suite, self.reason = suite, reason
        super().__init__(f"a fob cannot answer by the suite {suite}: {reason}")


class NoCodeError(FirmwareError):
    """The button was pressed, and the display shows no code. What it shows instead stands in `state`."""

    code = "fob-shows-no-code"

    def __init__(self, serial: str, state: str, reason: str) -> None:
        self.serial, self.state = serial, state
        super().__init__(f"fob {serial} shows no code: {reason}")


class UnprovisionedError(NoCodeError):
    """It holds no seed."""

    code = "fob-unprovisioned"

    def __init__(self, serial: str) -> None:
        super().__init__(
            serial,
            "unprovisioned",
            "it holds no seed yet; scan the QR code that its verifier shows, then press",
        )


class PowerFailedError(FirmwareError):
    """A fob lost its power while it was being programmed."""

    code = "fob-power-failed"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"fob {serial} lost its power while it was written to, and holds nothing of that: program it again"
        )


class InvalidFobOptionError(FirmwareError, TypeError):
    """A test asked for a fob with options that do not exist or do not go together."""

    code = "fob-option"

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"no such fob: {problem}")


class NotTimeBasedError(FirmwareError):
    """What has to do with time steps was asked of a fob whose codes do not come from the time."""

    code = "fob-not-time-based"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(f"fob {serial} has no time steps: its codes come from a counter or a question")


class NoFreshCodeError(FirmwareError):
    """A fob's clock does not reach a time step that it has not used."""

    code = "fob-no-fresh-code"

    def __init__(self, serial: str) -> None:
        self.serial = serial
        super().__init__(
            f"fob {serial} comes to no new time step: its clock stands still, or falls back as fast as it runs"
        )


class TimeStandsStillError(FirmwareError):
    """Time was to pass by the machine's clock, and that was stopped."""

    code = "time-stands-still"

    def __init__(self) -> None:
        super().__init__(
            "no time passes: something froze the machine's clock; move it on there, or ask for the fixture virtual_time"
        )


class NoTimeTravelError(FirmwareError):
    """Nothing is installed that moves a process in time."""

    code = "time-travel-missing"

    def __init__(self) -> None:
        super().__init__("to move the application in time, install time-machine: pip install time-machine")


class UnknownFaultError(FirmwareError):
    """There is no fault of that name."""

    code = "fob-fault-unknown"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        super().__init__(f"there is no fault {name!r}: take one of {', '.join(known)}")


class InvalidFaultError(FirmwareError):
    """A fault was described with the wrong words. What it takes stands in `usage`."""

    code = "fob-fault-invalid"

    def __init__(self, problem: str, usage: str) -> None:
        self.problem, self.usage = problem, usage
        super().__init__(f"{problem}: write {usage}")


class NotATerminalError(FirmwareError):
    """What draws and reads keys was started without a terminal."""

    code = "not-a-terminal"

    def __init__(self) -> None:
        super().__init__(
            "watching a fob needs a terminal; elsewhere take `keyfob fob display` and `keyfob fob press`"
        )


class InputMissingError(FirmwareError):
    """Standard input was to give a line, and gave none that is text."""

    code = "input-missing"

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(f"standard input holds no {wanted}: give it on a line of its own")


class FleetFileError(FirmwareError):
    """A fleet's file cannot be used as it is. It was left so."""

    code = "fleet-file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"{path} {problem}")


class FleetMissingError(FleetFileError):
    """There is no such fleet file."""

    code = "fleet-missing"

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"does not exist: make it with `keyfob fob fleet new {path}`")


class FleetExistsError(FleetFileError):
    """A fleet, or its seed file, would have to replace what is there."""

    code = "fleet-exists"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "exists already and is kept: name another file")


class NotAFleetError(FleetFileError):
    """A file in a fleet's place is something else, or too damaged to tell."""

    code = "not-a-fleet"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is no fleet, or damaged: name another file, or restore it from a copy")


class FleetVersionError(FleetFileError):
    """A fleet's file is of a format that this keyfob does not know."""

    code = "fleet-version"

    def __init__(self, path: Path, found: int, known: int) -> None:
        self.found, self.known = found, known
        super().__init__(
            path, f"is of format version {found}, and this keyfob knows {known}: use a newer keyfob"
        )


class FleetInaccessibleError(FleetFileError):
    """The system refuses to read or write a fleet's file, or somebody else does not let go of it."""

    code = "fleet-inaccessible"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"cannot be read or written: {reason}")


class NotInFleetError(FleetFileError):
    """A fleet has no fob with that serial."""

    code = "fleet-serial-unknown"

    def __init__(self, path: Path, serial: str) -> None:
        self.serial = serial
        super().__init__(path, f"has no fob {serial!r}: `keyfob fob fleet list {path}` names them")


class NoSuchKeyError(FirmwareError):
    """A character was to be typed for which the keypad has no key."""

    code = "fob-no-such-key"

    def __init__(self) -> None:
        super().__init__("the keypad has the digits 0 to 9 and the letters A to Z: type no other character")


class UnprogrammableError(FirmwareError):
    """A fob was to be programmed that cannot take anything any more, or not now."""

    code = "fob-unprogrammable"

    def __init__(self, serial: str, reason: str) -> None:
        self.serial = serial
        super().__init__(f"fob {serial} takes no seed and no PIN: {reason}")
