"""A sealing key in a file of its own, away from what it seals, which nobody but its owner can read.

The file is JSON, `{"format": "keyfob key", "version": 1, "key_id": …, "key": …}`, the key in base64.
"""

import base64
import json
import os
import stat
from pathlib import Path

from keyfob.durable import create_file
from keyfob.errors import KeyfobError
from keyfob.seed import SealingKey

_FORMAT = "keyfob key"
_VERSION = 1
_MAX_BYTES = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(KeyfobError):
    """A key file cannot be used, or not made, as things stand."""

    code = "key-file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        super().__init__(f"the key file {path} {problem}")


class KeyFileMissingError(KeyFileError):
    """There is no such key file."""

    code = "key-file-missing"

    def __init__(self, path: Path) -> None:
        super().__init__(
            path, "does not exist: restore it, or name the right one; only it opens what it sealed"
        )


class KeyFileExistsError(KeyFileError):
    """A key would have to replace one that may still be needed."""

    code = "key-file-exists"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "exists already and is kept: name another file for the new key")


class KeyFileExposedError(KeyFileError):
    """Others than its owner can read or change a key file."""

    code = "key-file-exposed"

    def __init__(self, path: Path, mode: int) -> None:
        self.mode = mode
        super().__init__(path, f"is open to other users (mode {mode:04o}): chmod 600 it")


class KeyFileNotApartError(KeyFileError):
    """A key would lie with what it seals, so that one copy of the directory gave both away."""

    code = "key-file-not-apart"

    def __init__(self, path: Path, sealed: Path) -> None:
        self.sealed = sealed
        super().__init__(path, f"would lie in {sealed}, with what it seals: choose another directory for it")


class KeyFileDamagedError(KeyFileError):
    """A key file was cut short or altered, or is something else."""

    code = "key-file-damaged"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "is damaged or no keyfob key: restore it from a copy; it was left as it is")


class KeyFileInaccessibleError(KeyFileError):
    """The system refuses to read or write a key file."""

    code = "key-file-inaccessible"

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(path, f"cannot be read or written: {reason}")


def create_key_file(path: Path, key: SealingKey, apart_from: Path | None) -> None:
    """Writes a key to a new file: mode 0600 from its first byte, whole or not at all, and on the disk on return.

    Args:
        path: the new file; its directory is made if need be, for its owner alone.
        key: what to write.
        apart_from: the directory of what the key seals; None if that lies in no directory.

    Raises:
        KeyFileNotApartError: the file would lie in `apart_from` or below it.
        KeyFileExistsError: there is such a file; it is left as it is.
        KeyFileInaccessibleError: the system refuses.
    """
    if apart_from is not None:
        require_apart(path, apart_from)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise KeyFileInaccessibleError(path, error.strerror or str(error)) from None
    try:
        create_file(path, _to_text(key).encode())
    except FileExistsError:
        raise KeyFileExistsError(path) from None
    except OSError as error:
        raise KeyFileInaccessibleError(path, error.strerror or str(error)) from None


def read_key_file(path: Path) -> SealingKey:
    """The key that `create_key_file` wrote.

    Raises:
        KeyFileMissingError: there is no such file.
        KeyFileExposedError: its mode lets others than its owner at it.
        KeyFileDamagedError: it is cut short, altered or something else.
        KeyFileInaccessibleError: the system refuses, or it is no regular file.
    """
    key = _from_text(_read_guarded(path))
    if key is None:
        raise KeyFileDamagedError(path)
    return key


def require_apart(path: Path, sealed: Path) -> None:
    """Refuses a key file in the directory of what it seals, or below, whatever links lead there.

    Raises:
        KeyFileNotApartError: it lies there.
    """
    if path.resolve().is_relative_to(sealed.resolve()):
        raise KeyFileNotApartError(path, sealed)


def _read_guarded(path: Path) -> bytes:
    try:
        # without O_NONBLOCK a pipe would make it wait for a writer
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyFileMissingError(path) from None
    except OSError as error:
        raise KeyFileInaccessibleError(path, error.strerror or str(error)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileInaccessibleError(path, "it is no regular file")
        if mode & _OTHERS:
            raise KeyFileExposedError(path, stat.S_IMODE(mode))
        return os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)


def _to_text(key: SealingKey) -> str:
    secret = base64.b64encode(key.reveal()).decode()
    return json.dumps({"format": _FORMAT, "version": _VERSION, "key_id": key.key_id, "key": secret})


def _from_text(text: bytes) -> SealingKey | None:
    """None where it is no key: an exception would hold the text, and be held by the next one as its context."""
    try:
        document = json.loads(text)
        if document["format"] != _FORMAT or document["version"] != _VERSION:
            return None
        return SealingKey(str(document["key_id"]), base64.b64decode(document["key"], validate=True))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
