"""Where the command line keeps fobs and, apart from them, the key that seals their seeds."""

from contextlib import suppress
from pathlib import Path

from platformdirs import user_config_path, user_data_path

from keyfob.key_file import (
    KeyFileExistsError,
    KeyFileMissingError,
    create_key_file,
    read_key_file,
    require_apart,
)
from keyfob.seed import SealingKey


def default_fob_dir() -> Path:
    """The directory of the user's fobs."""
    return user_data_path("keyfob", appauthor=False) / "fobs"


def default_fob_key() -> Path:
    """The file of the user's fob key."""
    return user_config_path("keyfob", appauthor=False) / "keys" / "fob.key"


def default_bench_file() -> Path:
    """The file of the user's bench."""
    return user_data_path("keyfob", appauthor=False) / "bench" / "bench.db"


def existing_key(key_file: Path, fob_dir: Path) -> SealingKey:
    """The key that is there.

    Raises:
        KeyFileNotApartError: it lies with the fobs.
        KeyFileError: it is missing, exposed to others, damaged or inaccessible.
    """
    require_apart(key_file, fob_dir)
    return read_key_file(key_file)


def ready_key(key_file: Path, fob_dir: Path) -> SealingKey:
    """The key that is there, or a new one in its place where there is none. Raises what `existing_key` raises."""
    with suppress(KeyFileMissingError):
        return existing_key(key_file, fob_dir)
    # if it exists now, somebody else was quicker
    with suppress(KeyFileExistsError):
        create_key_file(key_file, SealingKey.generate(), apart_from=fob_dir)
    return read_key_file(key_file)
