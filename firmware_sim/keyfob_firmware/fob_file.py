"""Fobs kept in files between runs: one file each, the seed in it sealed, the key elsewhere.

A file is JSON with its format and version first. It is replaced as a whole, under a lock on the folder, so that
whatever stops the program leaves the old fob or the new one, and two presses at once are two presses.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json

from keyfob.clock import Clock
from keyfob.durable import create_file, replace_file
from keyfob.errors import KeyfobError
from keyfob.seed import SealingKey
from keyfob_firmware.errors import (
    FobExistsError,
    FobFileDamagedError,
    FobFileError,
    FobFileInaccessibleError,
    FobFileVersionError,
    FobMissingError,
    InvalidFobNameError,
    NotAFobFileError,
)
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file_v1 import upgraded
from keyfob_firmware.state import FobState

SUFFIX = ".fob"
FORMAT: Final = "keyfob fob"
VERSION: Final = 2

_MAX_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class _Document(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, ser_json_bytes="base64", val_json_bytes="base64"
    )

    format: Literal["keyfob fob"]
    version: Literal[2]
    fob: FobState


class FobFolder:
    """The fobs in one directory, by name.

    Args:
        path: the directory; the first fob makes it, for its owner alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str) -> Path:
        """Where the fob of a name is kept.

        Raises:
            InvalidFobNameError: it would not do as a file's name.
        """
        if not _NAME.fullmatch(name):
            raise InvalidFobNameError(name)
        return self.path / f"{name}{SUFFIX}"

    def names(self) -> list[str]:
        """The names of all fobs, in order."""
        files = self.path.glob(f"*{SUFFIX}")
        return sorted(file.stem for file in files if _NAME.fullmatch(file.stem))

    def read(self, name: str) -> FobState:
        """A fob as it was last left.

        Raises:
            InvalidFobNameError: it would not do as a file's name.
            FobMissingError: there is none of that name.
            FobFileDamagedError: its file was cut short or altered.
            FobFileVersionError: its file is of another format version.
            NotAFobFileError: its file is something else.
            FobFileInaccessibleError: the system refuses.
        """
        path = self.file(name)
        with self._reporting(name), path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        return state_from_json(path, content)

    def require_free(self, name: str) -> None:
        """Lets through a name that a new fob can have.

        Raises:
            InvalidFobNameError: it would not do as a file's name.
            FobExistsError: it is taken.
        """
        if self.file(name).exists():
            raise FobExistsError(name, self.path)

    def add(self, name: str, state: FobState) -> None:
        """Keeps a new fob.

        Raises:
            InvalidFobNameError: it would not do as a file's name.
            FobExistsError: the name is taken; that fob is left as it is.
            FobFileInaccessibleError: the system refuses.
        """
        path = self.file(name)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FobFileInaccessibleError(self.path, error.strerror or str(error)) from None
        with self._reporting(name):
            create_file(path, state_to_json(state))

    @contextmanager
    def in_hand(self, name: str, key: SealingKey, clock: Clock) -> Iterator[Fob]:
        """A fob to use in a `with` block, which nobody else uses meanwhile; kept at its end if it changed.

        It is kept also if the block raises: a wrong PIN has been tried, whatever is done about it. Raises what `read`
        raises.
        """
        with self._alone(name):
            state = self.read(name)
            fob = Fob(state, key, clock)
            try:
                yield fob
            finally:
                if fob.state != state:
                    self._replace(name, fob.state)

    def keep(self, name: str, before: FobState, after: FobState) -> bool:
        """Keeps a fob that was worked on outside a `with` block, if its file still holds what that began with.

        Raises what `read` raises.
        """
        with self._alone(name):
            unchanged = self.read(name) == before
            if unchanged:
                self._replace(name, after)
        return unchanged

    def reset(self, name: str) -> None:
        """Makes a fob forget its seed. Raises what `read` raises."""
        with self._alone(name):
            self._replace(name, self.read(name).reset())

    def _replace(self, name: str, state: FobState) -> None:
        with self._reporting(name):
            replace_file(self.file(name), state_to_json(state))

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with self._reporting(name):
            # a file of its own, as a fob's own file is replaced under whoever waits for it
            descriptor = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _reporting(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise FobMissingError(name, self.path) from None
        except FileExistsError:
            raise FobExistsError(name, self.path) from None
        except OSError as error:
            raise FobFileInaccessibleError(self.file(name), error.strerror or str(error)) from None


def state_to_json(state: FobState) -> bytes:
    """A fob as its file holds it."""
    # nothing after the last brace: a file that lacks any of its bytes is no JSON
    return _Document(format=FORMAT, version=VERSION, fob=state).model_dump_json(indent=1).encode()


def state_from_json(path: Path, content: bytes) -> FobState:
    """The opposite of `state_to_json`; errors name the file that the content was read from.

    Raises:
        FobFileDamagedError: it was cut short or altered.
        FobFileVersionError: it is of another format version.
        NotAFobFileError: it is something else.
    """
    if len(content) > _MAX_BYTES:
        raise NotAFobFileError(path)
    try:
        header = from_json(content, allow_inf_nan=False)
    except ValueError:
        raise FobFileDamagedError(path, "cut short, or never a fob's") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise NotAFobFileError(path)
    try:
        if header.get("version") == 1:
            return upgraded(content)
        if header.get("version") != VERSION:
            raise FobFileVersionError(path, header.get("version"), VERSION)
        return _Document.model_validate_json(content).fob
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise FobFileDamagedError(path, f"at {where}") from None
    except FobFileError:
        raise
    except KeyfobError as error:
        raise FobFileDamagedError(path, str(error)) from None
