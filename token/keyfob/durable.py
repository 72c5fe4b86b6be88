"""Files that are whole or absent, whatever stops the program: mode 0600, on the disk on return."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path


def create_file(path: Path, content: bytes) -> None:
    """Writes a file that must not exist yet; it appears under its name complete.

    Raises:
        FileExistsError: there is one; it is left as it is.
        OSError: the system refuses.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file in place of another, if there is one: whoever reads sees the old or the new.

    Raises:
        OSError: the system refuses.
    """
    with _temporary(path) as temporary:
        temporary.write_bytes(content)
        _sync(temporary)
        temporary.replace(path)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a file beside `path` to be written by others; where the block ends well, it appears under its name.

    Raises:
        FileExistsError: there is one of that name; it is left as it is.
        OSError: the system refuses.
    """
    with _temporary(path) as temporary:
        yield temporary
        _sync(temporary)
        # a link, unlike a rename, fails when the name is taken
        path.hardlink_to(temporary)


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # people know this name
    os.close(descriptor)
    try:
        yield Path(name)
        _sync(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync(file: Path) -> None:
    """Returns once a file, or the names in a directory, are on the disk."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
