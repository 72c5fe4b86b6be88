"""Small files that are whole or absent, whatever stops the program: mode 0600, on the disk on return."""

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
    with _temporary(path, content) as temporary:
        # a link, unlike a rename, fails when the name is taken
        path.hardlink_to(temporary)


def replace_file(path: Path, content: bytes) -> None:
    """Writes a file in place of another, if there is one: whoever reads sees the old or the new.

    Raises:
        OSError: the system refuses.
    """
    with _temporary(path, content) as temporary:
        temporary.replace(path)


@contextlib.contextmanager
def _temporary(path: Path, content: bytes) -> Iterator[Path]:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # people know this name
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield Path(name)
        _sync_directory(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
