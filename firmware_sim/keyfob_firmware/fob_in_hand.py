"""A fob out of its file, for the commands that use it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keyfob.clock import Clock
from keyfob.seed import SealingKey
from keyfob_firmware.fob import Fob
from keyfob_firmware.fob_file import FobFolder
from keyfob_firmware.memory import Memory
from keyfob_firmware.places import existing_key
from keyfob_firmware.state import FobState
from keyfob_firmware.storage import Storage


def key_for(state: FobState, fob_key: Path, fob_dir: Path) -> SealingKey:
    """The key that a fob's secrets are sealed with; for a fob without any, one that nothing will be sealed with.

    Raises:
        KeyFileNotApartError: it lies with the fobs.
        KeyFileError: it is missing, exposed to others, damaged or inaccessible.
    """
    storage = Storage(Memory(state.memory))
    if storage.seed.empty and storage.pin.empty:
        return SealingKey.generate()
    return existing_key(fob_key, fob_dir)


@contextmanager
def in_hand(name: str, fob_dir: Path, fob_key: Path, clock: Clock) -> Iterator[Fob]:
    """A fob to use in a `with` block; kept at its end. Raises what `key_for` and `FobFolder.in_hand` raise."""
    folder = FobFolder(fob_dir)
    key = key_for(folder.read(name), fob_key, fob_dir)
    with folder.in_hand(name, key, clock) as fob:
        yield fob


def looked_at(state: FobState, clock: Clock) -> Fob:
    """A fob to look at without its secrets; what is done to it is not kept."""
    return Fob(state, SealingKey.generate(), clock)
